internal import Foundation
internal import Glibc

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

/// A few threads that take jobs from one queue. The queue's bound is that of its callers: bytes of peers count against
/// their links until they are handled, and `submit` counts its transactions.
final class WorkPool: @unchecked Sendable {
    private static let niceness: Int32 = 5
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var next = 0
    private var running = 0
    private var isStopping = false

    init(name: String, threads: Int) {
        for index in 0..<threads {
            let thread = Thread { [self] in run() }
            thread.name = "\(name) \(index)"
            thread.start()
        }
    }

    /// Whether jobs wait or run.
    var isBusy: Bool { condition.withLock { running > 0 || next < jobs.count } }

    func add(_ job: @escaping @Sendable () -> Void) {
        condition.withLock {
            guard !isStopping else { return }
            jobs.append(job)
            condition.signal()
        }
    }

    func stop() {
        condition.withLock {
            isStopping = true
            jobs = []
            condition.broadcast()
        }
    }

    private func run() {
        // Consensus goes first on a busy machine. On Linux the call concerns this thread only; a refusal does no harm.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(0), WorkPool.niceness)
        while true {
            let job = condition.withLock { () -> (@Sendable () -> Void)? in
                while next >= jobs.count && !isStopping { condition.wait() }
                guard next < jobs.count else { return nil }
                let job = jobs[next]
                running += 1
                next += 1
                if next == jobs.count || next >= 1024 {
                    jobs.removeFirst(next)
                    next = 0
                }
                return job
            }
            guard let job else { return }
            job()
            condition.withLock { running -= 1 }
        }
    }
}
