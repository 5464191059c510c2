import Accounts
import Agreements
import Billing
import Chain
import ContractKit
import DataSets
import DataWorkload
import Foundation
import GRDB
import LedgerCrypto
import Logging
import NodeClient
import Primitives
import Synchronization
import TestSupport
import Testing
import TradingTestSupport

@testable import ReadModels

@Suite("Read models of the marketplace")
struct ReadModelTests {
    private static let text = Array(
        #"{"title":"Ménages de Sierra Crest","description":"Hourly load of three homes with photovoltaics","keywords":["solar","prosumer"]}"#
            .utf8)

    /// A market with everything in it, billing included.
    func busyMarket() throws -> (market: Market, dataSet: Digest, agreement: UInt64) {
        let market = try Market()
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        let node = try DataNode(market)
        try node.register()
        let dataSet = try market.describe(DataNode.dataSet, text: SHA256.hash(Self.text))
        for number in 0..<30 { try market.describe("other-\(number)") }
        let plan = PricePlan(
            .perAccess, currency: Market.euro, price: 2_000_000, periodDays: 7, dueDays: 10,
            ceiling: 1_000_000_000)
        let agreement = try market.agree(dataSet, plan: plan)
        let manifest = try Tables.manifest(Tables.csv(hours: 3))
        try node.anchor(manifest)
        try market.pass(milliseconds: 5_000)
        try market.must(
            Agreements.logAccess, on: WellKnown.agreements,
            LogAccess(
                agreement: agreement, dataSet: dataSet, root: .zero, accesses: 3, energy: 0,
                from: market.time.adding(milliseconds: 0), to: market.time.adding(milliseconds: 1)))
        try market.pass(milliseconds: 8 * 86_400_000)
        try market.describe(DataNode.dataSet, text: SHA256.hash(Self.text), previous: 1)
        try market.act(
            Agreements.withdrawDataSet, on: WellKnown.agreements,
            DataSetID(provider: Market.holder("provider"), name: "other-7"), by: "provider")
        try node.delete(manifest.digest)
        return (market, dataSet, agreement)
    }

    func store(
        _ market: Market, _ folder: TemporaryFolder, _ name: String = "models", documents: [Digest: [UInt8]] = [:]
    ) throws -> ReadModelStore {
        try ReadModelStore(
            path: folder.url.appending(path: name + ".sqlite").path, network: market.network
        ) { documents[$0] }
    }

