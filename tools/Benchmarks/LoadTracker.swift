internal import Foundation
internal import Primitives

/// Results of concurrent work, each slot written once.
final class Slots<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var slots: [Value?]
    init(_ count: Int) { slots = Array(repeating: nil, count: count) }
    func set(_ index: Int, _ value: Value) { lock.withLock { slots[index] = value } }
    var values: [Value] { lock.withLock { slots.compactMap { $0 } } }
}

/// What is in flight, since when, and what became of it.
actor LoadTracker {
    struct Summary {
        let latencies: [Double]
        let blocks: Int
        let refused: Int
        let rejected: Int
    }

    private let window: Int
    private var began: [Digest: Double] = [:]
    private var latencies: [Double] = []
    private var blocks = 0
    private var refused = 0
    private var rejected = 0
    private var waiter: (room: Int, continuation: CheckedContinuation<Void, Never>)?
    /// Why no more finality will be seen; ends every wait.
    private var failure: String?

    init(window: Int) { self.window = window }

    /// Waits until there is room, then notes the start of these.
    func reserve(_ digests: [Digest]) async throws {
        if began.count + digests.count > window && !began.isEmpty && failure == nil {
            await withCheckedContinuation { waiter = (digests.count, $0) }
        }
        if let failure { throw BenchError("the followed node failed: \(failure)") }
        let now = Stopwatch.now()
        for digest in digests { began[digest] = now }
    }

    func refuse(_ digest: Digest) {
        began[digest] = nil
        refused += 1
        wake()
    }

    func final(_ digests: [Digest], at time: Double, rejected count: Int) {
        blocks += 1
        rejected += count
        for digest in digests {
            if let start = began.removeValue(forKey: digest) { latencies.append(time - start) }
        }
        wake()
    }

    func fail(_ reason: String) {
        failure = reason
        wake()
    }

    private func wake() {
        guard let waiting = waiter, failure != nil || began.isEmpty || began.count + waiting.room <= window else {
            return
        }
        waiter = nil
        waiting.continuation.resume()
    }

    /// Returns when nothing is in flight.
    func drained() async throws {
        if !began.isEmpty && failure == nil { await withCheckedContinuation { waiter = (window, $0) } }
        if let failure { throw BenchError("the followed node failed: \(failure)") }
    }

    var summary: Summary {
        Summary(latencies: latencies, blocks: blocks, refused: refused, rejected: rejected)
    }
}
