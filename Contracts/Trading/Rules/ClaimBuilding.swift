package import Chain
internal import LedgerCrypto
package import Primitives

/// Everything that a settlement of one period is computed from, and nothing else.
package struct SettlementTask: Sendable {
    package let community: Address
    package let rules: CommunityRules
    package let period: PeriodNumber
    package let version: UInt32
    /// Stage of the version that is replaced; nil for version 1.
    package let previousStage: SettlementStage?
    /// Whether the deadline of the rules was over when the settlement was made.
    package let isDeadlineOver: Bool
    /// Active members of the period, ascending, with their settings in it.
    package let members: [Member]
    /// Values of the rules' price series for the period's hour, by position; nil where none was published.
    package let values: [Amount?]
    package let batches: [ReadingBatch]
    package let salts: SaltList

    package init(
        community: Address, rules: CommunityRules, period: PeriodNumber, version: UInt32,
        previousStage: SettlementStage?, isDeadlineOver: Bool, members: [Member], values: [Amount?] = [],
        batches: [ReadingBatch], salts: SaltList
    ) {
        self.community = community
        self.rules = rules
        self.period = period
        self.version = version
        self.previousStage = previousStage
        self.isDeadlineOver = isDeadlineOver
        self.members = members
        self.values = values
        self.batches = batches
        self.salts = salts
    }
}

/// A settled period before it is attested: the claim for the chain, and the list behind its root for the lake.
package struct SettlementResult: Sendable {
    package let claim: SettlementClaim
    package let settlement: PeriodSettlement
    /// Leaves under the claim's root, in the order of the lines.
    package let leaves: [Digest]
}

extension SettlementTask {
    /// Settles the period and hashes every line. Deterministic: this is what attesters compare.
    package func run() throws(SettlementError) -> SettlementResult {
        guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
        let balances = try BalanceAssembly.balances(
            of: members, rules: rules, period: period, batches: batches, values: values)
        let settlement = try PeriodSettlement(
            community: community, period: period, version: version, rules: rules, balances: balances,
            terms: try AllocationTerms(members, rules: rules, at: start, values: values), values: values)
        let leaves = try settlement.leaves(salts)
        let missing = settlement.lines.count { $0.quality == .missing }
        let estimated = settlement.lines.count { $0.quality == .estimated }
        let stage = SettlementStage(
            isIncomplete: missing + estimated > 0, isDeadlineOver: isDeadlineOver, previous: previousStage)
        let claim = SettlementClaim(
            period: period, version: version, stage: stage,
            totals: settlement.publishedTotals(
                activeMembersMin: rules.activeMembersMin, stage: stage, salt: salts.community),
            root: MerkleTree.root(leaves), members: UInt32(clamping: settlement.lines.count),
            missing: UInt32(clamping: missing), estimated: UInt32(clamping: estimated))
        return SettlementResult(claim: claim, settlement: settlement, leaves: leaves)
    }
}

extension SettlementStage {
    /// The stage of a settlement that follows `previous`.
    package init(isIncomplete: Bool, isDeadlineOver: Bool, previous: SettlementStage?) {
        switch previous {
        case .final, .corrected: self = .corrected
        case nil, .provisional: self = isIncomplete && !isDeadlineOver ? .provisional : .final
        }
    }
}

extension PeriodSettlement {
    /// Salted leaves in the order of the lines; the salts must be those of exactly these members.
    package func leaves(_ salts: SaltList) throws(SettlementError) -> [Digest] {
        guard salts.members.count == lines.count else { throw .saltsMismatch }
        var leaves: [Digest] = []
        leaves.reserveCapacity(lines.count)
        for (line, entry) in zip(lines, salts.members) {
            guard line.member == entry.member else { throw .saltsMismatch }
            leaves.append(line.leaf(salt: entry.salt))
        }
        return leaves
    }

    /// Sealed when fewer than k members give or fewer than k take, and in every version of a period but the first final
    /// one: the difference of two versions is what changed, often one home's reading.
    package func publishedTotals(
        activeMembersMin: UInt16, stage: SettlementStage, salt: Digest
    ) -> PublishedTotals {
        stage != .final || min(activeProducers, activeConsumers) < Int(activeMembersMin)
            ? .sealed(PublishedTotals.seal(totals, salt: salt)) : .open(totals)
    }
}

extension PublishedTotals {
    /// `SHA-256(00 || salt || BCS(totals))`.
    package static func seal(_ totals: SettlementTotals, salt: Digest) -> Digest {
        SaltedLeaf.digest(salt: salt, totals.bcs)
    }
}
