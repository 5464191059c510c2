package import Chain
internal import ContractHost
internal import ContractKit
package import DataLake
internal import Primitives
internal import Trading

/// Communities of the chain that a partner has to do with: it runs them, or their policy names it. Follows the host's log of
/// instances, each entry read once; rules never change, so a community that is passed over is passed over for good.
package actor CommunityDirectory {
    /// Entries of the log that one call reads.
    package static let readsMax = 4_096

    private let partner: String
    private var next: UInt64 = 0
    private var found: [Address] = []

    /// `partner` is this node's own.
    package init(partner: String) { self.partner = partner }

    /// Those of them that the partner has to do with now, in the order in which they were founded, and whether the log was read
    /// to its end. A policy of all validators names those of the view's set.
    package func communities(_ chain: ChainView) throws(StorageFailure) -> (addresses: [Address], isWhole: Bool) {
        var reads = 0
        var isWhole = false
        while reads < CommunityDirectory.readsMax {
            guard let address = try CommunityDirectory.entry(next, chain) else {
                isWhole = true
                break
            }
            // A view that does not have the instance yet cannot have its entry.
            if try isOwn(address, chain) { found.append(address) }
            next += 1
            reads += 1
        }
        var addresses: [Address] = []
        for address in found {
            // An older view than that of the last call may lack the newest.
            if let view = try chain.community(address), chain.mayHold(view, partner: partner) {
                addresses.append(address)
            }
        }
        return (addresses, isWhole)
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
