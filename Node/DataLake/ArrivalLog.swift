internal import Synchronization

/// Batches that came into a lake since it was opened, in their order, for whoever works on new readings. Bounded: a reader
/// that falls too far behind learns that and looks at everything again.
package final class ArrivalLog: Sendable {
    package static let entriesMax = 65_536

    private struct State {
        var entries: [BatchEntry] = []
        /// Number of the first entry that is kept; the first of all has number 0.
        var first: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func note(_ entry: BatchEntry) {
        state.withLock { state in
            if state.entries.count >= ArrivalLog.entriesMax {
                state.entries.removeFirst(ArrivalLog.entriesMax / 2)
                state.first += UInt64(ArrivalLog.entriesMax / 2)
            }
            state.entries.append(entry)
        }
    }

    /// Something changed that no entry tells: every reader looks at everything again.
    func startAnew() {
        state.withLock { state in
            state.first += UInt64(state.entries.count) + 1
            state.entries = []
        }
    }

    /// Number that the next entry gets.
    package var next: UInt64 { state.withLock { $0.first + UInt64($0.entries.count) } }

    /// Entries from `number` on, nil when some of them are not kept any more, and the number to ask with next time.
    package func entries(from number: UInt64) -> (entries: [BatchEntry]?, next: UInt64) {
        state.withLock { state in
            let next = state.first + UInt64(state.entries.count)
            guard number >= state.first else { return (nil, next) }
            return (Array(state.entries.dropFirst(Int(min(number - state.first, UInt64(state.entries.count))))), next)
        }
    }
}
