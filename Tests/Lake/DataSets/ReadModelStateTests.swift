import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import DataSets
import DataWorkload
import Foundation
import GRDB
import LedgerCrypto
import LedgerState
import Logging
import NodeClient
import Primitives
import Synchronization
import TestSupport
import Testing
import TradingTestSupport

@testable import ReadModels

extension Market {
    /// A node with all blocks above `base`, as they are now.
    var source: BlockSource { source(above: Height(0)) }

    func source(above base: Height) -> BlockSource {
        let (blocks, state) = (blocks, readModelState)
        return BlockSource(
            block: { height in
                height <= base || height.value > blocks.count ? nil : blocks[Int(height.value) - 1]
            },
            finalHeight: { _, _ in Height(UInt64(blocks.count)) }, base: { base }, state: { state })
    }

    /// The newest state as a node gives it out.
    var readModelState: ReadModelState {
        let leaves = state.values.map { (hash: SHA256.hash($0.key), leaf: StateLeaf(key: $0.key, value: $0.value)) }
            .sorted { $0.hash < $1.hash }
        return ReadModelState(header: blocks[blocks.count - 1].header) { after, limit in
            leaves.drop { pair in after.map { pair.hash <= $0 } ?? false }.prefix(limit).map(\.leaf)
        }
    }
}

