internal import Chain
package import ContractHost
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
package import Logging
package import NodeRuntime
internal import Primitives
internal import Replica

/// Times of the reporter, in milliseconds.
package struct ReporterTiming: Sendable {
    /// Between two looks at the chain.
    package var lookMilliseconds = 1_000
    /// How long a validator waits for another one's report of the same contradiction, per place in the order.
    package var staggerMilliseconds = 4_000
    /// Of a report's transaction; after it a new one is signed. At most the network's bound of ten minutes.
    package var lifetimeMilliseconds: UInt64 = 120_000
    /// After a refusal or rejection, doubled each time up to `retryMillisecondsMax`.
    package var retryMilliseconds = 2_000
    package var retryMillisecondsMax = 300_000
    package init() {}
}

/// Totals since the start, for metrics.
package struct ReporterCounters: Sendable, Hashable {
    /// Found, but not final.
    package var due = 0
    package var final: UInt64 = 0
    /// Refused by the pool or rejected by Governance; each is tried again.
    package var failed: UInt64 = 0
}

/// Reports to Governance by itself what the partner owes it, as transactions of its operator key: contradictions of
/// validators, contract versions of this release, and, before it becomes a validator, that it has caught up.
///
/// One report is on its way at a time, submitted again until it is final or has expired. It takes at most a tenth of the
/// partner's quota of transactions. Evidence that waits is lost when the process ends: other validators have it, too.
package actor Reporter {
    private let node: LedgerNode<ContractApplication>
    private let holder: DutyHolder
    private let evidence: EvidenceQueue
    private let timing: ReporterTiming
    private let logger: Logger
    private var list: DutyList
    private var inFlight: (duty: Duty, transaction: Transaction)?
    private var delays: [Duty: (until: ContinuousClock.Instant, failures: Int)] = [:]
    /// When reports of the present quota window were submitted.
    private var spent: [ContinuousClock.Instant] = []
    package private(set) var counters = ReporterCounters()
    /// Evidence against this node's own validator: another process votes with its key.
    package private(set) var isKeyMisused = false

    package init(
        node: LedgerNode<ContractApplication>, holder: DutyHolder, release: Release, evidence: EvidenceQueue,
        timing: ReporterTiming = ReporterTiming(), logger: Logger
    ) {
        self.node = node
        self.holder = holder
        self.evidence = evidence
        self.timing = timing
        self.logger = logger
        list = DutyList(
            holder: holder, versions: release.contracts.map(\.contractVersion),
            staggerMilliseconds: timing.staggerMilliseconds)
    }

    /// Works until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .milliseconds(timing.lookMilliseconds)) } catch { return }
            do {
                try await step()
            } catch {
                logger.warning("what to report to Governance cannot be read: \(error)")
            }
        }
    }

    private func step() async throws {
        if let current = inFlight { return try await follow(current.duty, current.transaction) }
        let status = await node.snapshot().status
        guard !status.isSyncing, !status.isDiverged, node.view.tip.height > Height(0) else { return }
        let now = ContinuousClock.now
        let view = GovernanceView(node.view, network: node.network)
        noteOwn(view.validators, epoch: status.epoch)
        let due = try list.due(view, evidence, at: now)
        counters.due = due.count
        delays = delays.filter { due.contains($0.key) }
        guard let duty = due.first(where: { (delays[$0]?.until ?? now) <= now }), try mayReport(view, now) else {
            return
        }
        logger.info("reports to Governance \(duty.words)")
        spent.append(now)
        let transaction = try sign(duty.call(at: view.height))
        inFlight = (duty, transaction)
        try await submit(duty, transaction)
    }

    private func noteOwn(_ validators: ValidatorSet, epoch: Epoch) {
        guard !isKeyMisused, let own = validators.index(ofPartner: holder.partner) else { return }
        isKeyMisused = evidence.waiting.contains { found, _ in
            found.first.epoch == epoch && Int(found.first.signer) == own
        }
        if isKeyMisused {
            logger.critical("votes with this node's key contradict each other: another process uses it; stop one")
        }
    }

    private func mayReport(_ view: GovernanceView, _ now: ContinuousClock.Instant) throws -> Bool {
        let parameters = try view.parameters()
        let window = Duration.milliseconds(Int64(clamping: parameters.quotaWindowMilliseconds))
        spent.removeAll { now >= $0 + window }
        return UInt64(spent.count) < max(1, parameters.quotaTransactions / 10)
    }

    private func sign(_ call: Call) throws -> Transaction {
        let now = UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        let body = TransactionBody(
            network: node.network, sender: holder.operatorKey.publicKey,
            expiry: Timestamp(now + timing.lifetimeMilliseconds), salt: UInt64.random(in: 0...UInt64.max),
            calls: [call])
        return try Transaction(signing: body, with: holder.operatorKey)
    }

    /// Looks what became of a report; offers it again while that is open.
    private func follow(_ duty: Duty, _ transaction: Transaction) async throws {
        let wait = UInt32(clamping: timing.lookMilliseconds)
        switch try await node.outcome(of: transaction.digest, waitingMilliseconds: wait) {
        case .final(_, let receipt):
            inFlight = nil
            if let rejection = receipt.rejection { return fail(duty, "\(rejection)") }
            counters.final += 1
            if case .evidence(let done) = duty { evidence.remove(done) }
        case .dropped(let reason): fail(duty, "\(reason)")
        case .pending: try await submit(duty, transaction)
        }
    }

    private func submit(_ duty: Duty, _ transaction: Transaction) async throws {
        switch try await node.submit([transaction]).first ?? nil {
        case nil, .pending, .included: return
        case .some(let refusal): fail(duty, "\(refusal)")
        }
    }

    private func fail(_ duty: Duty, _ why: String) {
        inFlight = nil
        counters.failed += 1
        let failures = min(delays[duty]?.failures ?? 0, 16)
        let wait = min(timing.retryMillisecondsMax, timing.retryMilliseconds << failures)
        delays[duty] = (ContinuousClock.now + .milliseconds(wait), failures + 1)
        logger.warning("the report to Governance \(duty.words) failed, next attempt in \(wait / 1000) s: \(why)")
    }
}
