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

/// What somebody could try with a settlement, and the reason with which it is refused: by the chain although honest
/// partners attested it, or by the partners before.
@Suite("Abuse of settlement")
struct AbuseTests {
    static let homes = 4

    private func cluster(at time: Timestamp = Timestamp(1_700_000_000_000)) throws -> (Cluster, Address) {
        let cluster = try Cluster()
        cluster.network.withLock { $0.time = time }
        let address = try cluster.community(
            Homes.rules(), homes: Self.homes, from: Homes.first, batches: (1...Self.homes).map { Homes.batch($0) })
        return (cluster, address)
    }

    /// A claim with the signatures of all four partners, as if they had colluded.
    private func signed(
        _ inputs: SettlementInputs, _ claim: SettlementClaim, _ batches: SettlementBatches, _ cluster: Cluster,
        _ address: Address
    ) -> AttestedSettlement {
        let record = SettlementRecord(inputs, claim)
        return AttestedSettlement(
            inputs: inputs, claim: claim, batches: batches,
            attestations: cluster.network.withLock { $0.attestations(record, address, by: TestNetwork.partners) })
    }

    private func refusal(_ message: LakeMessage?) -> LakeRefusal? {
        if case .refused(let refusal)? = message { refusal } else { nil }
    }

    @Test func settlingTwiceAndReplays() async throws {
        let (cluster, address) = try cluster()
        let first = try await cluster.settle(address, Homes.first)
        #expect(try cluster.submit(first, to: address) == Community.alreadySettled.code)
        #expect(throws: SettlementRefusal.unchanged(Homes.first, version: 1)) {
            try cluster.engine().prepare(address, period: Homes.first)
        }
        try cluster.arrive(Homes.batch(2, revision: 1, more: 90), supersedes: Homes.batch(2).digest)
        let second = try await cluster.settle(address, Homes.first)
        // Every old settlement, sent again by anybody, after the correction.
        for partner in TestNetwork.partners {
            #expect(try cluster.submit(first, to: address, by: partner) == Community.alreadySettled.code)
            #expect(try cluster.submit(second, to: address, by: partner) == Community.otherPrevious.code)
        }
        // Into another period, or community, its signatures do not fit.
        let moved = SettlementClaim(
            period: Homes.first.next, version: 1, stage: .final, totals: first.claim.totals, root: first.claim.root,
            members: first.claim.members, missing: 0, estimated: 0)
        let elsewhere = AttestedSettlement(
            inputs: first.inputs, claim: moved, batches: first.batches, attestations: first.attestations)
        #expect(try cluster.submit(elsewhere, to: address) == Community.notAttested.code)
        let twin = try cluster.network.withLock { try $0.found(Homes.rules()) }
        #expect(try cluster.submit(first, to: twin) == Community.otherMembers.code)
        #expect(try cluster.chain.settlement(of: address, period: Homes.first) == second.record)
    }

    /// Not even with everybody's signature.
    @Test func theFutureIsNotSettled() async throws {
        let (cluster, address) = try cluster(at: Timestamp((Homes.first.value + 2) * 3_600_000))
        let now = PeriodNumber(cluster.chain.time.value / 3_600_000)
        #expect(throws: SettlementRefusal.notOver(now)) { try cluster.engine().prepare(address, period: now) }
        let past = try cluster.engine().prepare(address, period: Homes.first)
        for period in [now, now.next, PeriodNumber(now.value + 1_000_000), PeriodNumber(.max)] {
            let claim = SettlementClaim(
                period: period, version: 1, stage: .final, totals: past.result.claim.totals,
                root: past.result.claim.root, members: past.result.claim.members, missing: 0, estimated: 0)
            let settlement = signed(past.inputs, claim, past.batches, cluster, address)
            #expect(try cluster.submit(settlement, to: address) == Community.periodNotOver.code)
            let request = AttestationRequest(
                community: address, inputs: past.inputs, batches: past.batches, claim: claim)
            let answer = refusal(await cluster.ask("borealis", .attest(request), from: Cluster.administrator))
            #expect(answer?.reason == .otherInputs && answer?.text.contains("not over") == true)
        }
    }

    /// A reading that was changed after anchoring, one that was never anchored, and one that somebody else than the
    /// meter's data provider anchored.
    @Test func forgedReadingsAreRefused() async throws {
        let (cluster, address) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let right = Homes.batch(2)
        let forged = Homes.batch(2, revision: 1, more: 5_000)
        let digests = prepared.batches.digests.filter { $0 != right.digest } + [forged.digest]
        let named = SettlementBatches(digests.sorted())
        let inputs = SettlementInputs(
            rules: prepared.inputs.rules, members: prepared.inputs.members, batches: named,
            salts: prepared.inputs.salts, previous: .zero, contractVersion: Community.version)
        let request = AttestationRequest(
            community: address, inputs: inputs, batches: named, claim: prepared.result.claim)
        try cluster.lake(Cluster.administrator).store(forged.bcs)
        let unknown = refusal(await cluster.ask("borealis", .attest(request), from: Cluster.administrator))
        #expect(unknown?.reason == .unknown && unknown?.text.contains("not anchored") == true)
        let colluded = signed(inputs, prepared.result.claim, named, cluster, address)
        #expect(try cluster.submit(colluded, to: address) == Community.batchNotAnchored.code)
        // The administrator anchors it under its own name: it is not the meter's provider.
        try cluster.network.withLock { (network) in
            _ = try network.must(
                Anchors.register, on: WellKnown.anchors, RegisterDataSet(name: "mine", schema: ReadingBatch.schema))
            let span = try #require(forged.span)
            _ = try network.must(
                Anchors.append, on: WellKnown.anchors,
                AppendBatches(
                    dataSet: "mine",
                    batches: [
                        NewBatch(
                            digest: forged.digest, root: forged.root, count: UInt32(forged.readings.count),
                            from: span.from, to: span.to, supersedes: nil)
                    ]))
        }
        // An honest node does not even give it; this one did.
        try cluster.lake("borealis").store(forged.bcs)
        let foreign = refusal(await cluster.ask("borealis", .attest(request), from: Cluster.administrator))
        #expect(foreign?.reason == .otherInputs)
        // The honest way leads past it.
        let settled = try await cluster.settle(address, Homes.first)
        #expect(settled.batches.digests == prepared.batches.digests)
    }

    /// A member withdraws: what was computed with it before is refused by the chain, what is computed with it afterwards
    /// by the partners, and the chain takes it for the periods of the membership only.
    @Test func aWithdrawnConsentIsRespected() async throws {
        let (cluster, address) = try cluster(at: Timestamp((Homes.first.value + 1) * 3_600_000 + 60_000))
        let member = try #require(
            try cluster.network.withLock { try $0.read(Community.members, MemberNumber(2), of: address) })
        let early = try cluster.engine().prepare(address, period: Homes.first)
        let stale = try await cluster.engine().attest(early, ask: cluster.asking())
        try cluster.network.withLock { (network) in
            let digest = Withdrawal.signingDigest(
                network: network.genesis.network, community: address, member: member.number, consent: member.consent)
            _ = try network.must(
                Community.withdraw, on: address,
                Withdrawal(
                    member: member.number,
                    signature: MemberSignature(signing: digest, with: TestNetwork.memberKey(2))), by: "dawn")
            network.time = Timestamp((Homes.first.value + 6) * 3_600_000)
            _ = try network.emptyBlock()
        }
        #expect(try cluster.submit(stale, to: address) == Community.otherMembers.code)
        // The membership ended with the hour of the withdrawal; the third hour with the member's readings is no result.
        let third = PeriodNumber(Homes.first.value + 2)
        let right = try cluster.engine().prepare(address, period: third)
        #expect(right.result.claim.members == 3)
        let all = SettlementBatches((1...Self.homes).map { Homes.batch($0).digest }.sorted())
        let inputs = SettlementInputs(
            rules: right.inputs.rules, members: right.inputs.members, batches: all, salts: right.inputs.salts,
            previous: .zero, contractVersion: Community.version)
        let claim = SettlementClaim(
            period: third, version: 1, stage: .final, totals: right.result.claim.totals,
            root: right.result.claim.root, members: 4, missing: 0, estimated: 0)
        let request = AttestationRequest(community: address, inputs: inputs, batches: all, claim: claim)
        let answer = refusal(await cluster.ask("borealis", .attest(request), from: Cluster.administrator))
        #expect(answer?.reason == .otherInputs && answer?.text.contains("does not belong to this period") == true)
        // The first hour is still the member's, and is settled with it.
        let settled = try await cluster.settle(address, Homes.first)
        #expect(settled.claim.members == 4)
        #expect(try await cluster.settle(address, third).claim.members == 3)
    }
}
