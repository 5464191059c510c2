import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Attested settlement")
struct AttesterTests {
    static let homes = 5

    private func cluster(_ attestation: AttestationPolicy = .validators) throws -> (Cluster, Address, [ReadingBatch]) {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0) }
        let address = try cluster.community(
            Homes.rules(attestation), homes: Self.homes, from: Homes.first, batches: batches)
        return (cluster, address, batches)
    }

    /// What the attester of borealis says to a request of the administrator.
    private func answer(_ cluster: Cluster, _ request: AttestationRequest) async -> LakeMessage? {
        await cluster.ask("borealis", .attest(request), from: Cluster.administrator)
    }

    private func refusal(_ message: LakeMessage?) -> LakeRefusal? {
        if case .refused(let refusal)? = message { refusal } else { nil }
    }

    @Test(.enabled(if: Shared.isPresent)) func realHomesSettleHourByHour() async throws {
        let cluster = try Cluster()
        let names = AdaptorTests.names
        let adaptor = HourlyAdaptor(
            clock: HourlyAdaptor.californiaClock,
            meters: Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, TestNetwork.meter($0 + 1)) }),
            receivedAt: Timestamp(1_501_600_000_000))
        let adapted = try adaptor.read([UInt8](try Shared.data("data/cec17_hourly.csv")))
        let start = Timestamp(Homes.first.value * 3_600_000)
        var drawn: UInt8 = 0
        let batches = adapted.batches(from: start, to: start.adding(milliseconds: 86_400_000), span: .max) {
            drawn &+= 1
            return SHA256.hash([drawn])
        }
        // All three must attest: at a mere quorum the third need not have fetched the last batches.
        let all = AttestationPolicy(attesters: ["borealis", "corona", "dawn"], threshold: 3)
        let address = try cluster.community(
            Homes.rules(all, activeMembersMin: 4), homes: 17, from: Homes.first, batches: batches)
        for hour in 0..<UInt64(24) {
            _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + hour))
        }
        // Every attester has all batches now, and the whole day of any member checks offline.
        for partner in ["borealis", "corona", "dawn"] {
            #expect(try batches.filter { try cluster.lake(partner).entry($0.digest)?.status == .held }.count == 17)
        }
        let end = PeriodNumber(Homes.first.value + 24)
        let statement = try await cluster.statement(of: 6, in: address, from: Homes.first, to: end)
        let report = cluster.verify(try statement.json())
        #expect(report.isRight, "\(report.failures)")
        #expect(statement.lines.count == 24 && statement.open.isEmpty)
    }

    @Test func honestClaimIsSignedAndSettled() async throws {
        let (cluster, address, _) = try cluster()
        let settlement = try await cluster.settle(address, Homes.first)
        #expect(settlement.attestations.count >= 3)
        #expect(throws: SettlementRefusal.unchanged(Homes.first, version: 1)) {
            try cluster.engine().prepare(address, period: Homes.first)
        }
        // The administrator corrects the period with a better reading.
        try cluster.arrive(Homes.batch(2, revision: 1, more: 200), supersedes: Homes.batch(2).digest)
        let correction = try await cluster.settle(address, Homes.first)
        #expect(correction.claim.stage == .corrected && correction.inputs.previous == settlement.record.digest)
    }

    @Test func wrongClaimsAreNeverSigned() async throws {
        let (cluster, address, batches) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let right = prepared.request
        guard case .open(let totals) = right.claim.totals else { throw TestFailure("open totals expected") }
        func claim(
            _ totals: SettlementTotals, root: Digest? = nil, missing: UInt32 = 0, stage: SettlementStage = .final
        )
            -> SettlementClaim
        {
            SettlementClaim(
                period: Homes.first, version: 1, stage: stage, totals: .open(totals), root: root ?? right.claim.root,
                members: right.claim.members, missing: missing, estimated: 0)
        }
        func inputs(
            rules: Digest? = nil, members: Digest? = nil, batches: SettlementBatches? = nil, salts: Digest? = nil,
            previous: Digest = .zero, version: UInt32 = Community.version
        ) -> SettlementInputs {
            let own = right.inputs
            return SettlementInputs(
                rules: rules ?? own.rules, members: members ?? own.members, batches: batches ?? right.batches,
                salts: salts ?? own.salts, previous: previous, contractVersion: version)
        }
        // One watt-hour moved from consumption to production, totals still consistent.
        let moved = SettlementTotals(
            production: totals.production + 1, consumption: totals.consumption + 1, traded: totals.traded,
            bought: totals.bought, sold: totals.sold, tradePaid: totals.tradePaid, tradeEarned: totals.tradeEarned,
            gridPaid: totals.gridPaid, gridEarned: totals.gridEarned, fund: totals.fund, rounding: totals.rounding)
        var leaves = prepared.result.leaves
        leaves[2] = SHA256.hash(leaves[2].bytes)
        let all = right.batches
        let withheld = SettlementBatches(all.digests.filter { $0 != batches[3].digest })
        let invented = SettlementBatches([SHA256.hash([2])])
        let wrong: [(SettlementInputs, SettlementBatches, SettlementClaim, LakeRefusal.Reason, String)] = [
            (right.inputs, all, claim(moved), .otherResult, "totals"),
            (right.inputs, all, claim(totals, root: MerkleTree.root(leaves)), .otherResult, "balances"),
            (right.inputs, all, claim(totals, missing: 1), .otherResult, "counts"),
            (right.inputs, all, claim(totals, stage: .provisional), .otherResult, "stage"),
            (inputs(batches: withheld), withheld, right.claim, .otherInputs, "left out"),
            (right.inputs, withheld, right.claim, .otherInputs, "not those that the inputs name"),
            (inputs(version: 1), all, right.claim, .otherInputs, "contract version"),
            (inputs(rules: .zero), all, right.claim, .otherInputs, "rules"),
            (inputs(members: .zero), all, right.claim, .otherInputs, "members"),
            (inputs(salts: .zero), all, right.claim, .otherInputs, "salts"),
            (inputs(previous: SHA256.hash([1])), all, right.claim, .otherInputs, "replaces another"),
            (inputs(batches: invented), invented, right.claim, .unknown, "not anchored"),
        ]
        // The attester needs the batches first, or it could not know of one that is withheld.
        #expect(refusal(await answer(cluster, right)) == nil)
        for (inputs, batches, claim, reason, word) in wrong {
            let request = AttestationRequest(community: address, inputs: inputs, batches: batches, claim: claim)
            let refusal = refusal(await answer(cluster, request))
            #expect(
                refusal?.reason == reason && refusal?.text.contains(word) == true,
                "\(word): \(String(describing: refusal))")
        }
        #expect(
            refusal(
                await answer(
                    cluster,
                    AttestationRequest(
                        community: WellKnown.host, inputs: right.inputs, batches: all, claim: right.claim)))?
                .reason == .unknown)
    }

    @Test func aBatchThatNobodySendsIsNotBelieved() async throws {
        let (cluster, address, batches) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        try cluster.lake(Cluster.administrator).erase(batches[0].digest, reason: 1)
        #expect(refusal(await answer(cluster, prepared.request))?.reason == .notHeld)
        await #expect(throws: SettlementRefusal.self) {
            try await cluster.engine().attest(prepared, ask: cluster.asking())
        }
    }

    @Test func onlyThePolicysPartnersAttest() async throws {
        let (cluster, address, _) = try cluster(AttestationPolicy(attesters: ["borealis", "dawn"], threshold: 2))
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        for outsider in ["corona", TestNetwork.outsider] {
            let refused = refusal(
                await cluster.ask(outsider, .attest(prepared.request), from: Cluster.administrator))
            #expect(refused?.reason == .notPermitted)
        }
        #expect(
            refusal(await cluster.ask("borealis", .attest(prepared.request), from: "corona"))?.reason == .notPermitted)
        // One of two is too few, both are enough.
        await #expect(throws: SettlementRefusal.self) {
            try await cluster.engine().attest(prepared, ask: cluster.asking(except: ["dawn"]))
        }
        let settlement = try await cluster.engine().attest(prepared, ask: cluster.asking())
        #expect(settlement.attestations.map(\.partner) == ["borealis", "dawn"])
        #expect(try cluster.submit(settlement, to: address) == nil)
    }

    @Test func aLyingAttesterSpoilsNothing() async throws {
        let (cluster, address, _) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let honest = cluster.asking()
        let settlement = try await cluster.engine().attest(prepared) { (partner, message) in
            guard partner == "corona" else { return await honest(partner, message) }
            return .attested(
                Attestation(
                    signing: SHA256.hash([1]), network: cluster.chain.network, instance: address, partner: partner,
                    key: TestNetwork.key(partner)))
        }
        #expect(settlement.attestations.map(\.partner) == ["aurora", "borealis", "dawn"])
        #expect(try cluster.submit(settlement, to: address) == nil)
    }

    @Test func enginesRefusalsAreInWords() async throws {
        let (cluster, address, batches) = try cluster()
        let engine = try cluster.engine()
        func refused(_ expected: SettlementRefusal, _ period: PeriodNumber, _ community: Address? = nil) {
            #expect(throws: expected) { try engine.prepare(community ?? address, period: period) }
        }
        refused(.unknownCommunity, Homes.first, WellKnown.host)
        refused(.noMembers(PeriodNumber(1)), PeriodNumber(1))
        let now = PeriodNumber(cluster.chain.time.value / 3_600_000)
        refused(.notOver(now), now)
        // A damaged file on disk is named, and healed by storing the batch again.
        try cluster.lake(Cluster.administrator).secrets.destroy(MemberNumber(4), in: address)
        refused(.noSalts(Homes.first, version: 1), Homes.first)
        try cluster.lake(Cluster.administrator).erase(batches[1].digest, reason: 2)
        refused(.closed(batch: batches[1].digest, batches[1].meter), Homes.first)
    }

    @Test func workloadIsDeterministic() throws {
        let workload = SettlementWorkload(members: 50)
        let first = try workload.run(periods: 20)
        #expect(first.memberPeriods == 1_000)
        #expect(try workload.run(periods: 20).digest == first.digest)
        #expect(try workload.run(periods: 21).digest != first.digest)
    }
}
