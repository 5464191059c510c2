internal import NIOConcurrencyHelpers
internal import NIOCore

/// The timer of one call that waits; who got an answer cancels it, so that none lies around until its time.
final class WaitTimer: Sendable {
    private let scheduled = NIOLockedValueBox<Scheduled<Void>?>(nil)

    func set(_ timer: Scheduled<Void>) { scheduled.withLockedValue { $0 = timer } }
    func cancel() { scheduled.withLockedValue { $0 }?.cancel() }
}
