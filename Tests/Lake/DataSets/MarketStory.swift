import Agreements
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import DataWorkload
import Primitives
import Testing
import TradingTestSupport

/// A provider's part on the market, and a user with an agreement.
struct MarketStory {
    let market: Market
    let node: DataNode
    let dataSet: Digest
    let agreement: UInt64
    let manifest: Manifest
    let content: [UInt8]

    init(hours: Int = 3_000, energy: EnergyColumn? = nil, plan: PricePlan? = nil, sharing: SharingClass = .saleOnly)
        throws
    {
        market = try Market()
        node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet, sharing: sharing)
        try node.follow()
        let csv = Tables.csv(hours: hours)
        manifest = try node.service.accept(node.upload(csv, node.description(energy: energy)))
        try node.anchor(manifest)
        content = Array(csv.dropFirst(manifest.header.content.head.count))
        agreement = try market.agree(dataSet, plan: plan)
        try market.pass(milliseconds: 1_000)
    }

    func request(
        _ range: SliceRange = .all, filter: RowFilter? = nil, form: ReadRequest.Form = .proved
    ) -> ReadRequest {
        node.request(dataSet, agreement, manifest.digest, range: range, filter: filter, form: form)
    }

    /// What the chain has of the agreement after the node anchored its accesses.
    func anchored() async throws -> Agreement {
        try market.pass(milliseconds: 1_000)
        try await node.upkeep.anchorAccesses()
        return try #require(try market.read(Directory.agreements, agreement, of: WellKnown.agreements))
    }

    static func plan(_ kind: PricePlan.Kind, price: Amount, ceiling: Amount) -> PricePlan {
        PricePlan(kind, currency: Market.euro, price: price, periodDays: 7, dueDays: 10, ceiling: ceiling)
    }
}

extension Market {
    /// Another partner anchors a part's digest in a data set of its own before the owner does.
    func anchorFirst(_ manifest: Manifest, as partner: String) throws {
        try must(
            Anchors.register, on: WellKnown.anchors, RegisterDataSet(name: "trap", schema: Manifest.schema),
            as: partner)
        let batch = NewBatch(manifest)
        try must(Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [batch]), as: partner)
    }
}

extension Market {
    /// The node of a data set's owner, and that of borealis, which may hold copies of it.
    func ownerAndCopy() throws -> (owner: DataNode, copy: DataNode) {
        let (owner, copy) = (try DataNode(self), try DataNode(self, partner: "borealis"))
        try account("provider", .dataProvider)
        try owner.register()
        try describe(DataNode.dataSet, copies: ["borealis"])
        for node in [owner, copy] { try node.follow() }
        return (owner, copy)
    }
}
