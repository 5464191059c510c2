import Agreements
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import DataWorkload
import LedgerCrypto
import Primitives
import Testing
import TradingTestSupport

@Suite("The log of accesses")
struct AccessLogTests {
    private let market: Market
    private let node: DataNode
    private let dataSet: Digest
    private let agreement: UInt64
    private let part: Digest

    init() throws {
        market = try Market()
        node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet)
        try node.follow()
        let manifest = try node.service.accept(node.upload(Tables.csv(hours: 3), node.description()))
        try node.anchor(manifest)
        part = manifest.digest
        agreement = try market.agree(
            dataSet,
            plan: PricePlan(
                .perAccess, currency: Market.euro, price: 1_000, periodDays: 7, dueDays: 10, ceiling: 1_000_000_000))
        try market.pass(milliseconds: 1_000)
    }

    private var log: AccessLogStore { node.service.accesses }

    private func serve() async throws { _ = try await node.serve(node.request(dataSet, agreement, part)) }

    private func counted() throws -> UInt64 {
        try #require(try market.read(Directory.agreements, agreement, of: WellKnown.agreements)).accesses
    }

    /// A node that closes batches and cannot send them.
    private func closeOnly() async throws {
        try await node.upkeep { _ in nil }.anchorAccesses()
    }

    private func entry(_ time: Timestamp, energy: Int64 = 0, agreement: UInt64?) -> AccessEntry {
        AccessEntry(
            salt: .zero, request: node.request(dataSet, agreement, part), time: time, byteCount: 1, rows: 1,
            milliWattHours: energy)
    }

    @Test func batchesThatWaitDoNotOverlap() async throws {
        for count in 1...3 {
            try await serve()
            try market.pass(milliseconds: 1_000)
            try await closeOnly()
            #expect(try log.pending().count == count)
        }
        try await node.upkeep.anchorAccesses()
        #expect(try counted() == 3 && log.pending().isEmpty)
    }

    /// As after a backup was restored: the chain has a log of this time that this node knows nothing of.
    @Test(arguments: [0, 400] as [UInt64]) func whatTheChainHasAlreadyGoesIntoTheNextBatch(before: UInt64) async throws
    {
        try await serve()
        try market.pass(milliseconds: 1_000)
        try await closeOnly()
        let batch = try #require(try log.pending().first)
        try market.must(
            Agreements.logAccess, on: WellKnown.agreements,
            LogAccess(
                agreement: agreement, dataSet: dataSet, root: .zero, accesses: 5, energy: 0, from: batch.log.from,
                to: Timestamp(batch.log.to.value - before)))
        try await node.upkeep.anchorAccesses()
        #expect(try counted() == 5 && log.batches(of: agreement).isEmpty)
        try market.pass(milliseconds: 1_000)
        try await node.upkeep.anchorAccesses()
        #expect(try counted() == 6 && log.pending().isEmpty)
        try await node.upkeep.anchorAccesses()
        #expect(try counted() == 6)
    }

    @Test func theLastAccessesOfAnAgreementCount() async throws {
        let end = try #require(try market.read(Directory.agreements, agreement, of: WellKnown.agreements)).until
        try market.pass(milliseconds: end.value - market.time.value - 5_000)
        let slow = try node.service.grant(node.request(dataSet, agreement, part))
        try await serve()
        try market.pass(milliseconds: 6_000)
        #expect(throws: LakeRefusal.self) { try node.service.grant(node.request(dataSet, agreement, part)) }
        try await node.upkeep.anchorAccesses()
        try await node.service.serve(slow) { _ in }
        try market.pass(milliseconds: 20_000)
        try await node.upkeep.anchorAccesses()
        #expect(try counted() == 2)
    }

    @Test func energySaturates() throws {
        let time = market.time
        for _ in 0..<2 { try log.add(entry(time, energy: .max, agreement: agreement)) }
        let end = time.adding(milliseconds: 5)
        let batch = try #require(try log.close(agreement: agreement, dataSet: dataSet, from: time, to: end))
        #expect(batch.log.energy == LogAccess.energyMax)
    }

    @Test func whatNobodyCanAskAboutIsRemoved() async throws {
        try await serve()
        try market.pass(milliseconds: 1_000)
        try await node.upkeep.anchorAccesses()
        let anchored = try #require(try log.batches(of: agreement).first)
        // Open data, an access that no batch took, and a batch that is still to be sent.
        try log.add(entry(market.time, agreement: nil))
        try log.add(entry(market.time, agreement: 77))
        try await serve()
        try market.pass(milliseconds: 1_000)
        try await closeOnly()
        let waiting = try #require(try log.pending().first)
        func held() throws -> [Int] { try [anchored, waiting].map { try log.entries(of: $0.number).count } }
        node.wait(milliseconds: DataUpkeep.accessDaysKept * Timestamp.dayMilliseconds - 10_000)
        try node.upkeep.pruneAccesses()
        #expect(try held() == [1, 1])
        node.wait(milliseconds: 20_000)
        try node.upkeep.pruneAccesses()
        #expect(try held() == [0, 1])
        #expect(try log.batches(of: agreement).map(\.number) == [waiting.number])
        #expect(try log.prune(before: Timestamp(.max)) == 0)
        #expect(try log.open(before: Timestamp(UInt64(Int64.max))).isEmpty)
    }
}
