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
