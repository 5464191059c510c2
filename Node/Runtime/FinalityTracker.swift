package import Chain
internal import NIOConcurrencyHelpers
internal import NIOCore
package import Primitives
internal import Replica

/// A final transaction with its receipt.
package struct FinalTransaction: Hashable, Sendable {
    package let location: TransactionPlace
    package let receipt: Receipt
}

/// Where and when a transaction became final.
package struct TransactionPlace: Hashable, Sendable {
    package let height: Height
    package let block: Digest
    package let time: Timestamp
    package let index: Int
}

/// Who waits for what, and which transactions of this node's clients are under way. All state behind one lock; waits end
/// by finality, by being dropped, or by their time limit.
final class FinalityTracker: Sendable {
    private struct State {
        var nextWaiter: UInt64 = 0
        var byTransaction: [Digest: [Waiter]] = [:]
        var byHeight: [HeightWaiter] = []
        var waiters = 0
        /// Submission time (monotonic microseconds) of this node's clients' transactions that are pooled.
        var pending: [Digest: UInt64] = [:]
        var height = Height(0)
    }

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<FinalTransaction?, Never>
    }

    private struct HeightWaiter {
        let id: UInt64
        let height: Height
        let continuation: CheckedContinuation<Void, Never>
    }

    private let state = NIOLockedValueBox(State())
    private let loop: any EventLoop
    private let waitersMax: Int
    private let pendingMax: Int

    init(loop: any EventLoop, waitersMax: Int, pendingMax: Int) {
        self.loop = loop
        self.waitersMax = waitersMax
        self.pendingMax = pendingMax
    }

    func begin(_ digests: [Digest]) {
        let now = Clock.monotonicMicroseconds()
        state.withLockedValue { state in
            for digest in digests where state.pending.count < pendingMax { state.pending[digest] = now }
        }
    }

    func isPending(_ digest: Digest) -> Bool { state.withLockedValue { $0.pending[digest] != nil } }

    var pendingCount: Int { state.withLockedValue { $0.pending.count } }

    /// Wakes those who wait for the block or its transactions; latencies of own clients' transactions in microseconds.
    func finalize(_ final: Replica.FinalizedBlock) -> [UInt64] {
        let now = Clock.monotonicMicroseconds()
        let header = final.block.header
        let offset = final.receipts.count - final.block.transactions.count
        var latencies: [UInt64] = []
        var woken: [(CheckedContinuation<FinalTransaction?, Never>, FinalTransaction)] = []
        let heights = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            for (index, transaction) in final.block.transactions.enumerated() {
                if let began = state.pending.removeValue(forKey: transaction.digest) { latencies.append(now - began) }
                guard offset >= 0, let waiters = state.byTransaction.removeValue(forKey: transaction.digest) else {
                    continue
                }
                let place = TransactionPlace(
                    height: header.height, block: header.digest, time: header.time, index: index)
                let result = FinalTransaction(location: place, receipt: final.receipts[offset + index])
                state.waiters -= waiters.count
                woken += waiters.map { ($0.continuation, result) }
            }
            state.height = max(state.height, header.height)
            let reached = state.byHeight.filter { $0.height <= header.height }
            state.byHeight.removeAll { $0.height <= header.height }
            state.waiters -= reached.count
            return reached.map(\.continuation)
        }
        for (continuation, result) in woken { continuation.resume(returning: result) }
        for continuation in heights { continuation.resume() }
        return latencies
    }

    /// Transactions that left the pool without being included: nobody need wait longer.
    func drop(_ digests: [Digest]) {
        let woken = state.withLockedValue { state -> [Waiter] in
            var woken: [Waiter] = []
            for digest in digests {
                state.pending[digest] = nil
                woken += state.byTransaction.removeValue(forKey: digest) ?? []
            }
            state.waiters -= woken.count
            return woken
        }
        for waiter in woken { waiter.continuation.resume(returning: nil) }
    }

    /// Nil after `milliseconds`, or at once when too many wait already. `already` is asked after the wait is registered,
    /// so that a transaction that became final in between is not missed.
    func wait(
        _ digest: Digest, milliseconds: UInt32, already: @Sendable () -> FinalTransaction?
    ) async -> FinalTransaction? {
        await withCheckedContinuation { continuation in
            let id = state.withLockedValue { state -> UInt64? in
                guard state.waiters < waitersMax else { return nil }
                state.nextWaiter += 1
                state.waiters += 1
                state.byTransaction[digest, default: []].append(
                    Waiter(id: state.nextWaiter, continuation: continuation))
                return state.nextWaiter
            }
            guard let id else { return continuation.resume(returning: nil) }
            if let result = already() { return expire(digest, id, with: result) }
            loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { [self] in expire(digest, id, with: nil) }
        }
    }

    private func expire(_ digest: Digest, _ id: UInt64, with result: FinalTransaction?) {
        let waiter = state.withLockedValue { state -> Waiter? in
            guard let index = state.byTransaction[digest]?.firstIndex(where: { $0.id == id }) else { return nil }
            let waiter = state.byTransaction[digest]?.remove(at: index)
            if state.byTransaction[digest]?.isEmpty == true { state.byTransaction[digest] = nil }
            state.waiters -= 1
            return waiter
        }
        waiter?.continuation.resume(returning: result)
    }

    /// Returns when the height is final, or after `milliseconds`.
    func wait(for height: Height, milliseconds: UInt32) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let id = state.withLockedValue { state -> UInt64? in
                guard state.waiters < waitersMax, state.height < height else { return nil }
                state.nextWaiter += 1
                state.waiters += 1
                state.byHeight.append(HeightWaiter(id: state.nextWaiter, height: height, continuation: continuation))
                return state.nextWaiter
            }
            guard let id else { return continuation.resume() }
            loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { [self] in expireHeight(id) }
        }
    }

    private func expireHeight(_ id: UInt64) {
        let waiter = state.withLockedValue { state -> HeightWaiter? in
            guard let index = state.byHeight.firstIndex(where: { $0.id == id }) else { return nil }
            state.waiters -= 1
            return state.byHeight.remove(at: index)
        }
        waiter?.continuation.resume()
    }

    /// Ends all waits, at shutdown.
    func abandon() {
        let (transactions, heights) = state.withLockedValue { state in
            let all = (state.byTransaction.values.flatMap { $0 }, state.byHeight)
            state.byTransaction = [:]
            state.byHeight = []
            state.waiters = 0
            return all
        }
        for waiter in transactions { waiter.continuation.resume(returning: nil) }
        for waiter in heights { waiter.continuation.resume() }
    }
}
