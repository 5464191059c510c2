package import Chain
internal import NIOConcurrencyHelpers
internal import NIOCore
package import Primitives
package import Replica

/// A final block with its receipts, for subscribers.
package struct FinalBlock: Sendable {
    package let block: Block
    /// Scheduled calls first, then one per transaction, in order.
    package let receipts: [Receipt]
    package var height: Height { block.header.height }
}

/// Why a stream of final blocks ended.
package enum SubscriptionEnd: Error, Hashable, Sendable, CustomStringConvertible {
    /// The subscriber did not keep up; `last` is the newest block it was given. It may read on from the next height.
    case tooSlow(last: Height)
    case stopped(String)

    package var description: String {
        switch self {
        case .tooSlow(let last):
            "the subscriber did not keep up and was let go after block \(last): subscribe again and read the missing blocks"
        case .stopped(let why): "the node has stopped: \(why)"
        }
    }
}

/// What became of a transaction.
package enum TransactionOutcome: Sendable {
    case final(TransactionLocation, Receipt)
    /// It left the pool of this node without being included.
    case dropped(TransactionRefusal)
    /// Nothing yet within the time.
    case pending
}

/// The final chain for readers, and those who wait for it to grow. Thread-safe.
final class FinalityHub: @unchecked Sendable {
    private struct State {
        var view: ChainView
        var outcomes: [Digest: [UInt64: @Sendable (TransactionOutcome) -> Void]] = [:]
        var heights: [UInt64: (height: Height, done: @Sendable (Height) -> Void)] = [:]
        var subscribers: [UInt64: AsyncThrowingStream<FinalBlock, any Error>.Continuation] = [:]
        var waiterCount = 0
        var nextID: UInt64 = 0
        var ended: String?
    }

    private let state: NIOLockedValueBox<State>
    private let limits: NodeLimits
    private let counters: CounterBox

    init(view: ChainView, limits: NodeLimits, counters: CounterBox) {
        state = NIOLockedValueBox(State(view: view))
        self.limits = limits
        self.counters = counters
    }

    var view: ChainView { state.withLockedValue { $0.view } }

    // MARK: from the replica's thread

    func update(_ view: ChainView) { state.withLockedValue { $0.view = view } }

    /// Makes the blocks visible, then tells all who wait.
    func publish(_ blocks: [FinalizedBlock], view: ChainView) {
        var calls: [@Sendable () -> Void] = []
        let streams = state.withLockedValue { state in
            state.view = view
            for block in blocks { calls += FinalityHub.resolve(block, &state) }
            for (id, waiter) in state.heights where waiter.height <= view.tip.height {
                state.heights[id] = nil
                state.waiterCount -= 1
                calls.append { waiter.done(view.tip.height) }
            }
            return state.subscribers
        }
        for call in calls { call() }
        for block in blocks {
            let final = FinalBlock(block: block.block, receipts: block.receipts)
            for (id, stream) in streams { feed(final, to: stream, id) }
        }
    }

    private static func resolve(_ block: FinalizedBlock, _ state: inout State) -> [@Sendable () -> Void] {
        guard !state.outcomes.isEmpty else { return [] }
        var calls: [@Sendable () -> Void] = []
        let scheduled = block.receipts.count - block.block.transactions.count
        for (index, transaction) in block.block.transactions.enumerated() {
            guard let waiters = state.outcomes.removeValue(forKey: transaction.digest),
                block.receipts.indices.contains(scheduled + index)
            else { continue }
            let location = TransactionLocation(height: block.height, index: UInt32(clamping: index))
            let receipt = block.receipts[scheduled + index]
            state.waiterCount -= waiters.count
            for done in waiters.values { calls.append { done(.final(location, receipt)) } }
        }
        return calls
    }

    private func feed(
        _ block: FinalBlock, to stream: AsyncThrowingStream<FinalBlock, any Error>.Continuation, _ id: UInt64
    ) {
        switch stream.yield(block) {
        case .enqueued: return
        case .dropped:
            counters.add { $0.subscribersDropped += 1 }
            stream.finish(throwing: SubscriptionEnd.tooSlow(last: block.height.previous ?? block.height))
            unsubscribe(id)
        default: unsubscribe(id)
        }
    }

