import Chain
import Foundation
import NodeClient
import Primitives
import RPC
import TestSupport
import Testing

/// Whatever arrives at the port, the server answers or closes, and goes on serving.
@Suite struct FuzzTests {
    @Test func damagedBodiesGetProblems() async throws {
        try await TestServer.with(isDriven: false) { server in
            var random = SeededGenerator(seed: 21)
            let transaction = try server.transaction("fuzz", calls: 3)
            var batch = BCSEncoder()
            batch.vector([transaction.bytes, transaction.bytes]) { $0.blob($1) }
            let hex = Hex.encode(transaction.bytes)
            let sources: [(path: String, type: String, body: [UInt8])] = [
                ("/v1/transactions", "application/octet-stream", transaction.bytes),
                ("/v1/transactions/batch", "application/octet-stream", batch.bytes),
                ("/v1/transactions", "application/json", Array(#"{"transaction":"\#(hex)"}"#.utf8)),
                ("/v1/transactions/batch", "application/json", Array(#"{"transactions":["\#(hex)"]}"#.utf8)),
            ]
            for number in 0..<Fuzz.count(200) {
                let source = sources[number % sources.count]
                let answer = try await server.call(
                    "POST", source.path, headers: [("Content-Type", source.type)], body: random.damage(source.body))
                #expect([200, 202, 400, 422].contains(answer.status), "\(answer.status) \(answer.text)")
            }
        }
    }

    @Test func damagedRequestsNeverStopTheServer() async throws {
        try await TestServer.with { server in
            var random = SeededGenerator(seed: 22)
            let digest = String(repeating: "ab", count: 32)
            let requests = [
                "GET /v1/blocks/latest?x=%41 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                "POST /v1/transactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                "POST /v1/transactions/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
                "GET /v1/events?after=1-2 HTTP/1.0\r\nLast-Event-ID: 5-1\r\n\r\n",
                "HEAD /v1/transactions/\(digest)?wait=0 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
            ].map { Array($0.utf8) }
            for number in 0..<Fuzz.count(160) {
                let bytes = random.damage(requests[number % requests.count])
                let answer = try await RawHTTP.exchange(
                    bytes, with: server.port, milliseconds: 60, closesInput: number % 2 == 0, pieces: 1 + number % 3)
                guard !answer.isEmpty else { continue }
                let parsed = try #require(RawHTTP.parse(answer), "\(String(decoding: answer, as: UTF8.self))")
                #expect(parsed.status != 500)
            }
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test(arguments: [
        "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST /v1/transactions HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\nA\u{1}: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}\u{a5}\u{1}\u{0}\u{0}",
    ])
    func whatIsNoHTTPIsAnsweredWithAProblem(text: String) async throws {
        try await TestServer.with { server in
            let bytes = try await RawHTTP.exchange(Array(text.utf8), with: server.port, milliseconds: 3_000)
            let answer = try #require(RawHTTP.parse(bytes))
            #expect(answer.status == 400 && answer.isProblem, "\(answer.text)")
            #expect(answer.headers["connection"] == "close")
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test func paramsOfAnyText() async throws {
        try await TestServer.with { server in
            var random = SeededGenerator(seed: 23)
            let paths = [
                "/v1/blocks/", "/v1/state/", "/v1/contracts/", "/v1/transactions/", "/v1/blocks?from=",
                "/v1/events?after=",
            ]
            for number in 0..<Fuzz.count(150) {
                let raw = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                let text = raw.map { "%" + Hex.encode([$0]) }.joined()
                let answer = try await server.call("GET", paths[number % paths.count] + text)
                #expect(answer.status < 500)
            }
        }
    }
}
