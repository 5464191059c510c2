internal import NIOConcurrencyHelpers
package import Primitives

/// States that peers are taking over: pruning leaves them alone until the transfer is over, so that a slow one need not
/// begin anew. One per peer, bounded in number and time, so that no peer can keep old states here for ever. Thread-safe.
package final class ServingLeases: Sendable {
    /// Peers that hold a state at once; others are served without a lease.
    package static let peersMax = 4
    /// After the last part that was asked for.
    package static let idleMillisecondsMax: UInt64 = 60_000
    /// From a peer's first lease, whatever versions it asks for. Some 40 GB at a MB per second and a half.
    package static let heldMillisecondsMax: UInt64 = 3_600_000

    private struct Lease {
        var version: Height
        let since: UInt64
        var usedAt: UInt64
        /// A peer that has had its time gets no lease until it has been silent.
        func isOver(_ now: UInt64) -> Bool { now > usedAt + idleMillisecondsMax }
        func holds(_ now: UInt64) -> Bool { !isOver(now) && now <= since + heldMillisecondsMax }
    }

    private let leases = NIOLockedValueBox<[Digest: Lease]>([:])

    package init() {}

    /// A peer asked for a part of a state. `now` is monotonic milliseconds.
    package func used(_ version: Height, by peer: Digest, at now: UInt64) {
        leases.withLockedValue { leases in
            leases = leases.filter { !$0.value.isOver(now) }
            if leases[peer] != nil {
                leases[peer]?.version = version
                leases[peer]?.usedAt = now
            } else if leases.count < ServingLeases.peersMax {
                leases[peer] = Lease(version: version, since: now, usedAt: now)
            }
        }
    }

    /// The oldest state that a peer is taking over, nil when none is.
    package func oldest(at now: UInt64) -> Height? {
        leases.withLockedValue { $0.values.filter { $0.holds(now) }.map(\.version).min() }
    }
}