    func dropped(_ digest: Digest, _ reason: TransactionRefusal) {
        let waiters = state.withLockedValue { state in
            let waiters = state.outcomes.removeValue(forKey: digest) ?? [:]
            state.waiterCount -= waiters.count
            return waiters
        }
        for done in waiters.values { done(.dropped(reason)) }
    }

    /// Ends everything that waits.
    func end(_ reason: String) {
        let (outcomes, heights, streams, tip) = state.withLockedValue { state in
            state.ended = state.ended ?? reason
            defer {
                state.outcomes = [:]
                state.heights = [:]
                state.subscribers = [:]
                state.waiterCount = 0
            }
            return (state.outcomes, state.heights, state.subscribers, state.view.tip.height)
        }
        for waiters in outcomes.values { for done in waiters.values { done(.pending) } }
        for waiter in heights.values { waiter.done(tip) }
        for stream in streams.values { stream.finish(throwing: SubscriptionEnd.stopped(reason)) }
    }

    // MARK: from anyone

    /// Calls `done` once: with the outcome, or with `.pending` by `cancel`.
    func await(
        _ digest: Digest, done: @escaping @Sendable (TransactionOutcome) -> Void
    ) throws(NodeFailure) -> UInt64 {
        let id = try add { state, id in state.outcomes[digest, default: [:]][id] = done }
        return id
    }

    func await(_ height: Height, done: @escaping @Sendable (Height) -> Void) throws(NodeFailure) -> UInt64 {
        let id = try add { state, id in state.heights[id] = (height, done) }
        let tip = view.tip.height
        if tip >= height { cancel(height: id) }
        return id
    }

    private func add(_ register: (inout State, UInt64) -> Void) throws(NodeFailure) -> UInt64 {
        let result: Result<UInt64, NodeFailure> = state.withLockedValue { state in
            if let why = state.ended { return .failure(.stopped(why)) }
            guard state.waiterCount < limits.waitersMax else {
                return .failure(.busy("\(limits.waitersMax) calls wait for the chain already"))
            }
            state.nextID += 1
            state.waiterCount += 1
            register(&state, state.nextID)
            return .success(state.nextID)
        }
        return try result.get()
    }

    func cancel(_ digest: Digest, _ id: UInt64, _ outcome: TransactionOutcome = .pending) {
        let done = state.withLockedValue { state -> (@Sendable (TransactionOutcome) -> Void)? in
            guard let done = state.outcomes[digest]?.removeValue(forKey: id) else { return nil }
            if state.outcomes[digest]?.isEmpty == true { state.outcomes[digest] = nil }
            state.waiterCount -= 1
            return done
        }
        done?(outcome)
    }

    func cancel(height id: UInt64) {
        let found = state.withLockedValue { state -> (done: @Sendable (Height) -> Void, tip: Height)? in
            guard let waiter = state.heights.removeValue(forKey: id) else { return nil }
            state.waiterCount -= 1
            return (waiter.done, state.view.tip.height)
        }
        if let found { found.done(found.tip) }
    }

    /// Blocks that become final from now on. Ends with a `SubscriptionEnd`.
    func subscribe() throws(NodeFailure) -> AsyncThrowingStream<FinalBlock, any Error> {
        let (stream, continuation) = AsyncThrowingStream<FinalBlock, any Error>.makeStream(
            bufferingPolicy: .bufferingOldest(limits.subscriberBlocksMax))
        let result: Result<UInt64, NodeFailure> = state.withLockedValue { state in
            if let why = state.ended { return .failure(.stopped(why)) }
            guard state.subscribers.count < limits.subscribersMax else {
                return .failure(.busy("\(limits.subscribersMax) subscribers follow the chain already"))
            }
            state.nextID += 1
            state.subscribers[state.nextID] = continuation
            return .success(state.nextID)
        }
        let id = try result.get()
        continuation.onTermination = { [weak self] _ in self?.unsubscribe(id) }
        return stream
    }

    private func unsubscribe(_ id: UInt64) { state.withLockedValue { $0.subscribers[id] = nil } }
}
