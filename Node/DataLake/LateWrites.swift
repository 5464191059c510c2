internal import Dispatch
internal import Logging
internal import Synchronization

/// Writes that are made a little later, several in one transaction, on a thread of their own: what was handed over is read
/// from here until it is on the disk. Bounded: whoever hands over more than `countMax` waits for the disk.
///
/// What could not be written stays here, readable, and is tried again; whoever waits for it is told. With `countMax` waiting
/// and a disk that refuses, nothing more is taken.
final class LateWrites<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Item = (name: Name, value: Value)
    typealias Write = @Sendable ([Item]) throws(LakeError) -> Void

    private struct State {
        /// In the order in which they came; the last one under a name counts.
        var waiting: [Item] = []
        /// A drain after a failure is under way.
        var triesAgain = false
    }

    /// Between two attempts on a disk that refuses.
    private static var retryMilliseconds: Int { 1_000 }

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

    /// Of what waits, in its order.
    var names: [Name] { state.withLock { $0.waiting.map(\.name) } }

    /// Has it written after about so many milliseconds, sooner when somebody waits. Throws, and takes nothing, when too much
    /// waits that cannot be written.
    func put(_ name: Name, _ value: Value, afterMilliseconds delay: Int) throws(LakeError) {
        if state.withLock({ $0.waiting.count >= countMax }) { try flush() }
        state.withLock { $0.waiting.append((name, value)) }
        queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { self.drainLater() }
    }

    /// Returns when all that was handed over before is written; throws when it is not.
    func flush() throws(LakeError) {
        let result = queue.sync { () -> Result<Void, LakeError> in
            do throws(LakeError) { return .success(try drain()) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// On the queue only. A failure is logged, and tried again for as long as it lasts.
    private func drainLater() {
        do throws(LakeError) {
            try drain()
        } catch {
            Logger(label: "lake").error("settlements could not be stored: \(error.description)")
            let begins = state.withLock { state in
                defer { state.triesAgain = true }
                return !state.triesAgain
            }
            guard begins else { return }
            queue.asyncAfter(deadline: .now() + .milliseconds(Self.retryMilliseconds)) { [weak self] in
                guard let self else { return }
                state.withLock { $0.triesAgain = false }
                drainLater()
            }
        }
    }

    /// On the queue only: nobody else removes anything.
    private func drain() throws(LakeError) {
        let items = state.withLock { $0.waiting }
        if items.isEmpty { return }
        try write(items)
        state.withLock { $0.waiting.removeFirst(items.count) }
    }
}
