package import Primitives
internal import Synchronization

/// Digests of the settlements that this node computed lately for its own partner: it need not compute them again to
/// attest them. Bounded; the oldest are computed again.
package final class ComputedSettlements: Sendable {
    private static let countMax = 64
    private let digests = Mutex<[Digest]>([])

    init() {}

    package func add(_ record: Digest) {
        digests.withLock { $0 = ($0 + [record]).suffix(ComputedSettlements.countMax) }
    }

    package func contains(_ record: Digest) -> Bool { digests.withLock { $0.contains(record) } }
}
