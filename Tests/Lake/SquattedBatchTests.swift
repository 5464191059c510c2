import Anchors
import ContractKit
import DataLake
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Batches that another partner anchored first")
struct SquattedBatchTests {
    /// A batch that its provider never could anchor closes no period, whatever another partner declares about it.
    @Test func aStrangersTombstoneClosesNoPeriod() async throws {
        let cluster = try Cluster()
        let address = try cluster.community(
            Homes.rules(), homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0) })
        let lake = try cluster.lake(Cluster.administrator)
        let other = Homes.batch(1, revision: 1)
        try lake.store(other.bcs)
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.register, on: WellKnown.anchors, RegisterDataSet(name: "trap", schema: ReadingBatch.schema),
                by: "borealis")
            let span = try #require(other.span)
            let batch = NewBatch(digest: other.digest, root: other.root, count: 1, from: span.from, to: span.to)
            _ = try $0.must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [batch]), by: "borealis")
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: other.digest, reason: 1), by: "borealis")
        }
        _ = try await cluster.settle(address, Homes.first)
        let erasure = Erasure(lake: lake, chain: cluster.chain)
        #expect(try erasure.followTombstones() == 0)
        #expect(try lake.entry(other.digest)?.status == .held)
    }
}
