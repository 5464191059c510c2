internal import Foundation

/// A thread with a queue of jobs, done in order. What is queued when it stops is still done.
final class WorkThread: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var isStopping = false
    private var isRunning = true

    init(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.start()
    }

    /// False after `stop`.
    @discardableResult
    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        condition.withLock {
            if isStopping { return false }
            jobs.append(job)
            condition.broadcast()
            return true
        }
    }

    /// Returns when all jobs are done.
    func stop() {
        condition.withLock {
            isStopping = true
            condition.broadcast()
            while isRunning { condition.wait() }
        }
    }

    private func run() {
        while true {
            let taken = condition.withLock { () -> [@Sendable () -> Void] in
                while jobs.isEmpty && !isStopping { condition.wait() }
                defer { jobs = [] }
                return jobs
            }
            if taken.isEmpty { break }
            for job in taken { job() }
        }
        condition.withLock {
            isRunning = false
            condition.broadcast()
        }
    }
}

/// A few threads that take jobs from two queues, urgent ones first. The queues' bounds are those of their callers:
/// bytes of peers count against their links until they are handled, and `submit` counts its transactions. Jobs are short.
final class WorkPool: @unchecked Sendable {
    enum Urgency: Int { case now = 0, later = 1 }

    private struct Queue {
        var jobs: [@Sendable () -> Void] = []
        var next = 0

        mutating func pop() -> (@Sendable () -> Void)? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            if next == jobs.count || next >= 1024 {
                jobs.removeFirst(next)
                next = 0
            }
            return job
        }
    }

    private let condition = NSCondition()
    private var queues = [Queue(), Queue()]
    private var isStopping = false

    init(name: String, threads: Int) {
        for index in 0..<threads {
            let thread = Thread { [self] in run() }
            thread.name = "\(name) \(index)"
            thread.start()
        }
    }

    func add(_ urgency: Urgency, _ job: @escaping @Sendable () -> Void) {
        condition.withLock {
            guard !isStopping else { return }
            queues[urgency.rawValue].jobs.append(job)
            condition.signal()
        }
    }

    func stop() {
        condition.withLock {
            isStopping = true
            queues = [Queue(), Queue()]
            condition.broadcast()
        }
    }

    private func run() {
        while true {
            let job = condition.withLock { () -> (@Sendable () -> Void)? in
                while !isStopping {
                    if let job = queues[0].pop() ?? queues[1].pop() { return job }
                    condition.wait()
                }
                return nil
            }
            guard let job else { return }
            job()
        }
    }
}
