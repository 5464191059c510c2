import Chain
import Foundation
import LedgerCrypto
import NodeClient
import Primitives
import RPC
import Testing

/// Every limit of the server, over a real socket.
@Suite struct LimitTests {
    let octets = [("Content-Type", "application/octet-stream")]

    /// So many tokens a client, and one more each second.
    static func limited(tokens: UInt32) -> APIConfiguration {
        var configuration = APIConfiguration.testing
        configuration.rateLimit = .init()
        configuration.rateLimit?.tokensMax = tokens
        configuration.rateLimit?.tokensPerSecond = 1
        configuration.rateLimit?.thisMachineTimes = 1
        configuration.rateLimit?.connectionTokens = 0
        configuration.rateLimit?.refusalsPart = 1_000
        return configuration
    }

    @Test func rateLimitAnswers429() async throws {
        try await TestServer.with(Self.limited(tokens: 5)) { server in
            var statuses: [Int] = []
            for _ in 0..<8 { statuses.append(try await server.call("GET", "/healthz").status) }
            #expect(statuses.prefix(5).allSatisfy { $0 == 200 })
            #expect(statuses.contains(429))
            let limited = try await server.call("GET", "/nothing")
            #expect(limited.status == 429 || limited.status == 404)
            let retry = try await RawHTTP.send("GET", "/healthz", to: server.port).headers["retry-after"] ?? "1"
            #expect((Int(retry) ?? 0) >= 1)
        }
    }

    @Test func batchesPayForTheirSize() async throws {
        try await TestServer.with(Self.limited(tokens: 4)) { server in
            var encoder = BCSEncoder()
            encoder.vector([[UInt8]](repeating: [1], count: 640)) { $0.blob($1) }
            let first = try await server.call("POST", "/v1/transactions/batch", headers: octets, body: encoder.bytes)
            #expect(first.status == 429 && first.headers["retry-after"] != nil)
        }
    }

