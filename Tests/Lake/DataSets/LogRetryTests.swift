import Agreements
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import DataWorkload
import LedgerCrypto
import Primitives
import Synchronization
import Testing

/// Logs of accesses that the chain refuses: for now, or for good.
@Suite("Logs of accesses that are refused")
struct LogRetryTests {
    private let market: Market
    private let node: DataNode
    private let dataSet: Digest
    private let agreement: UInt64
    private let manifest: Manifest

    init() throws {
        market = try Market()
        node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet)
        try node.follow()
        manifest = try node.service.accept(node.upload(Tables.csv(hours: 10), node.description()))
        try node.anchor(manifest)
        agreement = try market.agree(
            dataSet,
            plan: PricePlan(
                .perAccess, currency: Market.euro, price: 1, periodDays: 7, dueDays: 10, ceiling: 1_000_000))
    }

    private func read() async throws {
        _ = try await node.serve(node.request(dataSet, agreement, manifest.digest))
        try market.pass(milliseconds: 1_000)
    }

    private func counted() throws -> UInt64? {
        try market.read(Directory.agreements, agreement, of: WellKnown.agreements)?.accesses
    }

    @Test func aQuotaLosesNoBatch() async throws {
        let refusal = Mutex<Rejection?>(HostRejection.quotaExceeded())
        let sent = Mutex(0)
        let (market, node) = (market, node)
        let upkeep = node.upkeep { calls in
            sent.withLock { $0 += 1 }
            if let rejection = refusal.withLock({ $0 }) {
                return Receipt(subject: .zero, rejection: rejection, workUsed: 0)
            }
            return try market.run(calls)
        }
        try await read()
        try await upkeep.anchorAccesses()
        #expect(try node.service.accesses.pending().count == 1 && counted() == 0)
        // It waits, and so does what follows it: the chain takes no span after a later one.
        try await read()
        try await upkeep.anchorAccesses()
        #expect(try node.service.accesses.pending().count == 2)
        #expect(sent.withLock { $0 } == 1)
        // Pauses double up to an hour.
        for pause: UInt64 in [20, 40, 80] {
            node.wait(milliseconds: (pause - 10) * 1_000)
            try await upkeep.anchorAccesses()
            let before = sent.withLock { $0 }
            node.wait(milliseconds: 10_000)
            try await upkeep.anchorAccesses()
            #expect(sent.withLock { $0 } == before + 1, "\(pause)")
        }
        for _ in 0..<10 {
            node.wait(milliseconds: 3_600_000)
            let before = sent.withLock { $0 }
            try await upkeep.anchorAccesses()
            #expect(sent.withLock { $0 } == before + 1)
        }
        refusal.withLock { $0 = nil }
        try await upkeep.anchorAccesses()
        #expect(try counted() == 0)
        node.wait(milliseconds: 3_600_000)
        try await upkeep.anchorAccesses()
        #expect(try counted() ?? 0 >= 1 && node.service.accesses.pending().isEmpty)
        #expect(try node.service.accesses.batches(of: agreement).first?.isAnchored == true)
    }

    @Test(arguments: [304, 320, 334, 335, 336, 4, 28, 333] as [UInt16])
    func whatIsFinalIsMarked(code: UInt16) async throws {
        try await read()
        try await node.upkeep { _ in
            Receipt(subject: .zero, rejection: Rejection(code, "refused"), workUsed: 0)
        }.anchorAccesses()
        let isFinal = (304...336).contains(code) && code != 333
        #expect(try node.service.accesses.pending().isEmpty == isFinal)
        #expect(try node.service.accesses.batches(of: agreement).contains(where: \.isAnchored) == false)
    }
}
