import Chain
import LightClient
import NodeClient
import Primitives
import RPC
import Testing

/// Every route over a real socket: what it answers, in each of its forms.
@Suite struct RouteTests {
    /// Path and media type of an ordinary read.
    static let reads: [(path: String, media: String)] = [
        ("/", "text/html; charset=utf-8"), ("/healthz", "application/json"), ("/readyz", "application/json"),
        ("/metrics", "text/plain; version=0.0.4"), ("/openapi.json", "application/json"),
        ("/v1/status", "application/json"), ("/v1/genesis", "application/json"), ("/v1/blocks", "application/json"),
        ("/v1/blocks/latest", "application/json"), ("/v1/blocks/0", "application/json"),
        ("/v1/blocks/1/receipts", "application/json"), ("/v1/blocks/1/certificate", "application/json"),
        ("/v1/validators", "application/json"), ("/v1/validators?epoch=0", "application/json"),
        ("/v1/state/6b6e6f776e", "application/json"), ("/v1/state/00", "application/json"),
        ("/v1/state/6b6e6f776e?proof=1&minimumHeight=1", "application/json"), ("/v1/contracts", "application/json"),
        ("/v1/contracts/echo", "application/json"), ("/v1/contracts/echo/queries/1", "application/json"),
    ]

    @Test func answersWellFormed() async throws {
        try await TestServer.with { server in
            try await server.node.makeBlock()
            for (path, media) in RouteTests.reads {
                let answer = try await server.call("GET", path)
                #expect(answer.status == 200, "\(path)")
                #expect(answer.headers["content-type"] == media)
                #expect(answer.headers["access-control-allow-origin"] == (path == "/metrics" ? nil : "*"), "\(path)")
                #expect(!answer.body.isEmpty)
                if media == "application/json" { _ = try JSONValue(parsing: answer.body) }
                let head = try await server.call("HEAD", path)
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.headers["content-type"] == media)
            }
        }
    }

    /// What is the operator's business no page of another origin reads, nor asks whether it may.
    @Test func operatorsRoutesAreClosedToOtherOrigins() async throws {
        try await TestServer.with(modules: [ClosedRoute()]) { server in
            for (method, path) in [
                ("GET", "/metrics"), ("OPTIONS", "/metrics"), ("POST", "/v1/admin/x"), ("OPTIONS", "/v1/admin/x"),
                ("GET", "/v1/admin/x"),
            ] {
                let answer = try await server.call(method, path)
                #expect(answer.headers.keys.allSatisfy { $0 != "access-control-allow-origin" }, "\(method) \(path)")
            }
            let open = try await server.call("OPTIONS", "/v1/transactions")
            #expect(open.headers["access-control-allow-origin"] == "*")
        }
    }

    private struct ClosedRoute: RouteModule {
        let tag = "Closed"
        let tagDescription = "For the test."
        var endpoints: [Endpoint] {
            var endpoint = Endpoint(
                .post, "/v1/admin/x", operation: "closed", summary: "Closed.",
                answers: [Endpoint.Answer(200, "Done.", [.json(Schema(["type": "object"]))])]
            ) { _ in .json(.object([])) }
            endpoint.isOpenToOtherOrigins = false
            return [endpoint]
        }
    }

    /// Requests that must be refused, and the status.
    static let refusals: [(method: String, path: String, status: Int)] = [
        ("GET", "/nothing", 404), ("GET", "/v1", 404), ("GET", "/v1/status/", 404), ("GET", "//", 404),
        ("GET", "/v1/%zz", 400), ("POST", "/v1/status", 405), ("DELETE", "/v1/blocks/latest", 405),
        ("PATCH", "/v1/status", 405), ("BREW", "/v1/status", 400), ("GET", "/v1/transactions", 405),
        ("GET", "/v1/status?x=1", 400),
        ("GET", "/v1/blocks?limit=0", 400), ("GET", "/v1/blocks?limit=101", 400), ("GET", "/v1/blocks?limit=1.0", 400),
        ("GET", "/v1/blocks?limit=5&limit=6", 400), ("GET", "/v1/blocks?limit=%", 400), ("GET", "/v1/blocks/-1", 400),
        ("GET", "/v1/blocks/99999999", 404), ("GET", "/v1/blocks/0/certificate", 404),
        ("GET", "/v1/blocks/\(String(repeating: "ab", count: 32))", 404), ("GET", "/v1/validators?epoch=9", 404),
        ("GET", "/v1/state/zz", 400), ("GET", "/v1/state/0", 400),
        ("GET", "/v1/state/\(String(repeating: "00", count: 257))", 400), ("GET", "/v1/state/00?proof=2", 400),
        ("GET", "/v1/contracts/UPPER", 400), ("GET", "/v1/contracts/nobody", 404),
        ("GET", "/v1/contracts/nobody/queries/1", 404), ("GET", "/v1/contracts/echo/queries/70000", 400),
        ("GET", "/v1/contracts/echo/queries/2", 422), ("GET", "/v1/contracts/echo/queries/1?arguments=0", 400),
        ("GET", "/v1/transactions/\(String(repeating: "0", count: 64))", 404), ("GET", "/v1/transactions/xyz", 400),
        ("GET", "/v1/transactions/\(String(repeating: "0", count: 64))/receipt", 404),
        ("GET", "/v1/transactions/\(String(repeating: "0", count: 64))?wait=99", 400),
        ("GET", "/v1/events?kinds=other", 400), ("GET", "/v1/events?after=x", 400),
    ]

    @Test func refusesWithProblem() async throws {
        try await TestServer.with { server in
            for (method, path, status) in RouteTests.refusals {
                let answer = try await server.call(method, path)
                #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                #expect(answer.isProblem)
                if status == 405 { #expect(answer.headers["allow"]?.contains("OPTIONS") == true) }
            }
        }
    }

    @Test func optionsNamesMethods() async throws {
        try await TestServer.with { server in
            let answer = try await server.call("OPTIONS", "/v1/blocks/latest")
            #expect(answer.status == 204)
            #expect(answer.headers["allow"] == "GET, HEAD, OPTIONS")
            #expect(answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS")
            #expect(try await server.call("OPTIONS", "/v1/transactions").headers["allow"] == "POST, OPTIONS")
        }
    }

    @Test func conditionalRequestsAndCaching() async throws {
        try await TestServer.with { server in
            for path in ["/v1/blocks/0", "/v1/blocks/0/receipts", "/v1/genesis", "/v1/contracts/echo", "/openapi.json"]
            {
                let first = try await server.call("GET", path)
                let tag = try #require(first.headers["etag"])
                let again = try await server.call("GET", path, headers: [("If-None-Match", "\"x\", W/\(tag)")])
                #expect(again.status == 304 && again.body.isEmpty)
                #expect(again.headers["etag"] == tag)
                #expect(try await server.call("GET", path, headers: [("If-None-Match", "\"x\"")]).status == 200)
            }
            let block = try await server.call("GET", "/v1/blocks/0")
            let bytes = try await server.call("GET", "/v1/blocks/0", headers: [("Accept", "application/octet-stream")])
            #expect(block.headers["cache-control"]?.contains("immutable") == true)
            #expect(block.headers["etag"] != bytes.headers["etag"])
            #expect(block.headers["vary"] == "Accept")
            #expect(try await server.call("GET", "/v1/status").headers["cache-control"] == "no-store")
        }
    }

    @Test func negotiatesForms() async throws {
        try await TestServer.with { server in
            let bytes = try await server.call(
                "GET", "/v1/blocks/0", headers: [("Accept", "application/json;q=0.1, application/octet-stream")])
            #expect(bytes.headers["content-type"] == "application/octet-stream")
            #expect(try Block(bcs: bytes.body).header.height == Height(0))
            let refused = try await server.call("GET", "/v1/blocks/0", headers: [("Accept", "image/png")])
            #expect(refused.status == 406)
            let genesis = try await server.call("GET", "/v1/genesis")
            #expect(try Genesis(file: genesis.body) == server.node.genesis)
            let canonical = try await server.call(
                "GET", "/v1/genesis", headers: [("Accept", "application/octet-stream")])
            #expect(try Genesis(bcs: canonical.body) == server.node.genesis)
        }
    }

    @Test func stateInAllForms() async throws {
        try await TestServer.with { server in
            let octets = [("Accept", "application/octet-stream")]
            let value = try await server.call("GET", "/v1/state/6b6e6f776e", headers: octets)
            #expect(value.body == Array("value".utf8) && value.headers["commonwatt-height"] != nil)
            #expect(try await server.call("GET", "/v1/state/00", headers: octets).status == 404)
            #expect(try await server.call("GET", "/v1/state/00").json["value"] == .null)
            for key in ["6b6e6f776e", "00"] {
                let bundle = try await server.call("GET", "/v1/state/\(key)?proof=1", headers: octets)
                let decoded = try ProofBundle(bcs: bundle.body)
                let bytes = try #require(Hex.decode(key))
                let verified = try decoded.verify(
                    from: TrustAnchor(server.node.genesis), now: decoded.header.time, ageMillisecondsMax: 0)
                #expect(verified.entry(bytes)?.value == (key == "00" ? nil : Array("value".utf8)))
                let json = try await server.call("GET", "/v1/state/\(key)?proof=1")
                let answer = try JSONCoder<StateAnswer>.stateAnswer.value(parsing: json.body)
                #expect(answer.proof?.entries.first?.key == bytes)
                #expect(answer.read.value == verified.entry(bytes)?.value)
            }
        }
    }

    @Test func minimumHeightWaitsOrSaysBehind() async throws {
        var configuration = APIConfiguration.testing
        configuration.requestMillisecondsMax = 300
        try await TestServer.with(configuration, isDriven: false) { server in
            let behind = try await server.call("GET", "/v1/state/00?minimumHeight=5")
            #expect(behind.status == 503 && behind.headers["retry-after"] == "1")
            #expect(behind.json["type"]?.text == "urn:commonwatt:problem:behind")
            try await server.node.makeBlock()
            #expect(try await server.call("GET", "/v1/state/00?minimumHeight=1").status == 200)
            #expect(try await server.call("GET", "/v1/contracts/echo/queries/1?minimumHeight=1").status == 200)
        }
    }

    @Test func listsHeaders() async throws {
        try await TestServer.with(isDriven: false) { server in
            for _ in 0..<30 { try await server.node.makeBlock() }
            func heights(_ query: String) async throws -> [UInt64] {
                let json = try await server.call("GET", "/v1/blocks" + query).json
                guard case .array(let headers)? = json["headers"] else { return [] }
                return try headers.map { try JSONCoder<BlockHeader>.header.value(from: $0).height.value }
            }
            #expect(try await heights("") == Array(11...30))
            #expect(try await heights("?from=5&limit=3") == [5, 6, 7])
            #expect(try await heights("?from=29&limit=100") == [29, 30])
            #expect(try await heights("?from=31") == [])
        }
    }

    @Test func readinessSaysWhy() async throws {
        try await TestServer.with { server in
            await server.node.set(isReady: false)
            let answer = try await server.call("GET", "/readyz")
            #expect(answer.status == 503 && answer.headers["retry-after"] != nil)
            #expect(answer.json["detail"]?.text?.contains("Catching up") == true)
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test func failuresOfTheNodeBecomeProblems() async throws {
        try await TestServer.with(isDriven: false) { server in
            await server.node.set(failure: .unavailable("Starting: reading the journal.", retryAfterSeconds: 7))
            let starting = try await server.call("GET", "/v1/blocks/latest")
            #expect(starting.status == 503 && starting.headers["retry-after"] == "7")
            await server.node.set(failure: .storage(StorageFailure("secret path")))
            let broken = try await server.call("GET", "/v1/blocks/latest")
            #expect(broken.status == 500 && !broken.text.contains("secret"))
            await server.node.set(failure: nil)
            try await server.node.makeBlock()
            await server.node.set(prunedBelow: 1)
            #expect(try await server.call("GET", "/v1/blocks/0").status == 410)
        }
    }

    @Test func olderStates() async throws {
        try await TestServer.with { (server) async throws in
            for _ in 0..<3 { try await server.node.makeBlock() }
            let path = "/v1/state/" + Hex.encode(SmallNode.knownKey)
            for query in ["?height=1", "?height=1&proof=1", "?proof=1&height=1&minimumHeight=3"] {
                let old = try await server.call("GET", path + query)
                #expect(old.status == 200 && old.headers["commonwatt-height"] == "1", "\(query): \(old.text)")
            }
            // A height that the chain has not reached is waited for, as minimumHeight is.
            let ahead = await server.node.height.value + 2
            let waited = try await server.call("GET", path + "?height=\(ahead)")
            #expect(waited.status == 200 && waited.headers["commonwatt-height"] == "\(ahead)", "\(waited.text)")
            await server.node.set(prunedBelow: 2)
            let gone = try await server.call("GET", path + "?height=1")
            #expect(gone.status == 410 && gone.text.contains("from block 2 on"), "\(gone.text)")
            #expect(try await server.call("GET", path + "?height=2").status == 200)
        }
    }

    @Test func absoluteFormAndEscapes() async throws {
        try await TestServer.with { (server) async throws in
            #expect(try await server.call("GET", "http://any.example/v1/status").status == 200)
            #expect(try await server.call("GET", "/v1/%73tatus").status == 200)
            #expect(try await server.call("GET", "/v1/blocks%2Flatest").status == 404)
            #expect(try await server.call("GET", "/v1/blocks?%6cimit=1#part").status == 200)
        }
    }
}