    @Test func droppedAndMadeAgainTheyAreTheSame() throws {
        let (market, dataSet, agreement) = try busyMarket()
        let folder = try TemporaryFolder()
        let documents = [SHA256.hash(Self.text): Self.text]
        let models = try store(market, folder, documents: documents)
        try models.apply(market.blocks)
        let dump = try models.dump()
        #expect(dump.split(separator: "\n").count > 40)
        try models.drop()
        #expect(try models.position() == nil)
        try models.apply(market.blocks)
        #expect(try models.dump() == dump)
        // One block at a time, reopened after each; and in pieces that end anywhere.
        for size in [1, 7] {
            for start in stride(from: 0, to: market.blocks.count, by: size) {
                let again = try store(market, folder, "by-\(size)", documents: documents)
                #expect(try again.position()?.height.value ?? 0 == UInt64(start))
                try again.apply(Array(market.blocks[start..<min(start + size, market.blocks.count)]))
            }
            #expect(try store(market, folder, "by-\(size)").dump() == dump)
        }
        // A document that comes late makes the same index as one that was there.
        let late = Mutex<[Digest: [UInt8]]>([:])
        let learning = try ReadModelStore(
            path: folder.url.appending(path: "late.sqlite").path, network: market.network
        ) { digest in late.withLock { $0[digest] } }
        try learning.apply(market.blocks)
        #expect(try learning.dump() != dump)
        #expect(try learning.search("prosumer").isEmpty)
        late.withLock { $0 = documents }
        try learning.learned(document: SHA256.hash(Self.text))
        #expect(try learning.dump() == dump)
        #expect(try learning.names(document: SHA256.hash(Self.text)))
        // The records are those of the state.
        #expect(
            try models.dataSet(dataSet)?.record
                == market.read(Agreements.dataSets, dataSet, of: WellKnown.agreements)?.bcs)
        let stored = try market.read(Directory.agreements, agreement, of: WellKnown.agreements)
        #expect(stored?.accesses == 3)
        #expect(try models.agreement(agreement)?.record == stored?.bcs)
        let invoice = try #require(try models.list(.invoices(party: Market.holder("user"))).first)
        #expect(try invoice.record == market.read(Billing.invoices, 0, of: WellKnown.billing)?.bcs)
    }

    /// Pages by number begin where the page before ended, by the table's own order: nothing is sorted, nothing passed over.
    @Test func pagesAreFoundByTheirNumbers() throws {
        let (market, _, _) = try busyMarket()
        let folder = try TemporaryFolder()
        let models = try store(market, folder)
        try models.apply(market.blocks)
        let database = try DatabaseQueue(path: folder.url.appending(path: "models.sqlite").path)
        let lists: [ReadModelList] = [
            .offers(provider: nil), .offers(provider: .zero), .agreements(party: nil), .invoices(party: nil),
            .accessLogs(agreement: 0),
        ]
        for list in lists {
            let (sql, arguments) = ReadModelStore.statement(list, after: 5, limit: 10)
            let plan = try database.read { database in
                try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map {
                    $0["detail"] as String? ?? ""
                }
            }
            #expect(plan.count == 1 && plan[0].hasPrefix("SEARCH") && plan[0].hasSuffix(">?)"), "\(list): \(plan)")
        }
        let all = try models.list(.agreements(party: nil))
        #expect(all.map(\.place) == (1...UInt64(all.count)).map { $0 })
        #expect(try models.list(.agreements(party: nil), after: 1) == Array(all.dropFirst()))
        #expect(try models.list(.accessLogs(agreement: 0), after: 1).isEmpty)
    }

    @Test func aBlockThatFailsLeavesThePosition() throws {
        let (market, _, _) = try busyMarket()
        let folder = try TemporaryFolder()
        let models = try store(market, folder)
        try models.apply(Array(market.blocks.prefix(5)))
        let dump = try models.dump()
        // Blocks that do not follow, and one whose event does not decode among good ones.
        #expect(throws: ReadModelError.self) { try models.apply(Array(market.blocks.dropFirst(6))) }
        let next = market.blocks[5]
        let event = Event(instance: WellKnown.agreements, kind: Agreements.dataSetChanged.number, payload: [1, 2, 3])
        let broken = ExecutedBlock(
            block: next.block,
            receipts: next.receipts + [Receipt(subject: .zero, rejection: nil, events: [event], workUsed: 0)])
        #expect(throws: ReadModelError.self) { try models.apply([broken]) }
        #expect(try models.dump() == dump)
        try models.apply(Array(market.blocks.dropFirst(5)))
        // Of another network: dropped when opened.
        let other = try ReadModelStore(
            path: folder.url.appending(path: "models.sqlite").path, network: SHA256.hash([1])
        ) { _ in nil }
        #expect(try other.position() == nil)
        #expect(throws: ReadModelError.self) { try other.apply(market.blocks) }
    }

    @Test func aDamagedDatabaseIsMadeAnew() throws {
        let (market, _, _) = try busyMarket()
        let folder = try TemporaryFolder()
        try Data(repeating: 7, count: 10_000).write(to: folder.url.appending(path: "models.sqlite"))
        let models = try store(market, folder)
        try models.apply(market.blocks)
        #expect(try models.position()?.height == market.height)
    }

    @Test func searchFindsWordsAndTheirBeginnings() throws {
        let (market, dataSet, _) = try busyMarket()
        let models = try store(market, try TemporaryFolder(), documents: [SHA256.hash(Self.text): Self.text])
        try models.apply(market.blocks)
        for words in ["menages", "MÉNAGES", "photovolt", "prosumer hourly", "sierra-crest", "solar pseudonymised"] {
            let hits = try models.search(words)
            #expect(hits.first.map { try? SharedDataSet(bcs: $0.entry.record).id } == dataSet, "\(words)")
            #expect(hits.first?.title == "Ménages de Sierra Crest")
        }
        #expect(try models.search("forecasting", limit: 200).count == 30)
        #expect(try models.search("forecasting", offset: 10, limit: 15).count == 15)
        #expect(try models.search("windmill").isEmpty)
        // What FTS5 would take for operators are words, or nothing.
        for text in ["solar OR", "NEAR(solar hourly)", "title:menages", "\"solar\" *", "solar' OR 1=1 --", "hourly^2"] {
            _ = try models.search(text)
        }
        for text in ["", "\"\"", "* - :", "🙂"] {
            #expect(throws: ReadModelError.emptySearch) { try models.search(text) }
        }
    }

    @Test func listsHavePages() throws {
        let (market, _, agreement) = try busyMarket()
        let models = try store(market, try TemporaryFolder())
        try models.apply(market.blocks)
        var after: UInt64 = 0
        var names: [String] = []
        while true {
            let page = try models.list(.dataSets(provider: Market.holder("provider")), after: after, limit: 7)
            guard let last = page.last else { break }
            names += try page.map { try SharedDataSet(bcs: $0.record).name }
            after = last.place
        }
        #expect(names == [DataNode.dataSet] + (0..<30).map { "other-\($0)" })
        #expect(try models.list(.dataSets(provider: .zero)).isEmpty)
        #expect(try models.list(.accounts).count == 2)
        #expect(try models.list(.agreements(party: Market.holder("user"))).count == 1)
        #expect(try models.list(.agreements(party: Market.holder("nobody"))).isEmpty)
        #expect(try models.list(.offers(provider: nil)).count == 1)
        #expect(try models.list(.accessLogs(agreement: agreement)).count == 1)
        let parts = try models.list(.parts(partner: "aurora", anchor: DataNode.dataSet))
        #expect(parts.count == 1)
        #expect(try models.fate(ofPart: parts[0].place).isDeleted)
        #expect(try models.account(Market.holder("user")) != nil)
        #expect(try models.account(.zero) == nil)
    }

    @Test func theFeederFollows() async throws {
        let (market, _, _) = try busyMarket()
        let models = try store(market, try TemporaryFolder())
        let feeder = ReadModelFeeder(store: models, source: market.source, log: .init(label: "test"))
        #expect(try await feeder.catchUp() == market.height.next)
        #expect(try models.position()?.height == market.height)
        #expect(try models.position()?.first == Height(1))
    }
}

