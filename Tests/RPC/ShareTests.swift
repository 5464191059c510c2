import NodeClient
import Primitives
import Testing

@testable import RPC

/// What one client may have of the node at once.
@Suite struct ShareTests {
    private static let inFlight = "commonwatt_http_requests_in_flight"
    private static let waiting = "/v1/transactions/\(String(repeating: "0", count: 64))?wait="

    private static func ask(_ server: TestServer, _ path: String, as client: String) async throws -> RawHTTP.Answer {
        try await RawHTTP.send("GET", path, to: server.port, headers: [("X-Forwarded-For", client)])
    }

    @Test func requestPlacesHaveShares() async throws {
        let configuration = AnswerTests.proxied { $0.requestsPerClientMax = 2 }
        try await TestServer.with(configuration) { server in
            async let first = Self.ask(server, Self.waiting + "2", as: "192.0.2.1")
            async let second = Self.ask(server, Self.waiting + "2", as: "192.0.2.1")
            // Those two and the one that asks.
            try await server.wait(Self.inFlight) { $0 == 3 }
            let third = try await Self.ask(server, "/v1/status", as: "192.0.2.1")
            #expect(third.status == 429 && third.isProblem && third.headers["retry-after"] != nil)
            #expect(try await Self.ask(server, "/v1/status", as: "192.0.2.2").status == 200)
            #expect(try await first.status == 404)
            #expect(try await second.status == 404)
            #expect(try await Self.ask(server, "/v1/status", as: "192.0.2.1").status == 200)
        }
    }

    /// A client that closes while the node waits for it leaves its place at once.
    @Test(.timeLimit(.minutes(1))) func goneClientsLeaveTheirPlaces() async throws {
        let configuration = AnswerTests.proxied {
            $0.waitSecondsMax = 3_600
            $0.requestsPerClientMax = 3
        }
        try await TestServer.with(configuration) { server in
            let head = "GET \(Self.waiting)60 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
            for _ in 0..<3 {
                _ = try await RawHTTP.exchange(Array(head.utf8), with: server.port, milliseconds: 300)
            }
            try await server.wait(Self.inFlight) { $0 == 1 }
            #expect(try await Self.ask(server, "/v1/status", as: "192.0.2.1").status == 200)
        }
    }

    /// Who only ends its own side gets what there is now.
    @Test(.timeLimit(.minutes(1))) func halfClosedClientsAreAnsweredAtOnce() async throws {
        let configuration = AnswerTests.proxied { $0.waitSecondsMax = 3_600 }
        try await TestServer.with(configuration) { server in
            let head = "GET \(Self.waiting)60 HTTP/1.1\r\nHost: x\r\n\r\n"
            let bytes = try await RawHTTP.exchange(
                Array(head.utf8), with: server.port, milliseconds: 30_000, closesInput: true)
            #expect(RawHTTP.parse(bytes)?.status == 404)
        }
    }

    /// All connections of a proxy are the proxy's.
    @Test func proxiesMayHaveManyConnections() async throws {
        let configuration = AnswerTests.proxied { $0.connectionsOfThisMachineMax = 1 }
        try await TestServer.with(configuration) { server in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask { try await Self.ask(server, Self.waiting + "1", as: "192.0.2.\(number)").status }
                }
                var found: [Int] = []
                for try await status in group { found.append(status) }
                return found
            }
            #expect(statuses.allSatisfy { $0 == 404 })
        }
    }

    @Test func nobodyTakesAll() {
        let capacity = Capacity(max: 10, perClientMax: 2, thisMachineMax: 6)
        func taken(_ client: String) -> Int {
            var count = 0
            while capacity.enter(client) == nil { count += 1 }
            return count
        }
        #expect(taken(ClientAddress.thisMachine) == 6)
        #expect(capacity.enter(ClientAddress.thisMachine) == .perClient)
        #expect(taken("a") == 2)
        #expect(taken("b") == 2)
        #expect(capacity.enter("c") == .total)
        capacity.leave(ClientAddress.thisMachine)
        #expect(capacity.enter("a") == .perClient)
        #expect(capacity.enter("c") == nil)
    }

    /// One thing larger than all there is goes through, but not beside others.
    @Test func oneMayExceed() {
        let capacity = Capacity(max: 100, perClientMax: 40)
        let (small, large) = (CapacityShare(capacity, client: "a"), CapacityShare(capacity, client: "a"))
        #expect(small.grow(by: 39) == nil)
        #expect(large.grow(by: 20) == .perClient)
        #expect(large.grow(by: 500, mayExceed: true) == nil)
        #expect(large.grow(by: 1, mayExceed: true) == .total)
        #expect(CapacityShare(capacity, client: "b").grow(by: 1, mayExceed: true) == .total)
        #expect(capacity.count == 539 && small.held == 39 && large.held == 500)
    }

    @Test func fewConnectionsAreShared() {
        var configuration = APIConfiguration()
        configuration.bound(connections: 64)
        #expect(configuration.connectionsMax == 64 && configuration.connectionsPerClientMax == 16)
        #expect(configuration.connectionsOfThisMachineMax == 48)
    }
}
