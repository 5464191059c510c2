internal import NIOConcurrencyHelpers
internal import NIOCore

/// What ends a call that waits before its answer is there: its time, or that its task is cancelled.
final class WaitEnd: Sendable {
    private struct State {
        var timer: Scheduled<Void>?
        var end: (@Sendable () -> Void)?
        var isCancelled = false
    }

    private let state = NIOLockedValueBox(State())

    /// `end` makes the call return; it may be called when there is an answer already. Once, after `timer` is scheduled.
    func arm(_ timer: Scheduled<Void>, _ end: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLockedValue { state in
            state.timer = timer
            state.end = end
            return state.isCancelled
        }
        if isCancelled { end() }
    }

    /// The task that waits is cancelled, perhaps before it began to wait.
    func cancel() {
        let end = state.withLockedValue { state in
            state.isCancelled = true
            return state.end
        }
        end?()
    }

    /// The call has returned: no timer lies around until its time.
    func disarm() {
        state.withLockedValue { state in
            defer { state.end = nil }
            return state.timer
        }?.cancel()
    }
}
