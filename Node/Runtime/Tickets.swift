internal import NIOConcurrencyHelpers
internal import Replica

/// Submissions that the replica has not answered yet.
final class Tickets: Sendable {
    typealias Answer = [TransactionRefusal?]

    private struct State {
        var next: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Answer?, Never>] = [:]
        /// Transactions in signature check or waiting for the replica.
        var inFlight = 0
        var isClosed = false
    }

    private let state = NIOLockedValueBox(State())

    /// Reserves room for `count` transactions; false when too many are under way.
    func reserve(_ count: Int, max: Int) -> Bool {
        state.withLockedValue { state in
            guard !state.isClosed, state.inFlight + count <= max else { return false }
            state.inFlight += count
            return true
        }
    }

    func release(_ count: Int) { state.withLockedValue { $0.inFlight -= count } }

    /// Registers the wait for an answer and gives its number to `post`.
    func wait(_ continuation: CheckedContinuation<Answer?, Never>, post: (UInt64) -> Void) {
        let ticket = state.withLockedValue { state -> UInt64? in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.waiting[state.next] = continuation
            return state.next
        }
        guard let ticket else { return continuation.resume(returning: nil) }
        post(ticket)
    }

    func answer(_ ticket: UInt64, _ answer: Answer) {
        state.withLockedValue { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: answer)
    }

    /// Answers all with nil, at shutdown.
    func abandon() {
        let waiting = state.withLockedValue { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: nil) }
    }
}