@Suite("Read models of a state that was taken over")
struct ReadModelStateTests {
    private static let text = Array(#"{"title":"Three homes","description":"Hourly","keywords":["solar"]}"#.utf8)

    /// A market with at least one record of every kind.
    private func fullMarket() throws -> Market {
        let market = try ReadModelTests().busyMarket().market
        let owned = try market.act(
            Agreements.describe, on: WellKnown.agreements,
            DescribeDataSet(
                name: "owned", location: DataLocation(partner: "aurora", anchor: "owned"),
                description: DataDescription(
                    origin: .measured, type: .timeSeries, sharingClass: .saleOnly, privacy: .personal,
                    velocity: .hourly,
                    volume: 1_000, authority: .consent, owners: [Market.holder("user")], purposes: [.research],
                    text: .zero)), by: "provider"
        ).id
        try market.act(
            Agreements.grantConsent, on: WellKnown.agreements,
            GrantConsent(
                dataSet: owned, version: 1, purposes: .research, until: market.time.adding(days: 90 as UInt16)),
            by: "user")
        let node = try DataNode(market)
        let first = try Tables.manifest(Tables.csv(hours: 4))
        try node.anchor(first)
        try node.anchor(try Tables.manifest(Tables.csv(hours: 5)), correcting: first.digest)
        // Paid by mistake and taken back, paid again and paid out, then disputed and credited: what is to be returned is owed.
        let price = try #require(try market.read(Billing.invoices, 0, of: WellKnown.billing)).amount
        func pay(_ reference: UInt8) throws {
            try market.must(
                Billing.confirmPayment, on: WellKnown.billing,
                GatewayPayment(invoice: 0, currency: Market.euro, amount: price, reference: SHA256.hash([reference])))
        }
        try pay(1)
        try market.must(Billing.reverse, on: WellKnown.billing, ReversePayment(receipt: 0, reason: 1))
        try pay(2)
        try market.act(
            Billing.payOut, on: WellKnown.billing,
            PayOut(gateway: "aurora", currency: Market.euro, amount: price, destination: SHA256.hash([3])),
            by: "provider")
        try market.act(
            Billing.dispute, on: WellKnown.billing,
            DisputeInvoice(invoice: 0, amount: price / 2, reason: 1, text: .zero), by: "user")
        try market.act(
            Billing.resolve, on: WellKnown.billing, ResolveDispute(invoice: 0, credit: price / 2), by: "provider")
        return market
    }

    private func store(_ market: Market, _ folder: TemporaryFolder, _ name: String) throws -> ReadModelStore {
        try ReadModelStore(
            path: folder.url.appending(path: name + ".sqlite").path, network: market.network
        ) { $0 == SHA256.hash(Self.text) ? Self.text : nil }
    }

    /// The rows of each table in any order, without their places and the blocks that wrote them.
    private func content(_ models: ReadModelStore) throws -> [String: [String]] {
        try models.database.read { database in
            var content: [String: [String]] = [:]
            for table in ReadModelTables.names where table != "position" {
                content[table] = try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { row in
                    row.filter { !["place", "height"].contains($0.0) }.map { "\($0)=\($1)" }.joined(separator: " ")
                }.sorted()
            }
            return content
        }
    }

    @Test func itSaysWhatAllBlocksSaid() async throws {
        let market = try fullMarket()
        let folder = try TemporaryFolder()
        let (read, filled) = (try store(market, folder, "read"), try store(market, folder, "filled"))
        try read.apply(market.blocks)
        // In pages that end anywhere.
        for leavesMax in [1, 7, 1_024] {
            try await filled.fill(from: market.readModelState, leavesMax: leavesMax)
            let (one, other) = (try content(read), try content(filled))
            for table in ReadModelTables.names where table != "position" {
                #expect(one[table] == other[table], "\(table)")
                #expect(one[table]?.isEmpty == false, "nothing in \(table)")
            }
        }
        let position = try #require(try filled.position())
        #expect(position.height == market.height && position.first == market.height.next)
        #expect(position.block == market.blocks.last?.header.digest)
        // And goes on as the others do.
        let known = market.blocks.count
        try market.describe("later")
        let node = try DataNode(market)
        try node.anchor(try Tables.manifest(Tables.csv(hours: 6)))
        try market.act(
            Agreements.withdrawDataSet, on: WellKnown.agreements,
            DataSetID(provider: Market.holder("provider"), name: "other-9"), by: "provider")
        for models in [read, filled] { try models.apply(Array(market.blocks.dropFirst(known))) }
        #expect(try content(read) == content(filled))
    }

    @Test func listsAreInTheOrderOfTime() async throws {
        let market = try fullMarket()
        let folder = try TemporaryFolder()
        let (read, filled) = (try store(market, folder, "read"), try store(market, folder, "filled"))
        try read.apply(market.blocks)
        try await filled.fill(from: market.readModelState)
        let changes = try filled.list(.dataSets(provider: nil)).map { try SharedDataSet(bcs: $0.record).changed }
        #expect(changes.count > 20 && changes == changes.sorted { $0 < $1 })
        #expect(try filled.list(.dataSets(provider: nil)).allSatisfy { $0.height == market.height })
        for list in [
            ReadModelList.parts(partner: "aurora", anchor: DataNode.dataSet), .accessLogs(agreement: 0),
        ] {
            let (one, other) = (try read.list(list), try filled.list(list))
            #expect(one.map(\.record) == other.map(\.record) && one.map(\.height) == other.map(\.height))
        }
        // What comes is behind what is there.
        let last = try #require(try filled.list(.dataSets(provider: nil)).last).place
        try market.describe("later")
        try filled.apply(Array(market.blocks.suffix(1)))
        let hit = try #require(try filled.list(.dataSets(provider: nil), after: last).first)
        #expect(try SharedDataSet(bcs: hit.record).name == "later")
        #expect(try filled.search("later").first?.entry.place == hit.place)
    }

    @Test func theFeederBeginsWithTheStateWhereBlocksAreMissing() async throws {
        let market = try fullMarket()
        let folder = try TemporaryFolder()
        let (read, new, away) = (
            try store(market, folder, "read"), try store(market, folder, "new"), try store(market, folder, "away")
        )
        try read.apply(market.blocks)
        // One that never read a block, and one that was away for longer than its node keeps blocks.
        try away.apply(Array(market.blocks.prefix(5)))
        let source = market.source(above: Height(10))
        for models in [new, away] {
            let feeder = ReadModelFeeder(store: models, source: source, log: Logger(label: "test"))
            #expect(try await feeder.catchUp() == market.height.next)
            #expect(try content(models) == content(read))
            #expect(try models.position()?.first == market.height.next)
        }
        // One that has read far enough goes on with blocks.
        let near = try store(market, folder, "near")
        try near.apply(Array(market.blocks.prefix(10)))
        try await ReadModelFeeder(store: near, source: source, log: Logger(label: "test")).catchUp()
        #expect(try near.position()?.first == Height(1))
        #expect(try near.dump() == read.dump())
    }

    @Test func whatFailsInTheMiddleLeavesEverything() async throws {
        let market = try fullMarket()
        let models = try store(market, try TemporaryFolder(), "models")
        try models.apply(Array(market.blocks.prefix(20)))
        let dump = try models.dump()
        let state = market.readModelState
        let pages = Mutex(0)
        await #expect(throws: StorageFailure.self) {
            try await models.fill(
                from: ReadModelState(header: state.header) { after, limit in
                    guard
                        pages.withLock({
                            $0 += 1; return $0
                        }) < 5
                    else { throw StorageFailure("the disk is gone") }
                    return try state.leaves(after, limit)
                }, leavesMax: 8)
        }
        #expect(try models.dump() == dump)
        // A record that does not decode, and a key that is none.
        for leaf in [
            StateLeaf(key: Billing.invoices.stateKey(9, at: WellKnown.billing), value: [1, 2, 3]),
            StateLeaf(key: StateKeys.prefix(WellKnown.agreements, Agreements.consents.number) + [1], value: [1]),
        ] {
            await #expect(throws: ReadModelError.self) {
                try await models.fill(from: ReadModelState(header: state.header) { _, _ in [leaf] })
            }
        }
        #expect(try models.dump() == dump)
        // Cancelled while it reads.
        let filling = Task {
            try await models.fill(
                from: ReadModelState(header: state.header) { _, _ in
                    Array(repeating: StateLeaf(key: [1], value: [1]), count: 8)
                }, leavesMax: 8)
        }
        try await Task.sleep(for: .milliseconds(50))
        filling.cancel()
        await #expect(throws: CancellationError.self) { try await filling.value }
        #expect(try models.dump() == dump)
    }
}
