internal import Chain
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica

/// Digests of transactions whose signatures were lately found right, so that the same bytes, which come by gossip from
/// several peers and again in a proposal, are checked once. Two generations of at most `countMax`.
final class SeenSignatures: Sendable {
    private static let countMax = 65_536

    private struct Generations {
        var young: Set<Digest> = []
        var old: Set<Digest> = []
    }

    private let box = NIOLockedValueBox(Generations())

    func insert(_ digests: [Digest]) {
        box.withLockedValue { generations in
            for digest in digests { generations.young.insert(digest) }
            guard generations.young.count >= SeenSignatures.countMax else { return }
            generations.old = generations.young
            generations.young = []
        }
    }

    /// The transactions that are not known to be signed rightly.
    func unknown(_ transactions: [Transaction]) -> [Transaction] {
        box.withLockedValue { generations in
            transactions.filter { !generations.young.contains($0.digest) && !generations.old.contains($0.digest) }
        }
    }
}
