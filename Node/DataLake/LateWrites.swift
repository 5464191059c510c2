internal import Dispatch
internal import Logging
internal import Synchronization

/// Writes that are made a little later, several in one transaction, on a thread of their own: what was handed over is read
/// from here until it is on the disk. Bounded: whoever hands over more than `countMax` waits for the disk.
///
/// A write that fails is told to the next one who hands something over or waits.
final class LateWrites<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Item = (name: Name, value: Value)
    typealias Write = @Sendable ([Item]) throws(LakeError) -> Void

    private struct State {
        /// In the order in which they came; the last one under a name counts.
        var waiting: [Item] = []
        var failure: LakeError?
    }

    private let state = Mutex(State())
    private let queue: DispatchQueue
    private let countMax: Int
    private let write: Write

    /// `write` makes all of them durable or none.
    init(label: String, countMax: Int = 4, _ write: @escaping Write) {
        queue = DispatchQueue(label: label)
        self.countMax = countMax
        self.write = write
    }

    subscript(_ name: Name) -> Value? { state.withLock { state in state.waiting.last { $0.name == name }?.value } }

    /// Has it written after about so many milliseconds, sooner when somebody waits.
    func put(_ name: Name, _ value: Value, afterMilliseconds delay: Int) throws(LakeError) {
        try takeFailure()
        let isFull = state.withLock { state in
            state.waiting.append((name, value))
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

    /// On the queue only: nobody else removes anything.
    private func drain() {
        let items = state.withLock { $0.waiting }
        if items.isEmpty { return }
        do throws(LakeError) {
            try write(items)
        } catch {
            Logger(label: "lake").error("settlements could not be stored: \(error.description)")
            state.withLock { $0.failure = error }
        }
        state.withLock { $0.waiting.removeFirst(items.count) }
    }
}
