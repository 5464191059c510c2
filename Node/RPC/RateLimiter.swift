internal import Synchronization

/// A token bucket per client address, in a table of bounded size.
///
/// Invariants: at most `clientsMax` addresses are remembered; a bucket holds at most `tokensMax` tokens, and less than none
/// only by `charge`.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        /// Shared by newcomers while the table is full of busy clients.
        var overflow: Bucket
        var sweptAt: ContinuousClock.Instant
    }

    private let limit: APIConfiguration.RateLimit
    private let state: Mutex<State>

    init(_ limit: APIConfiguration.RateLimit, now: ContinuousClock.Instant) {
        self.limit = limit
        let full = Bucket(tokens: Double(limit.tokensMax), at: now)
        state = Mutex(State(overflow: full, sweptAt: now))
    }

    /// Takes `cost` tokens from the client's bucket. Nil when it had them, else the seconds until it will.
    /// A cost above the size of a bucket counts as a full bucket.
    func take(_ cost: UInt32, from client: String, now: ContinuousClock.Instant) -> UInt32? {
        let wanted = Double(min(cost, limit.tokensMax))
        return with(client, now) { bucket in take(wanted, from: &bucket, now) }
    }

    /// Takes the price of what is done already, whether the client has it or not; the seconds until it has paid, 0 when it has.
    @discardableResult
    func charge(_ cost: Double, from client: String, now: ContinuousClock.Instant) -> Double {
        with(client, now) { bucket in
            bucket.tokens = refilled(bucket, now) - max(0, cost)
            bucket.at = now
            return max(0, -bucket.tokens / Double(max(1, limit.tokensPerSecond)))
        }
    }

    private func with<Result>(
        _ client: String, _ now: ContinuousClock.Instant, _ body: (inout Bucket) -> Result
    ) -> Result {
        state.withLock { state in
            if state.buckets[client] == nil, state.buckets.count >= limit.clientsMax { sweep(&state, now) }
            if state.buckets[client] == nil, state.buckets.count >= limit.clientsMax { return body(&state.overflow) }
            var bucket = state.buckets[client] ?? Bucket(tokens: Double(limit.tokensMax), at: now)
            defer { state.buckets[client] = bucket }
            return body(&bucket)
        }
    }

    var clientCount: Int { state.withLock { $0.buckets.count } }

    private func take(_ wanted: Double, from bucket: inout Bucket, _ now: ContinuousClock.Instant) -> UInt32? {
        bucket.tokens = refilled(bucket, now)
        bucket.at = now
        guard bucket.tokens < wanted else {
            bucket.tokens -= wanted
            return nil
        }
        let seconds = (wanted - bucket.tokens) / Double(max(1, limit.tokensPerSecond))
        return UInt32(max(1, min(3_600, seconds.rounded(.up))))
    }

    private func refilled(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        let elapsed = (now - bucket.at) / .seconds(1)
        return min(Double(limit.tokensMax), bucket.tokens + max(0, elapsed) * Double(limit.tokensPerSecond))
    }

    // Forgets clients whose bucket is full again: they are where a newcomer would be. At most once a second, since it
    // looks at the whole table.
    private func sweep(_ state: inout State, _ now: ContinuousClock.Instant) {
        guard now - state.sweptAt >= .seconds(1) else { return }
        state.sweptAt = now
        state.buckets = state.buckets.filter { refilled($0.value, now) < Double(limit.tokensMax) }
    }
}
