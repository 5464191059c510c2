internal import Primitives
internal import Synchronization

/// Transactions that this node's pool has taken, so that a question about one of them before it is final is answered
/// with "pending" and not with "unknown". Bounded: two generations of at most `generationMax`, the older one forgotten.
final class SubmittedDigests: Sendable {
    static let generationMax = 131_072

    private struct Generations {
        var young: Set<Digest> = []
        var old: Set<Digest> = []
    }

    private let state = Mutex(Generations())

    func insert(_ digests: [Digest]) {
        state.withLock { state in
            if state.young.count + digests.count > SubmittedDigests.generationMax {
                state.old = state.young
                state.young = []
            }
            state.young.formUnion(digests)
        }
    }

    func contains(_ digest: Digest) -> Bool {
        state.withLock { $0.young.contains(digest) || $0.old.contains(digest) }
    }
}
