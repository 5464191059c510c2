package import Chain
package import LedgerState
internal import NIOConcurrencyHelpers
package import Primitives

/// States that readers hold for longer than a call: pruning stops below the oldest of them. Thread-safe.
final class StateLeases: Sendable {
    private let counts = NIOLockedValueBox<[Height: Int]>([:])

    func take(_ version: Height) { counts.withLockedValue { $0[version, default: 0] += 1 } }

    func release(_ version: Height) {
        counts.withLockedValue { counts in
            let rest = counts[version, default: 0] - 1
            counts[version] = rest > 0 ? rest : nil
        }
    }

    /// Nil when nobody holds any.
    var oldest: Height? { counts.withLockedValue { $0.keys.min() } }
}

/// A state that stays readable for as long as this lives, whatever is checkpointed or pruned meanwhile.
package final class LeasedState: StateReader, Sendable {
    private let snapshot: StateSnapshot
    private let leases: StateLeases

    init(_ snapshot: StateSnapshot, leases: StateLeases) {
        self.snapshot = snapshot
        self.leases = leases
        leases.take(snapshot.version)
    }

    deinit { leases.release(snapshot.version) }

    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try snapshot.value(key) }
    package func values(_ keys: [[UInt8]]) throws(StorageFailure) -> [[UInt8]?] { try snapshot.values(keys) }
    /// As `StateSnapshot.leaves`.
    package func leaves(after: Digest?, limit: Int) throws(StorageFailure) -> [StateLeaf] {
        try snapshot.leaves(after: after, limit: limit)
    }
}
