import Chain
import ContractKit
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

/// Readings go to whom the policy of their own time names, and not to those of a policy that came later.
@Suite("Readings of earlier memberships") struct PastMembershipTests {
    /// Six hours of an earlier community of borealis, then as many of a later one of dawn; both are run by aurora.
    struct Moved {
        let cluster: Cluster
        let earlier: Address
        let later: Address
        let before = Homes.batch(1)
        let after = Homes.batch(1, hours: 1, from: 6)
        static let change = PeriodNumber(Homes.first.value + 6)

        init() throws {
            let cluster = try Cluster()
            self.cluster = cluster
            func rules(_ attester: String) -> CommunityRules {
                Homes.rules(AttestationPolicy(attesters: [attester], threshold: 1))
            }
            earlier = try cluster.community(rules("borealis"), homes: 1, from: Homes.first, batches: [before, after])
            let first = earlier
            later = try cluster.network.withLock { (network) throws in
                try network.before(Timestamp(Moved.change.value * 3_600_000)) {
                    _ = try $0.must(
                        Community.endMembership, on: first, MembershipEnd(member: MemberNumber(1), until: Moved.change))
                }
                _ = try network.emptyBlock()
                let address = try network.found(rules("dawn"))
                _ = try network.must(
                    Community.admit, on: address,
                    network.admission(1, to: address, attesters: ["dawn"], from: Moved.change))
                return address
            }
        }
    }

    private func reason(_ answer: LakeMessage?) -> LakeRefusal.Reason? {
        if case .refused(let refusal)? = answer { refusal.reason } else { nil }
    }

    /// Erasing what one membership left behind leaves another one's readings of the same meter alone.
    @Test func erasureIsOfOneMembership() throws {
        let moved = try Moved()
        let lake = try moved.cluster.lake("aurora")
        for batch in [moved.before, moved.after] { try lake.store(batch.bcs) }
        let erasure = Erasure(
            lake: lake, chain: moved.cluster.chain, now: moved.cluster.time,
            communities: Cluster.communities(of: "aurora"))
        for (community, own) in [(moved.earlier, moved.before), (moved.later, moved.after)] {
            let plan = try erasure.plan(of: MemberNumber(1), in: community)
            #expect(plan.batches.isEmpty && plan.unanchored.isEmpty && plan.kept.map(\.batch) == [own.digest])
        }
    }

    @Test func eachPolicyHasItsOwn() async throws {
        let moved = try Moved()
        let cluster = moved.cluster
        for (batch, named, other) in [(moved.before, "borealis", "dawn"), (moved.after, "dawn", "borealis")] {
            let message = LakeMessage.batch(batch.digest)
            #expect(await cluster.ask("aurora", message, from: named) == .batchBytes(batch.bcs))
            #expect(reason(await cluster.ask("aurora", message, from: other)) == .notPermitted)
            // Who runs both and who provides the readings has all of them.
            for partner in ["aurora", Cluster.provider] {
                #expect(await cluster.ask("aurora", message, from: partner) == .batchBytes(batch.bcs))
            }
            // Nor does the other one take them.
            let store = LakeMessage.store(batch.bcs)
            #expect(reason(await cluster.ask(other, store, from: "aurora")) == .notPermitted)
            #expect(await cluster.ask(named, store, from: "aurora") == .stored(batch.digest))
            // A node of the policy gives them back, as after the loss of the administrator's lake.
            #expect(await cluster.ask(named, message, from: "aurora") == .batchBytes(batch.bcs))
        }
    }

    @Test func listsAreOfTheMembership() async throws {
        let moved = try Moved()
        let cluster = moved.cluster
        func listed(_ address: Address, _ partner: String) async throws -> [Digest] {
            let message = LakeMessage.list(community: address, from: Timestamp(0), to: Timestamp(.max))
            guard case .listed(let listed)? = await cluster.ask("aurora", message, from: partner) else {
                throw TestFailure("a list was expected")
            }
            return listed.map(\.digest)
        }
        #expect(try await listed(moved.earlier, "borealis") == [moved.before.digest])
        #expect(try await listed(moved.later, "dawn") == [moved.after.digest])
    }

    /// Uploads at the door are judged likewise.
    @Test func theDoorGoesByTheReadingsTime() throws {
        let moved = try Moved()
        let cluster = moved.cluster
        try cluster.registerUploadKey()
        let (before, after) = (
            Homes.batch(1, revision: 1), Homes.batch(1, hours: 1, revision: 1, from: 6)
        )
        #expect(try cluster.service("borealis").accept(cluster.upload(before)).digest == before.digest)
        #expect(try cluster.service("dawn").accept(cluster.upload(after)).digest == after.digest)
        #expect(throws: LakeRefusal.self) { try cluster.service("dawn").accept(cluster.upload(before)) }
        #expect(throws: LakeRefusal.self) { try cluster.service("borealis").accept(cluster.upload(after)) }
    }

    /// One hour that two memberships share in a batch is both's: batches are not cut.
    @Test func aBatchAcrossTheChangeIsBoths() throws {
        let moved = try Moved()
        let chain = moved.cluster.chain
        let change = Timestamp(Moved.change.value * 3_600_000)
        let communities = try [moved.earlier, moved.later].compactMap { try chain.community($0) }
        func mayHold(_ from: Int64, _ to: Int64, _ partner: String) throws -> Bool {
            try chain.mayHold(
                TestNetwork.meter(1), from: Timestamp(UInt64(Int64(change.value) + from)),
                to: Timestamp(UInt64(Int64(change.value) + to)), partner: partner
            ) { communities }
        }
        for partner in ["borealis", "dawn"] { #expect(try mayHold(-1, 1, partner)) }
        #expect(try mayHold(-1, 0, "borealis") && !mayHold(-1, 0, "dawn"))
        #expect(try mayHold(0, 1, "dawn") && !mayHold(0, 1, "borealis"))
        // Before any membership they are their provider's only.
        let start = Int64(Homes.first.value * 3_600_000) - Int64(change.value)
        #expect(try !mayHold(start - 1, start, "borealis") && !mayHold(start - 1, start, "aurora"))
        #expect(try mayHold(start - 1, start, Cluster.provider))
    }
}
