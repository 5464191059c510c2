import Anchors
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

/// Many tombstones at once: what the chain does not take of them holds up no other.
@Suite("Declaring batches deleted") struct BurialTests {
    private let batches = (1...40).map { Homes.batch(1, hours: 1, revision: UInt16($0)) }

    private func cluster() throws -> Cluster {
        let cluster = try Cluster()
        _ = try cluster.community(Homes.rules(), homes: 1, from: Homes.first, batches: batches)
        return cluster
    }

    /// `transactions` counts what goes to the chain.
    private func burial(_ cluster: Cluster, _ transactions: @escaping @Sendable () -> Void = {}) -> Burial {
        Burial(partner: Cluster.provider) { calls in
            transactions()
            return try cluster.network.withLock { try $0.run(calls, by: Cluster.provider).rejection }
        } status: { batch in
            let chain = cluster.chain
            return try chain.anchor(batch).map { Burial.Status(owner: $0.owner, isDeleted: try chain.isDeleted(batch)) }
        }
    }

    @Test func oneBadBatchKeepsNoOtherBack() async throws {
        let cluster = try cluster()
        let (stranger, nowhere) = (Homes.batch(1, hours: 2), Homes.batch(1, hours: 3))
        try cluster.squat(stranger, by: "borealis")
        try cluster.network.withLock { (network) throws in
            _ = try network.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: batches[3].digest, reason: 9),
                by: Cluster.provider)
        }
        let digests = batches.map(\.digest)
        let count = Mutex(0)
        let named = Array(digests[..<10]) + [stranger.digest, nowhere.digest] + Array(digests[10...])
        let outcome = try await burial(cluster) { count.withLock { $0 += 1 } }.declare(named, reason: 7)
        #expect(outcome.declared == digests)
        #expect(outcome.left.map(\.batch) == [stranger.digest, nowhere.digest])
        #expect(outcome.left.first?.reason.contains("borealis") == true)
        let chain = cluster.chain
        for digest in digests { #expect(try chain.isDeleted(digest)) }
        #expect(try chain.tombstone(digests[3])?.reason == 9)
        #expect(try !chain.isDeleted(stranger.digest))
        // The first transaction of 32 was made twice, that of the rest once.
        #expect(count.withLock { $0 } == 3)
        // Again: nothing is left to declare.
        #expect(try await burial(cluster).declare(digests, reason: 7).declared == digests)
    }

    /// A refusal for another reason is told as it is.
    @Test func otherRefusalsAreTold() async throws {
        let cluster = try cluster()
        let refusal = Rejection(99, "no")
        let burial = Burial(partner: Cluster.provider, submit: { _ in refusal }) { _ in
            Burial.Status(owner: Cluster.provider, isDeleted: false)
        }
        await #expect(throws: refusal) { _ = try await burial.declare([batches[0].digest], reason: 1) }
        #expect(try !cluster.chain.isDeleted(batches[0].digest))
    }
}
