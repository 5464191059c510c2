import Anchors
import Chain
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import TradingTestSupport

@testable import Trading

@Suite("Community: settlement")
struct SettleTests {
    @Test func settlesOnceThenCorrects() throws {
        var community = try SmallCommunity()
        let first = try community.settlement()
        #expect(first.claim.stage == .final)
        #expect(try community.code(first) == nil)
        let stored = try community.network.read(Community.settlements, TestNetwork.firstPeriod, of: community.address)
        #expect(stored == first.record)
        #expect(try community.code(first) == Community.alreadySettled.code)
        // A later reading changes everybody: version 2 names version 1, which stays.
        let better = SmallCommunity.batch(1, revision: 1, extra: 300)
        try community.network.anchor([better], supersedes: community.batches[0].digest)
        community.batches[0] = better
        let second = try community.settlement()
        #expect(second.claim.stage == .corrected && second.claim.version == 2)
        #expect(second.inputs.previous == first.record.digest && second.record.previous == first.record.digest)
        #expect(first.record.previous == nil)
        // Attested or not: a correction with open totals would show by how much somebody's reading changed.
        guard case .open = first.claim.totals else { throw TestFailure("open totals expected") }
        let open = try community.settlement { _, claim in claim = claim.with(totals: first.claim.totals) }
        #expect(try community.code(open) == Community.totalsOpen.code)
        #expect(try community.code(second) == nil)
        let old = try community.network.read(
            Community.replaced, Pair(TestNetwork.firstPeriod, 1), of: community.address)
        #expect(old == first.record)
        #expect(try community.code(second) == Community.otherPrevious.code)
    }

    @Test func attestersMaySettleToo() throws {
        var community = try SmallCommunity()
        let settlement = try community.settlement()
        #expect(try community.code(settlement, by: TestNetwork.outsider) == Community.notSettler.code)
        #expect(try community.code(settlement, by: "dawn") == nil)
    }

