import DataWorkload
import ReadModels
import TestSupport
import Testing

extension ReadModelTests {
    /// While all that match fit, nothing changes; beyond that the latest ones are compared, in the order that they had.
    @Test func aSearchComparesABoundedNumber() throws {
        let (market, _, _) = try busyMarket()
        let models = try store(market, try TemporaryFolder())
        try models.apply(market.blocks)
        let all = try models.search("forecasting", limit: 200)
        #expect(all.count == 30)
        #expect(try models.search("forecasting", limit: 200, rankedMax: 30) == all)
        let latest = all.map(\.entry.place).sorted().suffix(10)
        #expect(
            try models.search("forecasting", limit: 200, rankedMax: 10)
                == all.filter { latest.contains($0.entry.place) })
        #expect(try models.search("forecasting", offset: 10, limit: 200, rankedMax: 10).isEmpty)
        #expect(try models.search("forecasting", offset: 5, limit: 3, rankedMax: 30) == Array(all[5..<8]))
        #expect(ReadModelStore.searchRankedMax >= ReadModelStore.searchOffsetMax + ReadModelStore.pageMax)
    }
}
