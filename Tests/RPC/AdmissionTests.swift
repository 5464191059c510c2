import Foundation
import NodeClient
import Testing

@testable import RPC

/// What becomes of clients that go on asking after they were told to wait.
@Suite struct AdmissionTests {
    private static let start = ContinuousClock.now

    /// 100 tokens a second and 5 refusals in words.
    private static func limiter(_ change: (inout APIConfiguration.RateLimit) -> Void = { _ in }) -> RateLimiter {
        var limit = APIConfiguration.RateLimit()
        limit.tokensPerSecond = 100
        limit.tokensMax = 200
        change(&limit)
        return RateLimiter(limit, now: start)
    }

    private static func spend(_ tokens: UInt32, _ client: String, _ limiter: RateLimiter) {
        for _ in 0..<tokens { _ = limiter.take(1, from: client, now: start) }
    }

    @Test func connectionsHaveAPrice() {
        let limiter = Self.limiter()
        // 66 connections with a request each leave two of 200 tokens.
        for _ in 0..<66 {
            let isAdmitted = limiter.connect("a", now: Self.start)
            let refusal = limiter.take(1, from: "a", now: Self.start)
            #expect(isAdmitted && refusal == nil)
        }
        for _ in 0..<2 { #expect(limiter.take(1, from: "a", now: Self.start) == nil) }
        #expect(limiter.take(1, from: "a", now: Self.start) != nil)
        #expect(limiter.connect("b", now: Self.start))
    }

    /// Ten refusals in words, five more each second; then connections are closed and refused, until there are tokens again.
    @Test func whoAsksOnIsRefusedUnheard() {
        let limiter = Self.limiter()
        Self.spend(200, "a", limiter)
        var last: [Bool] = []
        for _ in 0..<6 { last.append(limiter.take(1, from: "a", now: Self.start)?.isLast ?? true) }
        #expect(last == [false, false, false, false, false, false])
        var admitted = 0
        for _ in 0..<50 where limiter.connect("a", now: Self.start) { admitted += 1 }
        #expect(admitted == 4)
        #expect(limiter.take(1, from: "a", now: Self.start)?.isLast == true)
        #expect(limiter.connect("b", now: Self.start))
        // Four connections are owed for: eight tokens, and three are wanted.
        #expect(!limiter.connect("a", now: Self.start + .milliseconds(100)))
        #expect(limiter.connect("a", now: Self.start + .milliseconds(115)))
        #expect(limiter.take(1, from: "a", now: Self.start + .milliseconds(115)) == nil)
    }

    /// Refused connections cost nothing: who stops asking is not kept out for longer than it owes.
    @Test func refusedConnectionsMakeNoDebt() {
        let limiter = Self.limiter()
        _ = limiter.charge(250, from: "a", now: Self.start)
        for _ in 0..<10_000 { _ = limiter.connect("a", now: Self.start) }
        // 50 tokens owed, and 10 connections that were heard.
        #expect(limiter.take(1, from: "a", now: Self.start + .milliseconds(700)) != nil)
        #expect(limiter.take(1, from: "a", now: Self.start + .milliseconds(712)) == nil)
    }

    /// One batch keeps an address out for seconds, not for minutes.
    @Test func vainWorkMakesABoundedDebt() {
        let limiter = Self.limiter()
        limiter.chargeVain(28_672, from: "a", now: Self.start)
        #expect(limiter.take(1, from: "a", now: Self.start)?.seconds == 5)
        #expect(limiter.take(1, from: "a", now: Self.start + .milliseconds(4_015)) == nil)
        // What is owed for other reasons is not forgiven.
        _ = limiter.charge(1_000, from: "b", now: Self.start)
        limiter.chargeVain(1_000, from: "b", now: Self.start)
        #expect(limiter.take(1, from: "b", now: Self.start)?.seconds == 9)
    }

    /// A stream leaves something to the requests of its client.
    @Test func streamsLeaveAQuarter() {
        let limiter = Self.limiter()
        #expect(limiter.charge(150, from: "a", leaving: 0.25, now: Self.start) == 0)
        #expect(limiter.charge(50, from: "a", leaving: 0.25, now: Self.start) == 0.5)
    }

    /// However many others there are.
    @Test func thisMachineHasItsOwn() {
        let limiter = Self.limiter { $0.clientsMax = 2 }
        for client in ["a", "b", "c"] { Self.spend(200, client, limiter) }
        #expect(limiter.take(1, from: "d", now: Self.start) != nil)
        #expect(limiter.take(1, from: ClientAddress.thisMachine, now: Self.start) == nil)
    }

    @Test func thisMachineHasMore() {
        let limiter = Self.limiter { $0.thisMachineTimes = 3 }
        for _ in 0..<600 { #expect(limiter.take(1, from: ClientAddress.thisMachine, now: Self.start) == nil) }
        #expect(limiter.take(1, from: ClientAddress.thisMachine, now: Self.start)?.seconds == 1)
        let later = Self.start + .seconds(1)
        for _ in 0..<300 { #expect(limiter.take(1, from: ClientAddress.thisMachine, now: later) == nil) }
        #expect(limiter.take(1, from: ClientAddress.thisMachine, now: later) != nil)
    }

    /// A small limit serves connections, too.
    @Test func smallLimitsServe() {
        let limiter = Self.limiter { ($0.tokensPerSecond, $0.tokensMax) = (1, 2) }
        let isAdmitted = limiter.connect("a", now: Self.start)
        #expect(isAdmitted && limiter.take(1, from: "a", now: Self.start) == nil)
    }

    /// One token a second, and three refusals in words.
    private static func strict() -> APIConfiguration {
        var configuration = LimitTests.limited(tokens: 4)
        configuration.rateLimit?.refusalsPart = 1.5
        return configuration
    }

    @Test func floodsOfConnectionsAreHeldUnheard() async throws {
        try await TestServer.with(Self.strict()) { server in
            let request = Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
            var (heard, unheard): ([Int], [Duration]) = ([], [])
            for _ in 0..<10 {
                let started = ContinuousClock.now
                let bytes = try await RawHTTP.exchange(request, with: server.port)
                if let answer = RawHTTP.parse(bytes) {
                    heard.append(answer.status)
                    if answer.status == 429 { #expect(answer.isProblem && answer.headers["retry-after"] != nil) }
                } else {
                    #expect(bytes.isEmpty)
                    unheard.append(ContinuousClock.now - started)
                }
                if unheard.count == 2 { break }
            }
            #expect(heard.prefix(4).allSatisfy { $0 == 200 } && heard.contains(429))
            #expect(unheard.count == 2)
            // Held, and let go.
            #expect(unheard.allSatisfy { $0 > .milliseconds(900) && $0 < .seconds(4) })
            try await Task.sleep(for: .seconds(3))
            let text = try await server.call("GET", "/metrics").text
            #expect(text.contains("commonwatt_http_connections_refused_total 2"))
        }
    }

    /// On a connection that stays open the last refusal in words closes it.
    @Test func openConnectionsAreClosed() async throws {
        try await TestServer.with(Self.strict()) { server in
            let requests = String(repeating: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", count: 40)
            let text = String(
                decoding: try await RawHTTP.exchange(Array(requests.utf8), with: server.port), as: UTF8.self)
            let answers = text.components(separatedBy: "HTTP/1.1 429").count - 1
            #expect((3...6).contains(answers), "\(answers)")
            #expect(text.components(separatedBy: "\r\n").filter { $0.lowercased() == "connection: close" }.count == 1)
        }
    }

    /// A source that floods is shut out by the kernel for two seconds; nobody else is, and it comes back.
    @Test func floodsAreShutOut() async throws {
        var configuration = Self.strict()
        configuration.rateLimit?.shutsThisMachine = true
        configuration.rateLimit?.connectionTokens = 2
        try await TestServer.with(configuration) { server in
            func connects(_ source: String) async -> Bool {
                await SourceFilterTests.connects(server.port, to: "127.0.0.1", from: source)
            }
            var made = 0
            while made < 200, await connects("127.0.0.2") { made += 1 }
            #expect((50...80).contains(made), "\(made)")
            // All of this machine is one client, but packets have addresses.
            #expect(await connects("127.0.0.3"))
            try await Task.sleep(for: .seconds(5))
            let text = try await server.call("GET", "/metrics").text
            #expect(text.contains("commonwatt_http_sources_shut_total 1"))
            #expect(await connects("127.0.0.2"))
        }
    }

    /// Connections that are reset before the node takes them have no address for the library; they count all the same.
    @Test(arguments: ["127.0.0.1"] + (SourceFilterTests.hasVersion6 ? ["::"] : []))
    func floodsOfResetConnectionsAreShutOut(_ host: String) async throws {
        var configuration = Self.strict()
        configuration.host = host
        configuration.rateLimit?.shutsThisMachine = true
        configuration.rateLimit?.connectionTokens = 2
        try await TestServer.with(configuration) { server in
            var made = 0
            while made < 2_000, SourceFilterTests.resets(server.port, from: "127.0.0.2") { made += 1 }
            // Some come before the filter does.
            #expect((50..<2_000).contains(made), "\(made)")
            #expect(await SourceFilterTests.connects(server.port, to: "127.0.0.1", from: "127.0.0.3"))
            try await Task.sleep(for: .seconds(6))
            #expect(SourceFilterTests.resets(server.port, from: "127.0.0.2"))
            let text = try await server.call("GET", "/metrics").text
            #expect(text.contains("commonwatt_http_sources_shut_total 1"))
        }
    }

    /// A proxy's connections are everybody's.
    @Test func aProxyIsAlwaysHeard() async throws {
        var configuration = Self.strict()
        configuration.trustsForwardedFor = true
        try await TestServer.with(configuration) { server in
            for number in 0..<20 {
                let answer = try await RawHTTP.send(
                    "GET", "/healthz", to: server.port, headers: [("X-Forwarded-For", "192.0.2.\(number % 2)")])
                #expect(answer.status == 200 || (number >= 8 && answer.status == 429))
            }
        }
    }
}