    @Test func membersOfSettledPeriodsAreFixed() throws {
        var community = try SmallCommunity()
        #expect(try community.code(try community.settlement()) == nil)
        try community.network.registerMeter(6)
        let late = community.network.admission(6, to: community.address)
        #expect(
            try community.network.code(Community.admit, on: community.address, late) == Community.startSettled.code)
        let next = community.network.admission(6, to: community.address, from: TestNetwork.firstPeriod.next)
        // Attested before the admission, sent after it.
        let stale = try community.settlement(TestNetwork.firstPeriod.next)
        #expect(try community.network.code(Community.admit, on: community.address, next) == nil)
        #expect(try community.code(stale) == Community.otherMembers.code)
        let end = MembershipEnd(member: MemberNumber(1), until: TestNetwork.firstPeriod)
        #expect(
            try community.network.code(Community.endMembership, on: community.address, end)
                == Community.startSettled.code)
    }

    /// Every way to be wrong, honestly signed: each has its own reason.
    @Test func wrongSettlementsAreRefused() throws {
        var community = try SmallCommunity()
        func refused(
            _ kind: RejectionKind, by partners: [String] = ["aurora", "borealis", "corona"],
            listing: SettlementBatches? = nil, _ change: (inout SettlementInputs, inout SettlementClaim) -> Void
        ) throws {
            let settlement = try community.settlement(by: partners, listing: listing, changing: change)
            #expect(try community.code(settlement) == kind.code)
        }
        try refused(Community.otherRules) { inputs, _ in inputs = inputs.with(rules: .zero) }
        try refused(Community.otherMembers) { inputs, _ in inputs = inputs.with(members: .zero) }
        try refused(Community.otherContractVersion) { inputs, _ in inputs = inputs.with(contractVersion: 1) }
        try refused(Community.otherPrevious) { inputs, _ in inputs = inputs.with(previous: SHA256.hash([1])) }
        try refused(Community.otherPrevious) { _, claim in claim = claim.with(version: 2) }
        try refused(Community.wrongStage) { _, claim in claim = claim.with(stage: .corrected) }
        try refused(Community.wrongStage) { _, claim in claim = claim.with(stage: .provisional) }
        try refused(Community.wrongCounts) { _, claim in claim = claim.with(members: 6) }
        try refused(Community.wrongCounts) { _, claim in claim = claim.with(members: 0) }
        let all = try community.settlement().batches.digests
        let unknown = SettlementBatches(all.dropLast() + [Digest(words: (.max, .max, .max, .max))])
        try refused(Community.batchNotAnchored, listing: unknown) { inputs, _ in
            inputs = inputs.with(batches: unknown)
        }
        try refused(Community.batchesNotListed, listing: SettlementBatches([])) { _, _ in }
        try refused(Community.batchesNotListed, listing: SettlementBatches(Array(all.dropLast()))) { _, _ in }
        try refused(Community.periodNotOver) { _, claim in
            claim = claim.with(period: PeriodNumber(community.network.time.value / 3_600_000))
        }
        try refused(Community.periodNotOver) { _, claim in claim = claim.with(period: PeriodNumber(.max)) }
        try refused(Community.wrongCounts) { _, claim in claim = claim.with(missing: .max) }
        try refused(Community.wrongCounts) { _, claim in claim = claim.with(missing: 6) }
        try refused(Community.totalsInvalid) { _, claim in
            guard case .open(let totals) = claim.totals else { return }
            claim = claim.with(
                totals: .open(
                    SettlementTotals(
                        production: totals.production, consumption: totals.consumption, traded: totals.traded,
                        bought: totals.bought + 1, sold: totals.sold, tradePaid: totals.tradePaid,
                        tradeEarned: totals.tradeEarned, gridPaid: totals.gridPaid, gridEarned: totals.gridEarned,
                        fund: totals.fund, rounding: totals.rounding)))
        }
        try refused(Community.notAttested, by: ["aurora", "borealis"]) { _, _ in }
        try refused(Community.notAttested, by: ["aurora", "borealis", "eclipse"]) { _, _ in }
        try refused(Community.notAttested, by: ["aurora", "aurora", "borealis"]) { _, _ in }
        #expect(
            try community.network.read(Community.settlements, TestNetwork.firstPeriod, of: community.address) == nil)
        #expect(try community.network.read(Community.head, of: community.address)?.lastSettled == nil)
    }

    /// Attestations hold for exactly one claim: moving a watt-hour or a balance hash afterwards breaks them.
    @Test func attestationsFitOneResultOnly() throws {
        var community = try SmallCommunity()
        let right = try community.settlement()
        guard case .open(let totals) = right.claim.totals else { throw TestFailure("open totals expected") }
        let moved = SettlementTotals(
            production: totals.production + 1, consumption: totals.consumption + 1, traded: totals.traded,
            bought: totals.bought, sold: totals.sold, tradePaid: totals.tradePaid, tradeEarned: totals.tradeEarned,
            gridPaid: totals.gridPaid, gridEarned: totals.gridEarned, fund: totals.fund, rounding: totals.rounding)
        for claim in [
            right.claim.with(totals: .open(moved)),
            SettlementClaim(
                period: right.claim.period, version: 1, stage: .final, totals: right.claim.totals,
                root: SHA256.hash([9]), members: 5, missing: 0, estimated: 0),
        ] {
            let forged = AttestedSettlement(
                inputs: right.inputs, claim: claim, batches: right.batches, attestations: right.attestations)
            #expect(try community.code(forged) == Community.notAttested.code)
        }
        let fewer = SettlementBatches(Array(right.batches.digests.dropLast()))
        let withheld = AttestedSettlement(
            inputs: right.inputs.with(batches: fewer), claim: right.claim, batches: fewer,
            attestations: right.attestations)
        #expect(try community.code(withheld) == Community.notAttested.code)
        #expect(try community.code(right) == nil)
    }

    @Test func policyOfNamedPartners() throws {
        let policy = AttestationPolicy(attesters: ["borealis", "eclipse"], threshold: 2)
        let rules = CommunityRules(
            name: "A", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(base: PricePair(consumption: 3, production: 1)), activeMembersMin: 2,
            attestation: policy)
        var community = try SmallCommunity(rules, attesters: policy.attesters)
        #expect(try community.code(try community.settlement(by: ["borealis"])) == Community.notAttested.code)
        #expect(try community.code(try community.settlement(by: ["aurora", "borealis"])) == Community.notAttested.code)
        #expect(try community.code(try community.settlement(by: ["borealis", "eclipse"]), by: "eclipse") == nil)
    }

    @Test func provisionalThenFinalThenCorrected() throws {
        // A deadline that is not over: the readings are from 2016, block time is 2023.
        var community = try SmallCommunity(
            testRules(activeMembersMin: 2, deadlineHours: CommunityRules.deadlineHoursMax))
        community.network.time = Timestamp(TestNetwork.firstPeriod.value * 3_600_000 + 90_000_000)
        let complete = community.batches
        let shown = PublishedTotals.open(SettlementTotals.nothing)
        community.batches = Array(complete.dropLast())
        let provisional = try community.settlement()
        #expect(provisional.claim.stage == .provisional && provisional.claim.missing == 1)
        #expect(
            try community.code(try community.settlement { _, claim in claim = claim.with(stage: .final) })
                == Community.wrongStage.code)
        let open = try community.settlement { _, claim in claim = claim.with(totals: shown) }
        #expect(try community.code(open) == Community.totalsOpen.code)
        #expect(try community.code(provisional) == nil)
        community.batches = complete
        let final = try community.settlement()
        #expect(final.claim.stage == .final && final.claim.version == 2)
        #expect(try community.code(final) == nil)
        let correction = try community.settlement()
        #expect(correction.claim.stage == .corrected)
        #expect(try community.code(correction) == nil)
    }

    @Test func sealedTotalsBelowK() throws {
        var community = try SmallCommunity(testRules(activeMembersMin: 3))
        let settlement = try community.settlement()
        guard case .sealed = settlement.claim.totals else { throw TestFailure("two producers are fewer than three") }
        #expect(try community.code(settlement) == nil)
    }

    @Test func deletedBatchesCloseAPeriod() throws {
        var community = try SmallCommunity()
        #expect(try community.code(try community.settlement()) == nil)
        try community.network.must(
            Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: community.batches[2].digest, reason: 1),
            by: "corona")
        #expect(try community.code(try community.settlement()) == Community.batchNotAnchored.code)
    }

    @Test func rejectionCodesAreUnique() {
        let codes = Community.rejections.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes.allSatisfy { $0 >= 100 })
        #expect(Set(Community.rejections.map(\.name)).count == codes.count)
    }
}

extension SettlementTotals {
    fileprivate static let nothing = SettlementTotals(
        production: 0, consumption: 0, traded: 0, bought: 0, sold: 0, tradePaid: 0, tradeEarned: 0, gridPaid: 0,
        gridEarned: 0, fund: 0, rounding: 0)
}
