import Anchors
import Chain
import ContractKit
import DataLake
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// Batches of a meter that a partner of the policy made up, anchored in a data set of its own and sent to a lake: they are
/// none of the meter's data provider, and nothing may depend on them.
@Suite("Batches that another partner anchored")
struct SquattedBatchTests {
    private let cluster: Cluster
    private let address: Address

    init() throws {
        cluster = try Cluster()
        address = try cluster.community(
            Homes.rules(), homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0) })
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.register, on: WellKnown.anchors, RegisterDataSet(name: "trap", schema: ReadingBatch.schema),
                by: "borealis")
        }
    }

    /// The administrator's lake takes what borealis anchored and sends.
    private func plant(_ batches: [ReadingBatch]) async throws {
        try cluster.network.withLock {
            for batch in batches {
                let span = try #require(batch.span)
                let new = NewBatch(digest: batch.digest, root: batch.root, count: 1, from: span.from, to: span.to)
                _ = try $0.must(
                    Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [new]),
                    by: "borealis")
            }
        }
        for batch in batches { _ = await cluster.ask(Cluster.administrator, .store(batch.bcs), from: "borealis") }
    }

    @Test func aStrangersTombstoneClosesNoPeriod() async throws {
        let other = Homes.batch(1, revision: 1)
        try await plant([other])
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: other.digest, reason: 1), by: "borealis")
        }
        _ = try await cluster.settle(address, Homes.first)
    }

    @Test func manyOfThemStopNoSettlement() async throws {
        try await plant((1...64).map { Homes.batch(1, revision: UInt16($0)) })
        _ = try await cluster.settle(address, Homes.first)
    }

    @Test func aStrangersTombstoneErasesNothing() throws {
        // Handed in by its provider, seen on the way to the chain, and anchored by another one first.
        let lake = try cluster.lake(Cluster.administrator)
        let own = Homes.batch(1, revision: 1)
        try lake.store(own.bcs)
        try cluster.network.withLock {
            let span = try #require(own.span)
            let new = NewBatch(digest: own.digest, root: own.root, count: 1, from: span.from, to: span.to)
            _ = try $0.must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [new]), by: "borealis")
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: own.digest, reason: 1), by: "borealis")
        }
        #expect(try Erasure(lake: lake, chain: cluster.chain, now: cluster.time) { (_) in [] }.followTombstones() == 0)
        #expect(try lake.entry(own.digest)?.status == .held)
    }
}