    /// The price of a batch follows what its keys cost to check, before anything is checked.
    @Test func batchesPayForTheirKeys() async throws {
        try await TestServer.with(Self.limited(tokens: 5)) { server in
            func batch(_ scheme: SignatureScheme) throws -> [UInt8] {
                let key = try #require(
                    PublicKey(scheme: scheme, bytes: [UInt8](repeating: 2, count: scheme.publicKeyByteCount)))
                let body = TransactionBody(
                    network: server.node.genesis.network, sender: key, expiry: Timestamp(1), salt: 1,
                    calls: [Call(instance: Address(wellKnown: "echo"), method: 1, arguments: [])])
                var encoder = BCSEncoder()
                encoder.vector([[UInt8]](repeating: body.bcs + [UInt8](repeating: 0, count: 64), count: 64)) {
                    $0.blob($1)
                }
                return encoder.bytes
            }
            let dear = try await server.call(
                "POST", "/v1/transactions/batch", headers: octets, body: try batch(.p256))
            #expect(dear.status == 429 && dear.headers["retry-after"] != nil)
            let cheap = try await server.call(
                "POST", "/v1/transactions/batch", headers: octets, body: try batch(.secp256k1))
            #expect(cheap.status == 200)
        }
    }

    /// What is refused was checked in vain: it is paid for afterwards, in debt if need be.
    @Test func refusedTransactionsArePaidFor() async throws {
        try await TestServer.with(Self.limited(tokens: 10)) { server in
            var encoder = BCSEncoder()
            encoder.vector([[UInt8]](repeating: [1], count: 30)) { $0.blob($1) }
            let body = encoder.bytes
            #expect(
                try await server.call("POST", "/v1/transactions/batch", headers: octets, body: body).status == 200)
            let answer = try await server.call("GET", "/healthz")
            #expect(answer.status == 429)
            #expect((answer.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 15)
        }
    }

    @Test func largeBodiesAnswer413() async throws {
        var configuration = APIConfiguration.testing
        configuration.batchBytesMax = 1_000
        try await TestServer.with(configuration) { (server) async throws in
            let body = [UInt8](repeating: 0, count: 300_000)
            let one = try await server.call("POST", "/v1/transactions", headers: octets, body: body)
            #expect(one.status == 413 && one.headers["connection"] == "close")
            #expect(
                try await server.call("POST", "/v1/transactions/batch", headers: octets, body: body).status == 413)
            // The same without a declared length.
            var chunked = Array(
                """
                POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r
                Transfer-Encoding: chunked\r\n\r\n
                """.utf8)
            for _ in 0..<20 { chunked += Array("64\r\n".utf8) + [UInt8](repeating: 1, count: 100) + Array("\r\n".utf8) }
            chunked += Array("0\r\n\r\n".utf8)
            let answer = RawHTTP.parse(try await RawHTTP.exchange(chunked, with: server.port))
            #expect(answer?.status == 413 && answer?.isProblem == true)
        }
    }

    @Test func endlessBodyIsCutOff() async throws {
        var configuration = APIConfiguration.testing
        configuration.batchBytesMax = 1_000
        try await TestServer.with(configuration) { (server) async throws in
            var bytes = Array(
                "POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n".utf8)
            bytes += Array("Content-Length: 100000000\r\n\r\n".utf8) + [UInt8](repeating: 1, count: 50_000)
            let started = ContinuousClock.now
            let answer = RawHTTP.parse(try await RawHTTP.exchange(bytes, with: server.port, milliseconds: 20_000))
            #expect(answer?.status == 413)
            #expect(ContinuousClock.now - started < .seconds(15))
        }
    }

    @Test func bodiesMustArrive() async throws {
        var configuration = APIConfiguration.testing
        configuration.bodyMillisecondsMax = 200
        try await TestServer.with(configuration) { (server) async throws in
            let bytes = Array(
                """
                POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r
                Content-Length: 100\r\n\r\nabc
                """.utf8)
            let answer = RawHTTP.parse(try await RawHTTP.exchange(bytes, with: server.port))
            #expect(answer?.status == 400 && answer?.isProblem == true, "\(answer?.text ?? "")")
        }
    }

    /// Who says that much will come, and sends nothing, takes up nothing.
    @Test func declaredBodiesHoldUpNobody() async throws {
        var configuration = APIConfiguration.testing
        configuration.bodyMillisecondsMax = 3_000
        configuration.bodyBytesInFlightMax = configuration.batchBytesMax
        configuration.bodyBytesPerClientMax = configuration.batchBytesMax
        let length = configuration.batchBytesMax
        try await TestServer.with(configuration) { (server) async throws in
            let head =
                "POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
                + "Content-Length: \(length)\r\n\r\n"
            let port = server.port
            let idle = (0..<4).map { _ in
                Task { try await RawHTTP.exchange(Array(head.utf8), with: port, milliseconds: 20_000) }
            }
            try await Task.sleep(for: .milliseconds(500))
            let transaction = try server.transaction("beside them")
            #expect(
                try await server.call("POST", "/v1/transactions", headers: octets, body: transaction.bytes).status
                    == 202
            )
            for task in idle { #expect(RawHTTP.parse(try await task.value)?.status == 400) }
        }
    }

    @Test func bodiesInFlightAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.bodyMillisecondsMax = 3_000
        configuration.batchBytesMax = 100_000
        configuration.bodyBytesInFlightMax = 250_000
        configuration.bodyBytesPerClientMax = 150_000
        try await TestServer.with(configuration) { (server) async throws in
            let head =
                "POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
                + "Content-Length: 100000\r\n\r\n"
            let port = server.port
            let most = Array(head.utf8) + [UInt8](repeating: 1, count: 90_000)
            let first = Task { try await RawHTTP.exchange(most, with: port, milliseconds: 20_000) }
            try await Task.sleep(for: .milliseconds(500))
            let second = RawHTTP.parse(try await RawHTTP.exchange(most, with: port, milliseconds: 20_000))
            #expect(second?.status == 429 && second?.headers["retry-after"] != nil)
            // What was held is given back.
            #expect(RawHTTP.parse(try await first.value)?.status == 400)
            let third = RawHTTP.parse(try await RawHTTP.exchange(most, with: port, milliseconds: 20_000))
            #expect(third?.status == 400)
        }
    }

    @Test func continueIsSaidBeforeABody() async throws {
        try await TestServer.with { (server) async throws in
            let transaction = try server.transaction("continue")
            let head =
                "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
                + "Connection: close\r\nExpect: 100-continue\r\nContent-Length: \(transaction.bytes.count)\r\n\r\n"
            let bytes = try await RawHTTP.exchange(Array(head.utf8) + transaction.bytes, with: server.port, pieces: 2)
            #expect(String(decoding: bytes.prefix(12), as: UTF8.self) == "HTTP/1.1 100")
            #expect(RawHTTP.parse(bytes)?.status == 202)
        }
    }

    @Test func headersAndAddressesAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.headerBytesMax = 4_096
        configuration.headerFieldsMax = 20
        configuration.uriBytesMax = 1_024
        try await TestServer.with(configuration) { (server) async throws in
            let long = String(repeating: "a", count: 2_000)
            #expect(try await server.call("GET", "/v1/" + long).status == 414)
            let wide = try await server.call("GET", "/healthz", headers: [("X-Long", long + long + long)])
            #expect(wide.status == 431)
            let many = (0..<40).map { ("X-\($0)", "v") }
            #expect(try await server.call("GET", "/healthz", headers: many).status == 431)
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test func slowNodeAnswers503() async throws {
        var configuration = APIConfiguration.testing
        configuration.requestMillisecondsMax = 100
        try await TestServer.with(configuration) { server in
            await server.node.set(slowMilliseconds: 3_000)
            let answer = try await server.call("GET", "/v1/status")
            #expect(answer.status == 503 && answer.headers["retry-after"] != nil)
            #expect(answer.json["type"]?.text == "urn:commonwatt:problem:time-limit")
        }
    }

    @Test func requestsInFlightAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.requestsInFlightMax = 2
        try await TestServer.with(configuration) { server in
            await server.node.set(slowMilliseconds: 500)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await server.call("GET", "/v1/status").status } }
                var found: [Int] = []
                for try await status in group { found.append(status) }
                return found
            }
            #expect(statuses.contains(200) && statuses.contains(503))
            await server.node.set(slowMilliseconds: 0)
            #expect(try await server.call("GET", "/v1/status").status == 200)
        }
    }

    @Test func connectionsPerClientAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.connectionsOfThisMachineMax = 3
        try await TestServer.with(configuration) { (server) async throws in
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<6 {
                    group.addTask { try await RawHTTP.exchange([], with: server.port, milliseconds: 500) }
                }
                var found: [[UInt8]] = []
                for try await bytes in group { found.append(bytes) }
                return found
            }
            let refused = answers.compactMap { RawHTTP.parse($0) }
            #expect(refused.map(\.status) == [429, 429, 429])
            #expect(refused.map(\.isProblem) == [true, true, true])
            try await Task.sleep(for: .milliseconds(50))
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test func idleConnectionsAreClosed() async throws {
        var configuration = APIConfiguration.testing
        configuration.idleSecondsMax = 1
        try await TestServer.with(configuration) { (server) async throws in
            let started = ContinuousClock.now
            _ = try await RawHTTP.exchange(Array("GET /healthz HT".utf8), with: server.port, milliseconds: 20_000)
            #expect(ContinuousClock.now - started < .seconds(15))
        }
    }

    @Test func keepAliveServesManyRequests() async throws {
        try await TestServer.with { (server) async throws in
            let one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let bytes = try await RawHTTP.exchange(
                Array((String(repeating: one, count: 20) + last).utf8), with: server.port)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 22)
        }
    }

    @Test func manyClientsAtOnce() async throws {
        try await TestServer.with { server in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let path = ["/v1/status", "/v1/blocks/latest", "/v1/state/00?proof=1", "/metrics"][number % 4]
                        return try await server.call("GET", path).status
                    }
                    if number >= 50 { _ = try await group.next() }
                }
                var found: [Int] = []
                for try await status in group { found.append(status) }
                return found
            }
            #expect(statuses.allSatisfy { $0 == 200 })
            let metrics = try await server.call("GET", "/metrics").text
            #expect(metrics.contains(#"commonwatt_http_requests_total{operation="getStatus",status="200"} 50"#))
            #expect(metrics.contains("process_resident_memory_bytes"))
            #expect(metrics.contains(#"commonwatt_example_seconds_bucket{le="+Inf"} 4"#))
        }
    }

    @Test func shutdownLetsRequestsEnd() async throws {
        let (node, port, answer) = try await TestServer.with { server in
            await server.node.set(slowMilliseconds: 400)
            let running = Task { try await server.call("GET", "/v1/status").status }
            while await server.node.statusCalls == 0 { try await Task.sleep(for: .milliseconds(5)) }
            return (server.node, server.port, running)
        }
        _ = node
        #expect(try await answer.value == 200)
        await #expect(throws: (any Error).self) { try await RawHTTP.send("GET", "/healthz", to: port) }
    }
}
