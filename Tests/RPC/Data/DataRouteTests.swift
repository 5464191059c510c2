import Agreements
import ContractKit
import DataAPI
import DataLake
import DataSets
import DataWorkload
import Foundation
import LedgerCrypto
import LightClient
import NodeClient
import Primitives
import RPC
import Synchronization
import Testing

@Suite struct DataRouteTests {
    private func with(
        _ background: (any TaskExecutor)? = nil,
        _ body: @escaping @Sendable (NodeClient, DataNode, Digest, UInt64, TestServer) async throws -> Void
    ) async throws {
        let market = try Market()
        let node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        let dataSet = try market.describe(DataNode.dataSet, text: SHA256.hash(Self.text))
        let agreement = try market.agree(dataSet)
        try node.follow()
        let modules: [any RouteModule] = [
            DataRoutes(service: node.service, models: node.models, background: background),
            MarketRoutes(models: node.models),
        ]
        try await TestServer.with(modules: modules) { server in
            try await NodeClient.with([server.base]) { client in
                try await body(client, node, dataSet, agreement, server)
            }
        }
    }

    private static let text = Array(
        #"{"title":"Hourly load","description":"of three homes","keywords":["solar"]}"#.utf8)

    private func status(_ body: () async throws -> Void) async throws -> Int {
        do {
            try await body()
            return 200
        } catch ClientError.problem(let report) {
            #expect(!report.detail.isEmpty)
            return report.status
        }
    }

    /// The short name of why that a refusal carries for programs.
    private func reason(_ body: () async throws -> Void) async throws -> String? {
        do {
            try await body()
            return nil
        } catch ClientError.problem(let report) {
            return report.reason
        }
    }

    @Test func aPartFromHandingInToReading() async throws {
        try await with { client, node, dataSet, agreement, _ in
            let csv = Tables.csv(hours: 2_000)
            let upload = node.upload(csv, node.description())
            let stored = try JSONValue(parsing: try await client.post("/v1/data/parts", upload.bcs))
            let manifest = try Tables.manifest(csv)
            #expect(
                stored["digest"]?.text == manifest.digest.description
                    && stored["root"]?.text == manifest.root.description)
            let request = node.request(dataSet, agreement, manifest.digest)
            // Not anchored: nothing is served.
            #expect(try await status { _ = try await client.post("/v1/data/links", request.bcs) } == 422)
            try node.anchor(manifest)
            // The node's own list, and the proof that it is whole.
            try node.follow()
            let told = try await client.json("/v1/market/data-sets/\(dataSet)/parts")
            guard case .array(let entries)? = told["entries"] else { throw TestFailure("no entries: \(told)") }
            #expect(entries.map { $0["digest"]?.text } == [manifest.digest.description])
            let proof = try await client.result("/v1/data/sets/\(dataSet)/parts", accept: "application/octet-stream")
            var list = PartList(of: dataSet)
            try list.take(
                try ProofBundle(bcs: proof).verify(
                    from: node.trust, now: node.market.time, ageMillisecondsMax: 60_000))
            #expect(list.isWhole && list.parts == [manifest.digest])
            let nowhere = try await client.result(
                "/v1/data/sets/\(Digest.zero)/parts", accept: "application/octet-stream")
            #expect(String(decoding: nowhere, as: UTF8.self).contains("no data set"))
            let link = try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))
            let path = try #require(link["path"]?.text)
            let bytes = Collected()
            try await client.download(path) { await bytes.add($0) }
            #expect(manifest.header.content.head + (try node.verify(await bytes.all, request)) == csv)
            let plain = node.request(
                dataSet, agreement, manifest.digest, filter: try RowFilter("meter = CL02"), form: .plain)
            let second = try JSONValue(parsing: try await client.post("/v1/data/links", plain.bcs))
            let rows = Collected()
            try await client.download(try #require(second["path"]?.text)) { await rows.add($0) }
            #expect(String(decoding: await rows.all, as: UTF8.self).contains(",CL02,"))
            #expect(!String(decoding: await rows.all, as: UTF8.self).contains(",CL01,"))
            // Revoked: the link that was made before leads nowhere any more.
            try node.market.act(
                Agreements.revoke, on: WellKnown.agreements, EndAgreement(agreement: agreement, reason: 1),
                by: "provider")
            #expect(try await status { try await client.download(path) { _ in } } == 403)
            #expect(try await reason { _ = try await client.post("/v1/data/links", request.bcs) } == "ended")
            try node.delete(manifest.digest)
            #expect(try await status { try await client.download("/v1/data/downloads/\(Digest.zero)") { _ in } } == 404)
        }
    }

    /// One signature backs a few accesses, not as many as somebody likes.
    @Test func aSignedRequestIsAnsweredAFewTimes() async throws {
        try await with { client, node, dataSet, agreement, _ in
            let csv = Tables.csv(hours: 3)
            let manifest = try node.service.accept(node.upload(csv, node.description()))
            try node.anchor(manifest)
            let request = node.request(dataSet, agreement, manifest.digest)
            func path(_ request: ReadRequest) async throws -> String {
                let link = try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))
                return try #require(link["path"]?.text)
            }
            let first = try await path(request)
            for _ in 0..<ReadRequest.answersMax {
                #expect(try await path(request) == first)
                try await client.download(first) { _ in }
            }
            #expect(try await status { try await client.download(first) { _ in } } == 429)
            #expect(try await path(request) == first)
            let log = node.service.accesses
            try node.market.pass(milliseconds: 1_000)
            try await node.upkeep.anchorAccesses()
            #expect(try log.batches(of: agreement).map(\.log.accesses) == [UInt32(ReadRequest.answersMax)])
            // Another request has another link.
            let second = try await path(node.request(dataSet, agreement, manifest.digest, time: node.now))
            #expect(second != first)
            try await client.download(second) { _ in }
            // Behind: neither a link nor data, and the reader is told to come back.
            node.wait(milliseconds: ChainView.ageMillisecondsMax + 1)
            let late = node.request(dataSet, agreement, manifest.digest)
            #expect(try await Self.statusOf(posting: late.bcs, client) == 503)
        }
    }

    /// Taking a part and giving one are done on the threads that are there for it.
    @Test func partsAreParsedAndReadAside() async throws {
        let aside = CountingExecutor()
        try await with(aside) { client, node, dataSet, agreement, _ in
            let csv = Tables.csv(hours: 30)
            _ = try await client.post("/v1/data/parts", node.upload(csv, node.description()).bcs)
            let taking = aside.count
            #expect(taking > 0)
            let manifest = try Tables.manifest(csv)
            try node.anchor(manifest)
            let request = node.request(dataSet, agreement, manifest.digest)
            let link = try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))
            #expect(aside.count == taking)
            let bytes = Collected()
            try await client.download(try #require(link["path"]?.text)) { await bytes.add($0) }
            #expect(manifest.header.content.head + (try node.verify(await bytes.all, request)) == csv)
            #expect(aside.count > taking)
        }
    }

    private static func statusOf(posting body: [UInt8], _ client: NodeClient) async throws -> Int {
        do {
            _ = try await client.post("/v1/data/links", body)
            return 200
        } catch ClientError.problem(let report) {
            return report.status
        } catch ClientError.noNodeAnswered {
            return 503
        }
    }

    @Test func badInputGetsAClearErrorAndLeavesNothing() async throws {
        try await with { client, node, dataSet, agreement, server in
            let good = node.upload(Tables.csv(hours: 3), node.description())
            let bad: [([UInt8], Int)] = [
                ([], 422), ([1, 2, 3], 422), (Array(good.bcs.dropLast(1)), 422), (good.bcs + [0], 422),
                (node.upload(Array("time,a\n1,2,3\n".utf8), node.description()).bcs, 422),
                (node.upload([0x1f, 0x8b, 8, 0] + [UInt8](repeating: 0, count: 5_000), node.description()).bcs, 422),
                (node.upload(Tables.csv(hours: 3), node.description(), key: Market.key("user")).bcs, 403),
                (
                    node.upload(
                        [1],
                        node.description(
                            .file(
                                name: "../../etc/passwd", mediaType: "text/plain", from: Timestamp(0), to: Timestamp(1))
                        )
                    ).bcs, 422
                ),
            ]
            for (index, (body, expected)) in bad.enumerated() {
                #expect(
                    try await status { _ = try await client.post("/v1/data/parts", body) } == expected, "input \(index)"
                )
            }
            // Results name what they were computed from.
            #expect(try await status { _ = try await client.post("/v1/data/results", good.bcs) } == 422)
            #expect(try node.lake.parts.held().isEmpty)
            // Too large is refused before it is read; packed bodies are not unpacked.
            let huge = try await server.call(
                "POST", "/v1/data/parts",
                headers: [
                    ("Content-Type", "application/octet-stream"), ("Content-Length", "\(PartUpload.byteCountMax + 1)"),
                ])
            #expect(huge.status == 413)
            let packed = try await server.call(
                "POST", "/v1/data/parts",
                headers: [("Content-Type", "application/octet-stream"), ("Content-Encoding", "gzip")], body: good.bcs)
            #expect(packed.status == 422)
            // Documents that nothing on the chain names are not kept.
            #expect(try await status { _ = try await client.post("/v1/data/documents", [1, 2, 3]) } == 422)
            let stranger = node.request(dataSet, agreement, .zero, by: "nobody")
            #expect(try await status { _ = try await client.post("/v1/data/links", stranger.bcs) } == 403)
            #expect(try await reason { _ = try await client.post("/v1/data/links", stranger.bcs) } == "notPermitted")
        }
    }

    @Test func theMarketIsSearchedAndListed() async throws {
        try await with { client, node, dataSet, agreement, _ in
            func json(_ path: String) async throws -> JSONValue { try await client.json(path) }
            #expect(try await json("/v1/market/data-sets?search=solar")["entries"] == .array([]))
            let kept = try JSONValue(parsing: try await client.post("/v1/data/documents", Self.text))
            #expect(kept["digest"]?.text == SHA256.hash(Self.text).description)
            guard case .array(let hits)? = try await json("/v1/market/data-sets?search=solar%20hourl")["entries"] else {
                throw MarketFailure("no hits")
            }
            #expect(hits.first?["id"]?.text == dataSet.description && hits.first?["title"]?.text == "Hourly load")
            let one = try await json("/v1/market/data-sets/\(dataSet)")
            #expect(
                one["description"]?["privacy"]?.text == "pseudonymised"
                    && one["description"]?["purposes"] == ["research", "forecasting"])
            #expect(try await json("/v1/market/agreements/\(agreement)")["state"]?.text == "running")
            for path in [
                "accounts", "offers", "agreements", "invoices", "status", "data-sets/\(dataSet)/parts",
                "agreements/0/accesses",
            ] {
                _ = try await json("/v1/market/\(path)")
            }
            let user = Market.holder("user")
            #expect(try await json("/v1/market/accounts/\(user)")["roles"] == ["data-user"])
            for (path, expected) in [
                ("accounts/\(Digest.zero)", 404), ("agreements/77", 404), ("data-sets/\(Digest.zero)", 404),
                ("data-sets?search=%2a", 422), ("data-sets?limit=0", 400), ("data-sets?limit=201", 400),
                ("accounts?minimumHeight=999999", 503), ("agreements/-1", 400), ("agreements?party=xyz", 400),
            ] {
                let found = try await Self.statusOf(client, "/v1/market/\(path)")
                #expect(found == expected, "\(path)")
            }
        }
    }

    private static func statusOf(_ client: NodeClient, _ path: String) async throws -> Int {
        do {
            _ = try await client.json(path)
            return 200
        } catch ClientError.problem(let report) {
            return report.status
        } catch ClientError.noNodeAnswered {
            return 503
        }
    }
}

/// A thread for each job, and a count of them.
private final class CountingExecutor: TaskExecutor {
    private let jobs = Mutex(0)

    var count: Int { jobs.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0 += 1 }
        let run: @Sendable () -> Void = { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
        Thread(block: run).start()
    }
}

private actor Collected {
    var all: [UInt8] = []
    func add(_ bytes: [UInt8]) { all += bytes }
}
