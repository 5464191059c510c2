internal import Dispatch
internal import Logging
internal import Synchronization

/// Writes that are made a little later, one after the other, on a thread of their own: what was handed over is read from
/// here until it is on the disk. Bounded: whoever hands over more than `countMax` waits for the disk.
///
/// A write that fails is told to the next one who hands something over or waits.
final class LateWrites<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        /// In the order in which they came; the last one under a name counts.
        var waiting: [(name: Name, value: Value, write: @Sendable () throws(LakeError) -> Void)] = []
        var failure: LakeError?
    }

    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let countMax: Int

    init(label: String, countMax: Int = 4) {
        queue = DispatchQueue(label: label)
        self.countMax = countMax
    }

    subscript(_ name: Name) -> Value? { state.withLock { state in state.waiting.last { $0.name == name }?.value } }

    /// Has it written after about so many milliseconds, sooner when somebody waits.
    func put(
        _ name: Name, _ value: Value, afterMilliseconds delay: Int,
        _ write: @escaping @Sendable () throws(LakeError) -> Void
    ) throws(LakeError) {
        try takeFailure()
        let isFull = state.withLock { state in
            state.waiting.append((name, value, write))
            return state.waiting.count > countMax
        }
        if isFull { try flush() } else { queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { self.drain() } }
    }

    /// Returns when all that was handed over before is written.
    func flush() throws(LakeError) {
        if state.withLock({ !$0.waiting.isEmpty }) { queue.sync { drain() } }
        try takeFailure()
    }

    private func takeFailure() throws(LakeError) {
        let failure = state.withLock { state in
            defer { state.failure = nil }
            return state.failure
        }
        if let failure { throw failure }
    }

    /// On the queue only.
    private func drain() {
        while let next = state.withLock({ $0.waiting.first }) {
            do throws(LakeError) {
                try next.write()
            } catch {
                Logger(label: "lake").error("a settlement could not be stored: \(error.description)")
                state.withLock { $0.failure = error }
            }
            state.withLock { state in
                if !state.waiting.isEmpty { state.waiting.removeFirst() }
            }
        }
    }
}
