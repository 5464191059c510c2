internal import Synchronization

/// A token bucket per client address, in a table of bounded size.
///
/// Invariants: at most `clientsMax` addresses and this machine are remembered; a bucket holds at most `tokensMax` tokens, and less than none
/// only by what is paid for afterwards: connections, `charge` and `chargeVain`.
final class RateLimiter: Sendable {
    struct Refusal: Sendable, Equatable {
        /// Until there will be tokens.
        let seconds: UInt32
        /// The client has been told often enough: its connections are closed, and refused.
        let isLast: Bool

        /// The answer that says so. `mayClose`: the connection is the client's own.
        func problem(_ what: String, mayClose: Bool) -> Problem {
            var problem = Problem(.tooManyRequests, "\(what) Wait \(seconds) s, then go on slower.")
                .retrying(afterSeconds: seconds)
            if isLast, mayClose { problem.headers.append((name: "Connection", value: "close")) }
            return problem
        }
    }

    private struct Bucket {
        var tokens: Double
        /// Refusals in plain words that the client may have yet.
        var refusals: Double
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
        let share = Share(limit)
        let full = Bucket(tokens: share.tokensMax, refusals: share.refusalsMax, at: now)
        state = Mutex(State(overflow: full, sweptAt: now))
    }

    /// Takes `cost` tokens from the client's bucket. Nil when it had them, else what to tell it.
    /// A cost above the size of a bucket counts as a full bucket.
    func take(_ cost: UInt32, from client: String, now: ContinuousClock.Instant) -> Refusal? {
        with(client, now) { bucket, share in
            let wanted = min(Double(cost), share.tokensMax)
            guard bucket.tokens < wanted else {
                bucket.tokens -= wanted
                return nil
            }
            let seconds = share.wholeSeconds(for: wanted - bucket.tokens)
            return Refusal(seconds: seconds, isLast: !refuses(&bucket))
        }
    }

    /// Takes the price of a connection that was just accepted. False when it is not to be served.
    func connect(_ client: String, now: ContinuousClock.Instant) -> Bool {
        with(client, now) { bucket, share in
            let price = min(limit.connectionTokens, share.tokensMax / 16)
            guard bucket.tokens >= price + 1 || refuses(&bucket) else { return false }
            bucket.tokens -= price
            return true
        }
    }

    /// Takes the price of what is done already, whether the client has it or not; the seconds until it has paid and has a part of its
    /// tokens again, 0 when it has.
    func charge(
        _ cost: Double, from client: String, leaving part: Double = 0, now: ContinuousClock.Instant
    ) -> Double {
        with(client, now) { bucket, share in
            bucket.tokens -= max(0, cost)
            return max(0, (part * share.tokensMax - bucket.tokens) / share.tokensPerSecond)
        }
    }

    /// The same for work in vain, which makes no larger debt than two buckets: others may share the address.
    func chargeVain(_ cost: Double, from client: String, now: ContinuousClock.Instant) {
        with(client, now) { bucket, share in
            bucket.tokens = max(bucket.tokens - max(0, cost), min(bucket.tokens, -2 * share.tokensMax))
        }
    }

    /// Whether the client may be told once more.
    private func refuses(_ bucket: inout Bucket) -> Bool {
        guard bucket.refusals >= 1 else { return false }
        bucket.refusals -= 1
        return true
    }

    /// What one client may have.
    private struct Share {
        let tokensPerSecond: Double
        let tokensMax: Double
        let refusalsPerSecond: Double
        var refusalsMax: Double { 2 * refusalsPerSecond }

        init(_ limit: APIConfiguration.RateLimit, times: Double = 1) {
            tokensPerSecond = Double(max(1, limit.tokensPerSecond)) * times
            tokensMax = Double(limit.tokensMax) * times
            refusalsPerSecond = max(1, tokensPerSecond * limit.refusalsPart)
        }

        func wholeSeconds(for tokens: Double) -> UInt32 {
            UInt32(max(1, min(3_600, (tokens / tokensPerSecond).rounded(.up))))
        }
    }

    private func share(_ client: String) -> Share {
        Share(limit, times: client == ClientAddress.thisMachine ? Double(limit.thisMachineTimes) : 1)
    }

    private func with<Result>(
        _ client: String, _ now: ContinuousClock.Instant, _ body: (inout Bucket, Share) -> Result
    ) -> Result {
        let share = share(client)
        return state.withLock { state in
            // The operator's own commands have a bucket of their own, whoever else is there.
            let isNew = state.buckets[client] == nil && client != ClientAddress.thisMachine
            if isNew, state.buckets.count >= limit.clientsMax { sweep(&state, now) }
            if isNew, state.buckets.count >= limit.clientsMax {
                refill(&state.overflow, share, now)
                return body(&state.overflow, share)
            }
            var bucket = state.buckets[client] ?? Bucket(tokens: share.tokensMax, refusals: share.refusalsMax, at: now)
            refill(&bucket, share, now)
            defer { state.buckets[client] = bucket }
            return body(&bucket, share)
        }
    }

    var clientCount: Int { state.withLock { $0.buckets.count } }

    private func refill(_ bucket: inout Bucket, _ share: Share, _ now: ContinuousClock.Instant) {
        let elapsed = max(0, (now - bucket.at) / .seconds(1))
        bucket.tokens = min(share.tokensMax, bucket.tokens + elapsed * share.tokensPerSecond)
        bucket.refusals = min(share.refusalsMax, bucket.refusals + elapsed * share.refusalsPerSecond)
        bucket.at = now
    }

    // Forgets clients whose bucket is full again: they are where a newcomer would be. At most once a second, since it
    // looks at the whole table.
    private func sweep(_ state: inout State, _ now: ContinuousClock.Instant) {
        guard now - state.sweptAt >= .seconds(1) else { return }
        state.sweptAt = now
        state.buckets = state.buckets.filter { client, bucket in
            var bucket = bucket
            let share = share(client)
            refill(&bucket, share, now)
            return bucket.tokens < share.tokensMax
        }
    }
}
