internal import Chain
internal import ContractKit
package import Primitives

extension Community {
    /// Applies an attested result. Recomputes nothing: that is what the attestations say was done.
    static func settlePeriod(_ context: Context, _ settlement: AttestedSettlement) throws(Rejection) -> Digest {
        var head = try requireHead(context)
        let rules = try rules(context)
        let (inputs, claim) = (settlement.inputs, settlement.claim)
        try requireSettler(context, head, rules)
        try require(inputs.rules == head.rules, otherRules())
        try require(inputs.members == head.members, otherMembers())
        try require(
            inputs.contractVersion == version,
            otherContractVersion("version \(inputs.contractVersion), pinned is \(version)"))
        let lacking = try checked(claim.missing.adding(claim.estimated))
        try require(claim.members > 0 && claim.members <= head.memberCount && lacking <= claim.members, wrongCounts())
        let current = try settlements.get(claim.period, in: context)
        try checkVersion(claim, inputs, after: current)
        try checkStage(claim, rules, after: current, context)
        if let current { try checkWindow(current.claim, context) }
        if case .open(let totals) = claim.totals {
            try require(claim.stage == .final, totalsOpen())
            if let problem = totals.problem(rules.model) { throw totalsInvalid(problem) }
        }
        if rules.listsBatches { try checkBatches(settlement, context) }
        let record = settlement.record
        if let refusal = try context.check(settlement.attestations, of: record.digest, under: rules.attestation) {
            throw notAttested(refusal.text)
        }
        if let current {
            try replaced.set(Pair(claim.period, current.claim.version), current, in: context)
        }
        try settlements.set(claim.period, record, in: context)
        try openWindow(claim, rules, isFirst: current == nil, context)
        head.lastSettled = max(head.lastSettled ?? claim.period, claim.period)
        try Community.head.set(head, in: context)
        try context.emit(settled, record)
        return record.digest
    }

    private static func requireSettler(
        _ context: Context, _ head: CommunityHead, _ rules: CommunityRules
    ) throws(Rejection) {
        let partner = try context.requirePartner()
        let isAttester =
            rules.attestation.attesters.isEmpty
            ? context.block.validators.index(ofPartner: partner) != nil
            : rules.attestation.attesters.contains(partner)
        try require(partner == head.administrator || isAttester, notSettler())
    }

    private static func checkBatches(_ settlement: AttestedSettlement, _ context: Context) throws(Rejection) {
        try require(settlement.inputs.names(settlement.batches), batchesNotListed())
        for batch in settlement.batches.digests {
            guard let anchor = try context.batch(batch), anchor.schema == ReadingBatch.schema,
                try !context.isDeleted(batch)
            else { throw batchNotAnchored("batch \(batch.short)") }
        }
    }

    private static func checkVersion(
        _ claim: SettlementClaim, _ inputs: SettlementInputs, after current: SettlementRecord?
    ) throws(Rejection) {
        guard let current else {
            try require(inputs.previous == .zero && claim.version == 1, otherPrevious("the period has no settlement"))
            return
        }
        try require(inputs.previous != .zero, alreadySettled("version \(current.claim.version) is current"))
        let next = try checked(current.claim.version.adding(1))
        try require(
            inputs.previous == current.digest && claim.version == next,
            otherPrevious("version \(current.claim.version) is current"))
    }

    private static func checkStage(
        _ claim: SettlementClaim, _ rules: CommunityRules, after current: SettlementRecord?, _ context: Context
    ) throws(Rejection) {
        guard let end = rules.period.end(of: claim.period), context.time >= end else { throw periodNotOver() }
        let stage = SettlementStage(
            isIncomplete: claim.missing > 0 || claim.estimated > 0,
            isDeadlineOver: context.time >= rules.deadline(afterEnd: end),
            previous: current?.claim.stage)
        try require(claim.stage == stage, wrongStage())
    }
}

extension CommunityRules {
    /// When a period that ended at `end` may become final although readings lack.
    package func deadline(afterEnd end: Timestamp) -> Timestamp {
        end.adding(milliseconds: UInt64(deadlineHours) * 3_600_000)
    }
}
