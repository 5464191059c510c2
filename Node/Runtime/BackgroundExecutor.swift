internal import Foundation

/// Threads for tasks that compute or read files for long: settling, attesting, serving the lake. Swift's own pool has as many threads as
/// the machine has cores, and whatever blocks those keeps answers to clients waiting. A task that prefers this executor
/// runs here between its waits, with everything that it awaits.
package final class BackgroundExecutor: TaskExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var head = 0
    private var isStopping = false

    /// As many run at once as there are threads, which bounds their memory, too.
    package init(name: String, threads: Int) {
        for index in 0..<threads {
            let thread = Thread { [self] in run() }
            thread.name = "\(name) \(index)"
            // As large as a main thread's: whoever computes here did so on Swift's pool before.
            thread.stackSize = 8 * 1024 * 1024
            thread.start()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = condition.withLock {
            guard !isStopping else { return false }
            jobs.append(job)
            condition.signal()
            return true
        }
        // A task that is never run on would never end, nor whoever awaits it.
        if !isTaken { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Ends the threads once nothing waits. What comes later runs where it comes from.
    package func stop() {
        condition.withLock {
            isStopping = true
            condition.broadcast()
        }
    }

    private func run() {
        while let job = nextJob() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Nil after `stop`.
    private func nextJob() -> UnownedJob? {
        condition.withLock {
            while head == jobs.count, !isStopping { condition.wait() }
            guard head < jobs.count else { return nil }
            defer {
                head += 1
                if head == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    head = 0
                }
            }
            return jobs[head]
        }
    }
}
