import NodeClient
import Primitives
import RPC
import Testing

/// What happens to answers that clients are slow to take, or do not take.
@Suite struct AnswerTests {
    static let held = "commonwatt_http_answer_bytes_held"
    static let stalled = "commonwatt_http_stalled_total"

    /// Clients by the address that the proxy in front names.
    static func proxied(_ change: (inout APIConfiguration) -> Void = { _ in }) -> APIConfiguration {
        var configuration = APIConfiguration.testing
        configuration.trustsForwardedFor = true
        change(&configuration)
        return configuration
    }

    /// Block 1 with some 1.8 MB.
    private static func fill(_ server: TestServer) async throws -> Int {
        let filler = String(repeating: "x", count: 60_000)
        for number in 0..<30 { _ = try await server.node.submit([server.transaction(filler, salt: UInt64(number))]) }
        try await server.node.makeBlock()
        return 30 * 60_000
    }

    private static func request(_ client: String) -> String {
        "GET /v1/blocks/1 HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\nX-Forwarded-For: \(client)\r\n"
            + "Connection: close\r\n\r\n"
    }

    private static func ask(_ server: TestServer, _ client: String) async throws -> RawHTTP.Answer {
        let bytes = try await RawHTTP.exchange(Array(request(client).utf8), with: server.port)
        return try #require(RawHTTP.parse(bytes))
    }

    /// Answers that nobody reads take a bounded share of memory, and no other client notices.
    @Test func unreadAnswersAreBounded() async throws {
        let configuration = Self.proxied { $0.answerBytesPerClientMax = 4_000_000 }
        try await TestServer.with(configuration, isDriven: false) { server in
            let size = try await Self.fill(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await SlowReader.with(server.port, Self.request("192.0.2.1")) { _ in
                            try await Task.sleep(for: .seconds(3_600))
                        }
                    }
                }
                // Two, and the one that goes beyond the share, which no answer is too large for.
                try await server.wait(Self.held) { $0 >= 3 * size }
                let refused = try await Self.ask(server, "192.0.2.1")
                #expect(refused.status == 429 && refused.isProblem && refused.headers["retry-after"] != nil)
                #expect(refused.text.contains("has not read the answers"))
                try await Self.watches(server, "192.0.2.1")
                let other = try await Self.ask(server, "192.0.2.2")
                #expect(other.status == 200 && other.body.count >= size)
                #expect(try await server.metric(Self.held) < 4 * size)
                group.cancelAll()
            }
            // What the clients had goes with them.
            try await server.wait(Self.held) { $0 < 200_000 }
            #expect(try await Self.ask(server, "192.0.2.1").status == 200)
        }
    }

    /// Who watches the node is answered all the same.
    private static func watches(_ server: TestServer, _ client: String) async throws {
        for path in ["/healthz", "/readyz", "/v1/status", "/metrics"] {
            let answer = try await RawHTTP.send("GET", path, to: server.port, headers: [("X-Forwarded-For", client)])
            #expect(answer.status == 200, "\(path): \(answer.text.prefix(200))")
        }
    }

    /// All clients together are bounded, too.
    @Test func unreadAnswersOfAllAreBounded() async throws {
        let configuration = Self.proxied { $0.answerBytesInFlightMax = 3_000_000 }
        try await TestServer.with(configuration, isDriven: false) { server in
            let size = try await Self.fill(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in ["192.0.2.1", "192.0.2.2"] {
                    group.addTask {
                        try await SlowReader.with(server.port, Self.request(client)) { _ in
                            try await Task.sleep(for: .seconds(3_600))
                        }
                    }
                }
                // Small answers are refused as everything is. (A large one might be here before the second reader's.)
                var refused: RawHTTP.Answer?
                for _ in 0..<2_000 where refused?.status != 503 {
                    refused = try await RawHTTP.send(
                        "GET", "/v1/genesis", to: server.port, headers: [("X-Forwarded-For", "192.0.2.3")])
                    try await Task.sleep(for: .milliseconds(10))
                }
                try await Self.watches(server, "192.0.2.3")
                #expect(refused?.status == 503 && refused?.isProblem == true && refused?.headers["retry-after"] != nil)
                group.cancelAll()
            }
            try await server.wait(Self.held) { $0 < size }
        }
    }

    /// Who takes nothing is cut off after the stated time, and its answer goes.
    @Test func readersThatStandStillAreCutOff() async throws {
        let configuration = Self.proxied { $0.writeStallSecondsMax = 1 }
        try await TestServer.with(configuration, isDriven: false) { server in
            let size = try await Self.fill(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await SlowReader.with(server.port, Self.request("192.0.2.1")) { _ in
                        try await Task.sleep(for: .seconds(3_600))
                    }
                }
                try await server.wait(Self.held) { $0 >= size }
                try await server.wait(Self.stalled) { $0 == 1 }
                try await server.wait(Self.held) { $0 < size }
                group.cancelAll()
            }
        }
    }

    /// Who takes a little at a time gets all of it, however long it takes.
    @Test func slowReadersGetTheirAnswer() async throws {
        let configuration = Self.proxied { $0.writeStallSecondsMax = 3 }
        try await TestServer.with(configuration, isDriven: false) { server in
            let size = try await Self.fill(server)
            let bytes = try await SlowReader.with(server.port, Self.request("192.0.2.1")) { next in
                var all: [UInt8] = []
                while let part = try await next() {
                    all += part
                    try await Task.sleep(for: .milliseconds(80))
                }
                return all
            }
            let answer = try #require(RawHTTP.parse(bytes))
            #expect(answer.status == 200 && answer.body.count >= size)
            #expect(answer.headers["content-length"] == "\(answer.body.count)")
            #expect(try await server.metric(Self.stalled) == 0)
        }
    }
}
