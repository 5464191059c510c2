internal import Chain
package import Consensus
package import LedgerCrypto
package import Primitives
package import Replica

/// One machine of the network: its disk, its clock, its process when it runs. A class, so that nothing of it is copied
/// to be looked at; one simulation runs on one thread.
package final class SimulatedNode: @unchecked Sendable {
    package let number: Int
    package let peer: PeerID
    package var keyGeneration = 0
    /// Followers that never join have none.
    package var key: Secp256k1.SecretKey?
    package var disk = SimulatedDisk()
    package var clock = SimulatedClock()
    package var replica: Replica?
    /// Counts the runs of the process: what belongs to an earlier one is void.
    package var incarnation = 0
    /// The operator tells the next start that the journal is not to be trusted.
    package var journalLost = false
    package var actor: (any ByzantineActor)?
    /// The wish for a tick that counts; earlier ones are void.
    package var wakeNumber = 0
    package var isFlushing = false
    package var diskFactor: UInt64 = 1
    package var storeBusyUntil: UInt64 = 0
    /// Its disk was wiped or replaced by a backup.
    package var hasLostDisk = false
    package var backup: SimulatedDisk.Backup?
    /// Peers that it has a link to, by node number.
    package var links: Set<Int> = []
    /// Peers that this run of the process does not link to, and until when.
    package var shunned: [PeerID: UInt64] = [:]
    package var height = Height(0)
    /// Height of the last block that this run of its process reported as final.
    package var lastReported: Height?
    package var halted: String?
    /// Its stored state was damaged on purpose.
    package var isDiverging = false

    package init(number: Int, peer: PeerID) {
        self.number = number
        self.peer = peer
    }

    package var isUp: Bool { replica != nil }
    package var isHonest: Bool { actor == nil && !isDiverging }
}

/// Turns simulated time into what a node's clocks show.
package struct SimulatedClock: Sendable, Hashable {
    /// Origin of the monotonic clock, in milliseconds; another one after each start of the process.
    package var origin: UInt64 = 1_000
    /// The monotonic clock runs so many parts of a thousand too fast (or slow).
    package var driftPerMille: Int64 = 0
    /// The wall clock is ahead by so much.
    package var skewMilliseconds: Int64 = 0

    package init() {}

    /// `time` in simulated microseconds; `start` is the wall clock's time at 0, in milliseconds.
    package func instant(_ time: UInt64, start: Timestamp) -> Instant {
        let wall = Int64(clamping: start.milliseconds + time / 1_000) + skewMilliseconds
        return Instant(
            monotonic: origin + time * UInt64(1_000 + driftPerMille) / 1_000_000,
            wall: Timestamp(UInt64(max(0, wall))))
    }

    /// The first simulated microsecond at which the monotonic clock shows at least `milliseconds`.
    package func time(ofMonotonic milliseconds: UInt64) -> UInt64 {
        let rate = UInt64(1_000 + driftPerMille)
        let elapsed = milliseconds > origin ? milliseconds - origin : 0
        // Far wishes ("never") stay far without overflow.
        guard elapsed < 1 << 40 else { return 1 << 60 }
        return (elapsed * 1_000_000 + rate - 1) / rate
    }
}
