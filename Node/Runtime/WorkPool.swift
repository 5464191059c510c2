internal import Foundation
internal import Primitives

/// A few threads that take jobs from two queues, urgent ones first; in each, those for whom they are done take turns. The queues'
/// bounds are those of their callers: bytes of peers count against their links until they are handled, and `submit` counts
/// its transactions. Jobs are short, but for those of a `BackgroundExecutor`.
final class WorkPool: @unchecked Sendable {
    typealias Job = @Sendable () -> Void
    enum Urgency { case now, later }

    private let condition = NSCondition()
    /// By peer; nil is this node and its clients.
    private var now = FairQueue<Digest?, Job>()
    private var later = FairQueue<Digest?, Job>()
    private var isStopping = false

    init(name: String, threads: Int, stackBytes: Int? = nil) {
        for index in 0..<threads {
            let thread = Thread { [self] in run() }
            thread.name = "\(name) \(index)"
            if let stackBytes { thread.stackSize = stackBytes }
            thread.start()
        }
    }

    /// False, and the job is not done, after `stop`.
    @discardableResult
    func add(_ urgency: Urgency, of peer: Digest?, _ job: @escaping Job) -> Bool {
        condition.withLock {
            guard !isStopping else { return false }
            switch urgency {
            case .now: now.add(job, of: peer)
            case .later: later.add(job, of: peer)
            }
            condition.signal()
            return true
        }
    }

    /// Gives back what `body` does. After `stop` it is done on the caller's thread.
    func run<Result: Sendable>(
        _ urgency: Urgency, of peer: Digest?, _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            let job: Job = { continuation.resume(returning: body()) }
            if !add(urgency, of: peer, job) { job() }
        }
    }

    /// What waits is still done.
    func stop() {
        condition.withLock {
            isStopping = true
            condition.broadcast()
        }
    }

    private func run() {
        while let job = nextJob() { job() }
    }

    /// Nil after `stop`, once nothing waits.
    private func nextJob() -> Job? {
        condition.withLock {
            while true {
                if let job = now.next() ?? later.next() { return job }
                if isStopping { return nil }
                condition.wait()
            }
        }
    }
}
