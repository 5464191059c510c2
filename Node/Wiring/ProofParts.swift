internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives
internal import Synchronization

/// What proof bundles have in common, kept so that it is read and hashed once. Nothing in it can ever change.
final class ProofParts: NodeDigestMemory {
    /// 4 MB; the oldest go.
    private static let nodesMax = 4_096

    private struct Nodes {
        var digests: [Digest: NodeDigests] = [:]
        /// A ring: where the next one goes, the oldest stands.
        var order: [Digest] = []
        var next = 0
    }

    private let nodes = Mutex(Nodes())
    /// Those of epochs 1, 2, … in order; at most as many as a bundle carries.
    private let ends = Mutex<[ProofBundle.EpochEnd]>([])

    subscript(_ node: Digest) -> NodeDigests? { nodes.withLock { $0.digests[node] } }

    func keep(_ digests: NodeDigests, of node: Digest) {
        nodes.withLock { nodes in
            guard nodes.digests.updateValue(digests, forKey: node) == nil else { return }
            guard nodes.order.count == ProofParts.nodesMax else { return nodes.order.append(node) }
            nodes.digests[nodes.order[nodes.next]] = nil
            nodes.order[nodes.next] = node
            nodes.next = (nodes.next + 1) % ProofParts.nodesMax
        }
    }

    /// The ends of all epochs before `epoch`; `read` gives what is not kept yet, by the epoch that follows.
    func epochEnds(
        to epoch: Epoch, _ read: (Epoch) throws(StorageFailure) -> ProofBundle.EpochEnd
    ) throws(StorageFailure) -> [ProofBundle.EpochEnd] {
        var known = ends.withLock { $0 }
        if UInt64(known.count) == epoch.value { return known }
        if UInt64(known.count) > epoch.value { return Array(known.prefix(Int(epoch.value))) }
        while UInt64(known.count) < epoch.value { known.append(try read(Epoch(UInt64(known.count) + 1))) }
        let made = known
        ends.withLock { if made.count > $0.count, made.count <= ProofBundle.epochEndsMax { $0 = made } }
        return made
    }
}
