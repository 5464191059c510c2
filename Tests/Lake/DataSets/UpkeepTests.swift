import Agreements
import Anchors
import Chain
import ContractKit
import DataSets
import DataWorkload
import LedgerCrypto
import Primitives
import Synchronization
import Testing

@testable import DataLake

/// What a node does for its data sets by itself, beside partners that do not answer and steps that fail.
@Suite("Upkeep of data sets")
struct UpkeepTests {
    private let market: Market
    private let node: DataNode
    private let dataSet: Digest
    private let agreement: UInt64
    /// Of parts that two partners may copy, ascending.
    private let parts: [Digest]

    init() throws {
        let market = try Market()
        let node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet, copies: ["borealis", "corona"])
        try node.follow()
        var parts: [Digest] = []
        for hours in 3...5 {
            let manifest = try node.service.accept(node.upload(Tables.csv(hours: hours), node.description()))
            try node.anchor(manifest)
            parts.append(manifest.digest)
        }
        self.parts = parts.sorted()
        agreement = try market.agree(dataSet, plan: MarketStory.plan(.perAccess, price: 1, ceiling: 1_000_000))
        self.market = market
        self.node = node
    }

    private func read() async throws {
        _ = try await node.serve(node.request(dataSet, agreement, parts[0]))
        try market.pass(milliseconds: 1_000)
    }

    /// Accesses that the chain has.
    private func counted() throws -> UInt64 {
        try market.read(Directory.agreements, agreement, of: WellKnown.agreements)?.accesses ?? 0
    }

    @Test func whoIsSilentIsAskedOnceARound() async throws {
        let asked = Mutex<[String: [Digest]]>([:])
        let ask: PartReplication.Ask = { partner, message in
            guard case .offer(let part, _) = message else { return nil }
            asked.withLock { $0[partner, default: []].append(part) }
            return partner == "corona" ? LakeMessage.stored(part) : nil
        }
        let upkeep = node.upkeep(asking: ask) { _ in nil }
        var offered: [Digest: Set<String>] = [:]
        try await upkeep.offerParts(&offered)
        #expect(asked.withLock { $0 } == ["borealis": [parts[0]], "corona": parts])
        // It is asked again the next time; who has them all by now is not.
        try await upkeep.offerParts(&offered)
        #expect(asked.withLock { $0 } == ["borealis": [parts[0], parts[0]], "corona": parts])
    }

    /// An offer waits for as long as a partner likes; accesses made meanwhile are anchored.
    @Test(.timeLimit(.minutes(1))) func anOfferThatWaitsHoldsUpNoLog() async throws {
        let offers = Mutex(0)
        let ask: PartReplication.Ask = { _, _ in
            offers.withLock { $0 += 1 }
            // Until the upkeep ends.
            try? await Task.sleep(for: .seconds(3_600))
            return nil
        }
        let market = market
        let upkeep = node.upkeep(asking: ask) { try market.run($0) }
        let running = Task { await upkeep.run(pausing: .milliseconds(20)) }
        defer { running.cancel() }
        while offers.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        try await read()
        while try counted() == 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(offers.withLock { $0 } == 1)
        running.cancel()
        await running.value
    }

    @Test func aStepThatFailsKeepsNoOtherFromBeingDone() async throws {
        let expired = try node.service.accept(
            node.upload(Tables.csv(hours: 6), node.description(keepUntil: Timestamp(1))))
        try node.anchor(expired)
        try await read()
        let failed = Mutex(0)
        let market = market
        let upkeep = node.upkeep { calls in
            if calls.contains(where: { $0.instance == WellKnown.anchors }) {
                failed.withLock { $0 += 1 }
                throw MarketFailure("the pool does not take it")
            }
            return try market.run(calls)
        }
        var folder: UInt8 = 0
        await upkeep.round(&folder)
        #expect(failed.withLock { $0 } == 1)
        #expect(try counted() == 1)
    }
}
