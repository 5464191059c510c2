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

    private struct Ends {
        /// The first one's epoch.
        var first: UInt64 = 0
        /// In order; at most as many as a bundle carries.
        var ends: [ProofBundle.EpochEnd] = []
        var next: UInt64 { first + UInt64(ends.count) }
    }

    private let nodes = Mutex(Nodes())
    private let ends = Mutex(Ends())

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

    /// The ends of the epochs from `first` on and before `epoch`, at most `ProofBundle.epochEndsMax` of them; `read` gives what
    /// is not kept yet.
    func epochEnds(
        from first: Epoch, to epoch: Epoch, _ read: (Epoch) throws(StorageFailure) -> ProofBundle.EpochEnd
    ) throws(StorageFailure) -> [ProofBundle.EpochEnd] {
        guard first < epoch else { return [] }
        let kept = ends.withLock { $0 }
        var made: [ProofBundle.EpochEnd] = []
        made.reserveCapacity(Int(epoch.value - first.value))
        for number in first.value..<epoch.value {
            let isKept = number >= kept.first && number < kept.next
            made.append(isKept ? kept.ends[Int(number - kept.first)] : try read(Epoch(number)))
        }
        let found = made
        ends.withLock { ProofParts.add(found, from: first.value, to: &$0) }
        return made
    }

    /// Carries on what is kept where it can, since the newest ones are asked for again; else the longer run stays.
    private static func add(_ made: [ProofBundle.EpochEnd], from first: UInt64, to kept: inout Ends) {
        if first >= kept.first, first <= kept.next, !kept.ends.isEmpty {
            let known = Int(kept.next - first)
            guard known < made.count else { return }
            kept.ends += made[known...]
            let excess = max(0, kept.ends.count - ProofBundle.epochEndsMax)
            kept.ends.removeFirst(excess)
            kept.first += UInt64(excess)
        } else if made.count >= kept.ends.count {
            kept = Ends(first: first, ends: made)
        }
    }
}
