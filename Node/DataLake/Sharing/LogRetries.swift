internal import Agreements
internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization

/// Batches of the access log that the chain refused for now, such as by a quota, and when each may be sent again: after
/// pauses that double. In memory: a node that starts again tries at once.
final class LogRetries: Sendable {
    /// Batches that are looked at, and that are sent, in one round.
    static let pendingMax = 4_096
    static let sentMax = 64
    static let firstPauseMilliseconds: UInt64 = 20_000
    static let pauseMillisecondsMax: UInt64 = 3_600_000

    /// Refusals that no later block takes back: 304, 320, 334, 335 and 336 of Agreements. Its others pass: a partner may be
    /// named as storage again, and so do those of the host: quotas, roles, suspensions, releases.
    private static let final: Set<UInt16> = Set(
        [
            Agreements.dataSetUnknown, Agreements.agreementUnknown, Agreements.logEmpty, Agreements.logOutside,
            Agreements.logOverlaps,
        ].map(\.code))

    static func isFinal(_ rejection: Rejection) -> Bool { final.contains(rejection.code) }

    private let waiting = Mutex<[Int64: (pause: UInt64, until: Timestamp)]>([:])

    func isWaiting(_ batch: Int64, _ now: Timestamp) -> Bool {
        waiting.withLock { $0[batch].map { now < $0.until } ?? false }
    }

    /// Has a batch wait; for how many milliseconds.
    func refused(_ batch: Int64, _ now: Timestamp) -> UInt64 {
        waiting.withLock { waiting in
            let pause = waiting[batch].map { min($0.pause * 2, LogRetries.pauseMillisecondsMax) }
            let next = pause ?? LogRetries.firstPauseMilliseconds
            waiting[batch] = (next, now.adding(milliseconds: next))
            return next
        }
    }

    func decided(_ batch: Int64) { waiting.withLock { $0[batch] = nil } }
}
