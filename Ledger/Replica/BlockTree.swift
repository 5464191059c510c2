internal import Chain
internal import LedgerState
internal import Primitives

/// A block that this node executed and found right, with what came out.
struct ExecutedBlock: Sendable {
    let block: Block
    let bytes: [UInt8]
    /// The state after it.
    var state: StateSnapshot
    let receipts: [Receipt]
    /// BCS of `StoredReceipts`.
    let receiptBytes: [UInt8]
    /// The set that certifies its children when it closes its epoch.
    let nextValidators: ValidatorSet?
    /// Signed digests of its transactions.
    let signed: Set<Digest>
    /// Places of its transactions, by digest.
    let places: [Digest: UInt32]
    /// Journal record of its body.
    let journalSequence: UInt64
    /// Whether its transactions count as used in the pool: not while its view is known to be nullified.
    var isUsing = true

    var header: BlockHeader { block.header }

    static func places(in block: Block) -> [Digest: UInt32] {
        var places: [Digest: UInt32] = [:]
        places.reserveCapacity(block.transactions.count)
        for (index, transaction) in block.transactions.enumerated() {
            places[transaction.digest] = UInt32(clamping: index)
        }
        return places
    }
}

/// Executed blocks above the newest final one: small, because it is cut at every finalization.
///
/// Invariant: `order` lists the keys of `blocks` in the order of insertion, so parents come before children.
struct BlockTree: Sendable {
    /// Blocks above which those of failed views are dropped, oldest first. One that a quorum wants after all is fetched
    /// and executed again.
    static let countMax = 256

    private(set) var blocks: [Digest: ExecutedBlock] = [:]
    private(set) var order: [Digest] = []

    var count: Int { order.count }
    subscript(_ digest: Digest) -> ExecutedBlock? { blocks[digest] }

    mutating func insert(_ executed: ExecutedBlock) {
        if blocks.updateValue(executed, forKey: executed.block.digest) == nil { order.append(executed.block.digest) }
    }

    mutating func setUsing(_ digest: Digest, _ isUsing: Bool) { blocks[digest]?.isUsing = isUsing }

    /// The blocks from above `root` to `digest`, ascending; nil when `digest` does not descend from `root` here.
    func path(to digest: Digest, from root: Digest) -> [Digest]? {
        var path: [Digest] = []
        var at = digest
        while at != root {
            guard let executed = blocks[at] else { return nil }
            path.append(at)
            at = executed.header.parent
        }
        return path.reversed()
    }

    /// Makes `root` the root: removes it and all that does not descend from it. Returns what was removed beside `root`.
    mutating func cut(to root: Digest) -> [ExecutedBlock] {
        var alive: Set<Digest> = [root]
        var kept: [Digest] = []
        var removed: [ExecutedBlock] = []
        for digest in order {
            guard let executed = blocks[digest] else { continue }
            if alive.contains(executed.header.parent) {
                alive.insert(digest)
                kept.append(digest)
            } else {
                blocks[digest] = nil
                if digest != root { removed.append(executed) }
            }
        }
        order = kept
        return removed
    }

    /// Removes the oldest blocks of failed views that nothing builds on, until `countMax` is kept or none is left.
    mutating func dropAbandoned() {
        guard count > BlockTree.countMax else { return }
        let parents = Set(order.compactMap { blocks[$0]?.header.parent })
        var excess = count - BlockTree.countMax
        order.removeAll { digest in
            guard excess > 0, !parents.contains(digest), blocks[digest]?.isUsing == false else { return false }
            blocks[digest] = nil
            excess -= 1
            return true
        }
    }

    /// Replaces every state by what `body` makes of it; a block for which it gives nil is removed.
    mutating func mapStates(_ body: (StateSnapshot) -> StateSnapshot?) {
        for digest in order {
            guard let state = blocks[digest]?.state else { continue }
            if let mapped = body(state) { blocks[digest]?.state = mapped } else { blocks[digest] = nil }
        }
        order.removeAll { blocks[$0] == nil }
    }
}
