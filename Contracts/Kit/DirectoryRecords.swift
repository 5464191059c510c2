package import Primitives

/// Limits that governance may change. Times in milliseconds of block time.
package struct NetworkParameters: Hashable, Sendable, ContractValue {
    /// Length of one quota window.
    package var quotaWindowMilliseconds: UInt64 = 60_000
    /// Transactions of one partner per window.
    package var quotaTransactions: UInt64 = 600_000
    /// Work units of one partner per window; about 1 per nanosecond.
    package var quotaWork: UInt64 = 60_000_000_000
    /// Work units of one transaction.
    package var transactionWorkMax: UInt64 = 100_000_000
    /// From the approval of a proposal to its enactment.
    package var enactDelayMilliseconds: UInt64 = 60_000
    /// From the submission of a proposal to its expiry when not approved.
    package var proposalLifetimeMilliseconds: UInt64 = 14 * 86_400_000

    package init() {}

    package static let shape = Shape.fields(
        "NetworkParameters", ("quotaWindowMilliseconds", .u64), ("quotaTransactions", .u64), ("quotaWork", .u64),
        ("transactionWorkMax", .u64), ("enactDelayMilliseconds", .u64), ("proposalLifetimeMilliseconds", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(quotaWindowMilliseconds)
        encoder.u64(quotaTransactions)
        encoder.u64(quotaWork)
        encoder.u64(transactionWorkMax)
        encoder.u64(enactDelayMilliseconds)
        encoder.u64(proposalLifetimeMilliseconds)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        quotaWindowMilliseconds = try decoder.u64()
        quotaTransactions = try decoder.u64()
        quotaWork = try decoder.u64()
        transactionWorkMax = try decoder.u64()
        enactDelayMilliseconds = try decoder.u64()
        proposalLifetimeMilliseconds = try decoder.u64()
    }

    /// Why these values would stop the network, nil when they do not. Governance itself needs room to work.
    package var problem: String? {
        if quotaWindowMilliseconds == 0 { return "the quota window must be longer than zero" }
        if quotaWindowMilliseconds > 86_400_000 { return "the quota window must be at most a day" }
        if quotaTransactions < 10 { return "a partner must be allowed 10 transactions per window" }
        if quotaWork < transactionWorkMax { return "the work quota must allow one full transaction" }
        if transactionWorkMax < 20_000_000 { return "a transaction must be allowed 20,000,000 work units" }
        if enactDelayMilliseconds > 90 * 86_400_000 { return "the delay must be at most 90 days" }
        let lifetimes: ClosedRange<UInt64> = 60_000...(365 * 86_400_000)
        if !lifetimes.contains(proposalLifetimeMilliseconds) { return "a proposal lives 1 minute to 365 days" }
        return nil
    }
}

/// Which version of a contract new instances get, and genesis instances run.
package struct ActiveVersion: Hashable, Sendable, ContractValue {
    package let current: UInt32
    package let sources: Digest
    /// The version that takes over at `from`.
    package let next: UInt32
    package let nextSources: Digest
    package let from: Height

    package init(current: UInt32, sources: Digest, next: UInt32, nextSources: Digest, from: Height) {
        self.current = current
        self.sources = sources
        self.next = next
        self.nextSources = nextSources
        self.from = from
    }

    /// Active from the start.
    package init(version: UInt32, sources: Digest) {
        self.init(current: version, sources: sources, next: version, nextSources: sources, from: Height(0))
    }

    package func version(at height: Height) -> UInt32 { height >= from ? next : current }
    package func sources(at height: Height) -> Digest { height >= from ? nextSources : sources }

    package static let shape = Shape.fields(
        "ActiveVersion", ("current", .u32), ("sources", .digest), ("next", .u32), ("nextSources", .digest),
        ("from", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u32(current)
        encoder.fixed(sources)
        encoder.u32(next)
        encoder.fixed(nextSources)
        encoder.value(from)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        current = try decoder.u32()
        sources = try decoder.digest()
        next = try decoder.u32()
        nextSources = try decoder.digest()
        from = try Height(from: &decoder)
    }
}

/// A partner's permission for a key to act for it, stored by Identity.
package struct Delegation: Hashable, Sendable, ContractValue {
    /// At most these of the partner's roles.
    package let roles: Roles
    /// Block time after which it no longer holds.
    package let expiry: Timestamp
    /// Block time at which it was given.
    package let since: Timestamp

    package init(roles: Roles, expiry: Timestamp, since: Timestamp) {
        self.roles = roles
        self.expiry = expiry
        self.since = since
    }

    /// `keysReplaced`: when the council last replaced the partner's own keys (`Directory.keysReplaced`).
    package func isValid(at time: Timestamp, keysReplaced: Timestamp?) -> Bool {
        expiry >= time && (keysReplaced.map { $0 < since } ?? true)
    }

    package static let shape = Shape.fields("Delegation", ("roles", .u32), ("expiry", .u64), ("since", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(roles)
        encoder.value(expiry)
        encoder.value(since)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        roles = try Roles(from: &decoder)
        expiry = try Timestamp(from: &decoder)
        since = try Timestamp(from: &decoder)
    }
}
