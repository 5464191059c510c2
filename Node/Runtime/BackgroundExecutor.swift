internal import Primitives

/// Threads for tasks that compute or read files for long: settling, attesting, serving the lake. Swift's own pool has as many threads as
/// the machine has cores, and whatever blocks those keeps answers to clients waiting. A task that prefers this executor
/// runs here between its waits, with everything that it awaits.
package final class BackgroundExecutor: TaskExecutor {
    /// As large as a main thread's: whoever computes here did so on Swift's pool before.
    private static let stackBytes = 8 * 1024 * 1024

    private let pool: WorkPool
    /// For whom; nil is this node and its clients.
    private let peer: Digest?

    /// As many run at once as there are threads, which bounds their memory, too.
    package init(name: String, threads: Int) {
        pool = WorkPool(name: name, threads: threads, stackBytes: BackgroundExecutor.stackBytes)
        peer = nil
    }

    private init(_ pool: WorkPool, _ peer: Digest) {
        self.pool = pool
        self.peer = peer
    }

    /// The same threads for what a peer asked for: peers and this node take turns, however much one of them asks.
    func serving(_ peer: Digest) -> BackgroundExecutor { BackgroundExecutor(pool, peer) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let run: @Sendable () -> Void = { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
        // A task that is never run on would never end, nor whoever awaits it. It must not run here: whoever resumes a task may hold a lock
        // of what that task goes on with, such as a task group's.
        if !pool.add(.now, of: peer, run) { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    /// Ends the threads once nothing waits. What comes later runs on Swift's pool.
    package func stop() { pool.stop() }
}
