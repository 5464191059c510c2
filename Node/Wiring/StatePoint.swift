internal import Chain
internal import LedgerState
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import Replica

/// A final state that can be read, with the header that names its root.
struct StatePoint {
    let header: BlockHeader
    let state: StateSnapshot
    /// The block's own; nil before the first block, or while only a descendant is certified.
    let finalization: Certificate?

    /// The newest one.
    init(newestOf view: ChainView) {
        header = view.tip
        state = view.state
        finalization = view.finalization
    }

    private init(_ header: BlockHeader, _ state: StateSnapshot, _ finalization: Certificate?) {
        self.header = header
        self.state = state
        self.finalization = finalization
    }

    /// The newest one at most at `height` that is kept; nil when all of those were pruned.
    static func at(_ height: Height, _ view: ChainView) throws(StorageFailure) -> StatePoint? {
        if height >= view.tip.height { return StatePoint(newestOf: view) }
        let recent = view.recent.last { $0.height <= height && $0.finalization.digest == $0.block.digest }
        if let recent { return StatePoint(recent.block.header, recent.state, recent.finalization) }
        guard let version = try StateSnapshot.newestStored(view.reader, atMost: height),
            let state = try StateSnapshot.historic(view.reader, at: version)
        else { return nil }
        guard let header = try view.header(at: version) else {
            throw StorageFailure("the header of block \(version) is missing")
        }
        return StatePoint(header, state, try view.finalization(at: version))
    }
}

extension RuntimeService {
    /// Reads the newest state, or an older one.
    func read<Value>(
        at height: Height?, _ body: (StatePoint, ChainView) throws(StorageFailure) -> Value
    ) throws(ServiceFailure) -> Value {
        guard let height else {
            return try read { (view) throws(StorageFailure) in try body(StatePoint(newestOf: view), view) }
        }
        let found: Value?
        let oldest: Height?
        do throws(StorageFailure) {
            let view = node.view
            found = try RuntimeService.read(at: height, view, body)
            oldest = found == nil ? try StateSnapshot.oldestStored(view.reader) : nil
        } catch {
            throw .storage(error)
        }
        if let found { return found }
        let kept = oldest.map { "This node keeps states from block \($0) on" } ?? "This node keeps no state so old"
        throw .pruned(
            "\(kept); that of block \(height) was removed (setting keep-states). Ask for a newer height, or ask a node that keeps more."
        )
    }

    /// Nil when the state was pruned, perhaps while it was read: roots go before what they lead to.
    private static func read<Value>(
        at height: Height, _ view: ChainView, _ body: (StatePoint, ChainView) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value? {
        guard let point = try StatePoint.at(height, view) else { return nil }
        do throws(StorageFailure) {
            return try body(point, view)
        } catch {
            if try StatePoint.at(height, view)?.header.height != point.header.height { return nil }
            throw error
        }
    }
}
