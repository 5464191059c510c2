internal import Foundation

/// Threads for signature checks. They run at a lower priority than the replica's thread, so that under load votes and
/// proposals go before admission. Work is bounded by whoever submits it.
final class WorkerPool: @unchecked Sendable {
    private static let niceness: Int32 = 5

    private let condition = NSCondition()
    private var queue: [@Sendable () -> Void] = []
    private var head = 0
    private var isStopped = false
    let threads: Int

    init(threads: Int) {
        self.threads = threads
        for index in 0..<threads {
            let thread = Thread { [weak self] in
                // On Linux this sets the priority of the calling thread only.
                setpriority(PRIO_PROCESS, 0, WorkerPool.niceness)
                while let work = self?.next() { work() }
            }
            thread.name = "verify-\(index)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    func submit(_ work: @escaping @Sendable () -> Void) {
        condition.withLock {
            queue.append(work)
            condition.signal()
        }
    }

    /// Threads end after the work in hand; waiting work is dropped.
    func stop() {
        condition.withLock {
            isStopped = true
            queue = []
            head = 0
            condition.broadcast()
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.withLock {
            while head == queue.count && !isStopped { condition.wait() }
            if isStopped { return nil }
            let work = queue[head]
            head += 1
            if head == queue.count || head > 4_096 {
                queue.removeFirst(head)
                head = 0
            }
            return work
        }
    }

    /// Runs `check` on every element, in chunks on all threads, then `done` on one of them with the results in order.
    func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], chunk: Int = 32, _ check: @escaping @Sendable (Element) -> Result,
        done: @escaping @Sendable ([Result]) -> Void
    ) {
        let chunks = stride(from: 0, to: elements.count, by: chunk).map {
            elements[$0..<min($0 + chunk, elements.count)]
        }
        guard !chunks.isEmpty else { return done([]) }
        let gather = Gather<Result>(chunks.count, done)
        for (index, part) in chunks.enumerated() {
            submit { gather.deliver(index, part.map(check)) }
        }
    }

    private final class Gather<Result: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var parts: [[Result]]
        private var missing: Int
        private let done: @Sendable ([Result]) -> Void

        init(_ count: Int, _ done: @escaping @Sendable ([Result]) -> Void) {
            parts = Array(repeating: [], count: count)
            missing = count
            self.done = done
        }

        func deliver(_ index: Int, _ part: [Result]) {
            let isLast = lock.withLock {
                parts[index] = part
                missing -= 1
                return missing == 0
            }
            if isLast { done(parts.flatMap { $0 }) }
        }
    }
}
