internal import Consensus
internal import Glibc
internal import Primitives

/// The node's clocks: the one place where the ledger's time comes from.
enum Clock {
    static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }

    static var monotonicNanoseconds: UInt64 { nanoseconds(CLOCK_MONOTONIC) }
    static var monotonicMilliseconds: UInt64 { monotonicNanoseconds / 1_000_000 }

    static var now: Instant {
        Instant(monotonic: monotonicMilliseconds, wall: Timestamp(nanoseconds(CLOCK_REALTIME) / 1_000_000))
    }
}
