internal import Foundation
internal import Replica
internal import Transport

/// Something for the replica's thread. A peer's message keeps its read credit, so that a link is not read further
/// while its messages wait here: that bounds the mailbox.
enum Mail: Sendable {
    case event(ReplicaEvent)
    case received(ReceivedMessage)
    case gossip([SignedTransaction], ReceivedMessage)
}

/// The replica thread's queue: consensus and durability first, admission of transactions after it.
final class Mailbox: @unchecked Sendable {
    /// Admission events taken between two looks at the urgent queue.
    private static let bulkTakenMax = 4

    private let condition = NSCondition()
    private var urgent: [Mail] = []
    private var bulk: [Mail] = []
    private var isClosed = false

    func post(_ mail: Mail, isUrgent: Bool) {
        condition.withLock {
            guard !isClosed else { return }
            if isUrgent { urgent.append(mail) } else { bulk.append(mail) }
            condition.signal()
        }
    }

    /// Everything urgent and some admission work; waits until there is something, or until `deadline` (monotonic
    /// milliseconds, nil waits without end). Nil when the mailbox is closed.
    func take(until deadline: UInt64?) -> [Mail]? {
        condition.withLock {
            while urgent.isEmpty && bulk.isEmpty && !isClosed {
                guard let deadline else {
                    condition.wait()
                    continue
                }
                let now = Clock.monotonicMilliseconds()
                guard deadline > now else { return [] }
                _ = condition.wait(until: Date(timeIntervalSinceNow: Double(deadline - now) / 1000))
            }
            if isClosed { return nil }
            var taken = urgent
            urgent = []
            let some = min(bulk.count, Mailbox.bulkTakenMax)
            taken += bulk[..<some]
            bulk.removeFirst(some)
            return taken
        }
    }

    func close() {
        condition.withLock {
            isClosed = true
            urgent = []
            bulk = []
            condition.broadcast()
        }
    }

    var waiting: Int { condition.withLock { urgent.count + bulk.count } }
}

/// The two clocks of a node.
enum Clock {
    static func monotonicMilliseconds() -> UInt64 { microseconds(CLOCK_MONOTONIC) / 1000 }
    static func monotonicMicroseconds() -> UInt64 { microseconds(CLOCK_MONOTONIC) }
    static func wallMilliseconds() -> UInt64 { microseconds(CLOCK_REALTIME) / 1000 }

    private static func microseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000 + UInt64(max(0, time.tv_nsec)) / 1000
    }
}
