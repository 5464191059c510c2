internal import Chain
internal import ContractKit
internal import Governance
internal import LedgerCrypto
internal import Primitives

/// Finds what is due. Keeps no record of what was done: the chain itself says that, so that a restart repeats nothing.
struct DutyList {
    let holder: DutyHolder
    let versions: [ContractVersion]
    let staggerMilliseconds: Int
    /// Proposals below are closed for good.
    private var firstOpen: UInt64 = 0

    init(holder: DutyHolder, versions: [ContractVersion], staggerMilliseconds: Int) {
        self.holder = holder
        self.versions = versions
        self.staggerMilliseconds = staggerMilliseconds
    }

    /// What this node should report now; evidence that the chain has leaves the queue.
    mutating func due(
        _ view: GovernanceView, _ queue: EvidenceQueue, at now: ContinuousClock.Instant
    ) throws(StorageFailure) -> [Duty] {
        var due: [Duty] = []
        for (evidence, since) in queue.waiting {
            if try view.holds(evidence) {
                queue.remove(evidence)
            } else if now >= since + patience(with: evidence, view.validators) {
                due.append(.evidence(evidence))
            }
        }
        guard let partner = try view.acts(holder.partner, with: holder.operatorKey.publicKey) else { return [] }
        guard partner.roles.contains(.validator) else { return due }
        if let proposal = try joining(view) { due.append(.synced(proposal: proposal)) }
        if view.validators.index(ofPartner: holder.partner) != nil {
            for version in versions where try view.wants(version, of: holder.partner) { due.append(.version(version)) }
        }
        return due
    }

    /// All validators see a contradiction at about the same time. They report it in turns, the ones after the accused
    /// first, so that one report is in the chain before the next one would be made.
    private func patience(with evidence: Evidence, _ validators: ValidatorSet) -> Duration {
        let count = max(1, validators.count)
        guard let own = validators.index(ofPartner: holder.partner) else {
            return .milliseconds(staggerMilliseconds * count)
        }
        let turn = (own + 2 * count - 1 - Int(evidence.first.signer) % count) % count
        return .milliseconds(staggerMilliseconds * turn)
    }

    /// An open or approved proposal to make this node a validator, for which its report is missing.
    private mutating func joining(_ view: GovernanceView) throws(StorageFailure) -> UInt64? {
        guard let validator = holder.validator, try view.validator(of: holder.partner) == nil else { return nil }
        let reported = try view.syncReport(of: holder.partner)
        let count = try view.proposalCount()
        var found: UInt64?
        var first: UInt64?
        var number = firstOpen
        while number < count {
            defer { number += 1 }
            guard let proposal = try view.proposal(number), proposal.isAlive else { continue }
            first = first ?? number
            guard case .addValidator(let claim) = proposal.action, claim.validator == validator else { continue }
            if reported.map({ $0 < proposal.submitted }) ?? true { found = found ?? number }
        }
        firstOpen = first ?? count
        return found
    }
}