@Suite("Webhooks")
struct WebhookTests {
    private let secret = Array("a secret of twenty-four bytes or more".utf8)

    @Test func signedAsTheSpecificationSays() {
        let headers = Webhook.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: Array(#"{"test": 2432232314}"#.utf8),
            secret: [UInt8](Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") ?? Data()),
            now: Timestamp(1_614_265_330_000))
        let fields = Dictionary(uniqueKeysWithValues: headers.map { ($0.0, $0.1) })
        #expect(fields["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(fields["webhook-timestamp"] == "1614265330")
    }

    @Test func badWebhooksAreRefused() {
        #expect(Webhook.problem(url: "https://a.example/x", secret: secret, types: ["billing.invoiceChanged"]) == nil)
        #expect(Webhook.problem(url: "ftp://a.example", secret: secret, types: []) != nil)
        #expect(Webhook.problem(url: "https://a example", secret: secret, types: []) != nil)
        #expect(Webhook.problem(url: "https://a.example", secret: [1], types: []) != nil)
        #expect(Webhook.problem(url: "https://a.example", secret: secret, types: ["nothing"]) != nil)
    }

    private actor Receiver {
        var taken: [String] = []
        var calls = 0
        /// Calls that fail from now on.
        var failing = 0
        func take(_ body: [UInt8]) throws -> Int {
            calls += 1
            if failing > 0 {
                failing -= 1
                if failing % 2 == 0 { throw CancellationFailure() }
                return 503
            }
            taken.append((try? JSONValue(parsing: body))?["id"]?.text ?? "")
            return 200
        }
        func fail(_ count: Int) { failing = count }
        struct CancellationFailure: Error {}
    }

    @Test func inOrderWithBoundedRetriesAndNothingLost() async throws {
        let market = try Market()
        try market.account("provider", .dataProvider)
        for number in 0..<6 { try market.describe("set-\(number)") }
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "webhooks.sqlite").path
        let store = try WebhookStore(path: path)
        let all = try store.add(url: "https://a.example/all", secret: secret, types: [], subject: nil, from: Height(1))
        let sets = try store.add(
            url: "https://a.example/sets", secret: secret, types: ["agreements.dataSetChanged"],
            subject: DataSetID(provider: Market.holder("provider"), name: "set-4").id, from: Height(1))
        let (first, second) = (Receiver(), Receiver())
        let blocks = market.blocks
        let source = market.source
        func sender() throws -> WebhookSender {
            WebhookSender(
                store: try WebhookStore(path: path), source: source, log: .init(label: "test"),
                firstPauseMilliseconds: 1,
                now: { market.time }
            ) { url, headers, body in
                #expect(headers.contains { $0.0 == "webhook-signature" })
                return try await (url.hasSuffix("all") ? first : second).take(body)
            }
        }
        let expected = blocks.flatMap { MarketNotice.notices(of: $0) }.map(\.id)
        // A few failures are repaired by trying again.
        await first.fail(WebhookSender.attemptsMax - 1)
        try await sender().tellAll(upTo: Height(4))
        let taken = await first.taken
        #expect(taken == expected.filter { Int($0.split(separator: "-")[0]) ?? 0 <= 4 } && !taken.isEmpty)
        // Too many: it rests, with what the last attempt met; the other one goes on.
        await first.fail(1_000)
        let calls = await first.calls
        try await sender().tellAll(upTo: market.height)
        #expect(await first.calls == calls + WebhookSender.attemptsMax)
        let resting = try #require(try store.all().first { $0.number == all.number })
        #expect(resting.state == .paused && resting.attempts == WebhookSender.attemptsMax && resting.trouble != nil)
        #expect(await second.taken.count == 1)
        try await sender().tellAll(upTo: market.height)
        #expect(await first.calls == calls + WebhookSender.attemptsMax)
        // Resumed, it goes on where it stopped.
        await first.fail(0)
        #expect(try store.resume(all.number))
        try await sender().tellAll(upTo: market.height)
        #expect(await first.taken == expected)
        try await sender().tellAll(upTo: market.height)
        #expect(await first.taken == expected)
        #expect(try store.remove(sets.number))
        #expect(try store.all().map(\.number) == [all.number])
    }
}
