package import Chain
internal import ContractHost
internal import ContractKit
package import DataLake
internal import Primitives
internal import Synchronization
internal import Trading

/// Communities of the chain that a partner has to do with: it runs them, or their policy names it. Follows the host's log of
/// instances, each entry read once; rules never change, so a community that is passed over is passed over for good.
package final class CommunityDirectory: Sendable {
    /// Entries of the log that one call reads.
    package static let readsMax = 4_096

    private struct State {
        var next: UInt64 = 0
        var found: [Address] = []
    }

    private let partner: String
    private let state = Mutex(State())

    /// `partner` is this node's own.
    package init(partner: String) { self.partner = partner }

    /// Those of them that the partner has to do with now, in the order in which they were founded, and whether the log was read
    /// to its end. A policy of all validators names those of the view's set.
    package func communities(_ chain: ChainView) throws(StorageFailure) -> (addresses: [Address], isWhole: Bool) {
        let (views, isWhole) = try known(chain)
        return (views.filter { chain.mayHold($0, partner: partner) }.map(\.address), isWhole)
    }

    /// Those that the partner has or may have had to do with, ended ones too, in the order in which they were founded; nil while
    /// the log was not read to its end.
    package func views(_ chain: ChainView) throws(StorageFailure) -> [CommunityView]? {
        let (views, isWhole) = try known(chain)
        return isWhole ? views : nil
    }

    /// `views` as the lake asks for them.
    package var source: CommunitySource { { (chain) throws(StorageFailure) in try self.views(chain) } }

    private func known(_ chain: ChainView) throws(StorageFailure) -> (views: [CommunityView], isWhole: Bool) {
        let (found, isWhole) = try state.withLock { (state) throws(StorageFailure) in
            let isWhole = try follow(chain, &state)
            return (state.found, isWhole)
        }
        var views: [CommunityView] = []
        for address in found {
            // An older view than that of the last call may lack the newest.
            if let view = try chain.community(address) { views.append(view) }
        }
        return (views, isWhole)
    }

    /// Whether the log was read to its end.
    private func follow(_ chain: ChainView, _ state: inout State) throws(StorageFailure) -> Bool {
        for _ in 0..<CommunityDirectory.readsMax {
            guard let address = try CommunityDirectory.entry(state.next, chain) else { return true }
            // A view that does not have the instance yet cannot have its entry.
            if try isOwn(address, chain) { state.found.append(address) }
            state.next += 1
        }
        return false
    }

    private static func entry(_ position: UInt64, _ chain: ChainView) throws(StorageFailure) -> Address? {
        guard let bytes = try chain.state.value(HostState.instanceLog.stateKey(position, at: WellKnown.host)) else {
            return nil
        }
        do { return try Address(bcs: bytes) } catch {
            throw StorageFailure("entry \(position) of the log of instances does not decode: \(error)")
        }
    }

    private func isOwn(_ address: Address, _ chain: ChainView) throws(StorageFailure) -> Bool {
        let record = try chain.read(HostState.instances, address, of: WellKnown.host)
        guard record?.contract == Community.name, let view = try chain.community(address) else { return false }
        let attesters = view.rules.attestation.attesters
        return view.head.administrator == partner || attesters.isEmpty || attesters.contains(partner)
    }
}
