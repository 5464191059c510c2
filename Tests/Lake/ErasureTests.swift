import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Erasure")
struct ErasureTests {
    private func erasure(_ cluster: Cluster, _ partner: String = Cluster.administrator) throws -> Erasure {
        Erasure(
            lake: try cluster.lake(partner), chain: cluster.chain, now: cluster.time,
            communities: Cluster.communities(of: partner))
    }

    /// Nothing may go while a period can be corrected; afterwards the member's readings go everywhere, and proofs stay.
    @Test func afterTheWindowAndNotBefore() async throws {
        let (cluster, address) = try await WebVerifierTests.settled(Homes.rules(), hours: 2)
        let end = PeriodNumber(Homes.first.value + 2)
        let before = try await cluster.statement(of: 1, in: address, from: Homes.first, to: end).json()
        let own = Homes.batch(1, hours: 3)
        // The third hour that the batch has is not settled.
        #expect(try erasure(cluster).plan(of: MemberNumber(1), in: address).kept.map(\.batch) == [own.digest])
        _ = try await cluster.settle(address, end)
        let early = try erasure(cluster).plan(of: MemberNumber(1), in: address)
        #expect(
            early.batches.isEmpty && early.kept.count == 1 && early.kept[0].reason.contains("may be corrected until"))
        // What an upload that was broken off left is no business of the chain.
        let lake = try cluster.lake(Cluster.administrator)
        let stray = Homes.batch(1, hours: 3, revision: 1, more: 200)
        try cluster.registerUploadKey()
        _ = try cluster.service(Cluster.administrator).accept(cluster.upload(stray))
        // The windows of the rules: 60 days, and to the next midnight.
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 62 * 86_400_000) }
        let plan = try erasure(cluster).plan(of: MemberNumber(1), in: address)
        #expect(plan.batches == [own.digest] && plan.kept.isEmpty && !plan.isWhole)
        #expect(plan.unanchored == [stray.digest])
        #expect(throws: LakeRefusal.self) { try erasure(cluster).forget(MemberNumber(1), in: address) }
        // The owner's tombstone, and every lake follows it.
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: own.digest, reason: 7), by: "corona")
        }
        for partner in TestNetwork.partners {
            _ = try erasure(cluster, partner).followTombstones()
            #expect(try cluster.lake(partner).entry(own.digest)?.status != .held)
            #expect(try erasure(cluster, partner).followTombstones() == 0)
        }
        #expect(cluster.verify(before).isRight)
        let neighbour = try await cluster.statement(of: 2, in: address, from: Homes.first, to: end)
        #expect(cluster.verify(try neighbour.json()).isRight)
        #expect(throws: SettlementRefusal.self) { try cluster.engine().prepare(address, period: Homes.first) }
        // The membership ends; then key, salts and lines may go, and the leaves say nothing to anybody.
        try cluster.network.withLock {
            let until = PeriodNumber(end.value + 1)
            try $0.before(Timestamp(until.value * 3_600_000)) {
                _ = try $0.must(
                    Community.endMembership, on: address, MembershipEnd(member: MemberNumber(1), until: until))
            }
        }
        #expect(try erasure(cluster).plan(of: MemberNumber(1), in: address).isWhole)
        try erasure(cluster).forget(MemberNumber(1), in: address)
        #expect(try lake.entry(stray.digest) == nil)
        #expect(throws: LakeError.self) { try lake.bytes(stray.digest) }
        #expect(try lake.secrets.key(of: MemberNumber(1), in: address) == nil)
        #expect(try lake.results.entries(of: address, period: Homes.first, version: 1).first?.line == nil)
        await #expect(throws: (any Error).self) {
            try await cluster.statement(of: 1, in: address, from: Homes.first, to: end)
        }
        #expect(cluster.verify(before).isRight)
        let again = try await cluster.statement(of: 2, in: address, from: Homes.first, to: end)
        #expect(cluster.verify(try again.json()).isRight)
    }
}
