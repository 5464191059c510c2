import Chain
import LightClient
import Primitives
import RPC
import Testing

@testable import NodeClient

/// A client with an honest node needs no other, whatever the ones before it in its list say.
@Suite struct LiarFirstTests {
    private static func client(_ liar: LiarRoute, _ server: TestServer) throws -> NodeClient {
        try NodeClient(
            nodes: ["http://127.0.0.1:\(liar.port)", server.base], anchor: TrustAnchor(server.node.genesis))
    }

    @Test func rubbishIsPassedOver() async throws {
        try await TestServer.with { server in
            let liar = try await LiarRoute.serve(Array("rubbish".utf8))
            let client = try Self.client(liar, server)
            try await server.node.makeBlock()
            let verified = try await client.verifiedValue(SmallNode.knownKey)
            #expect(verified.entry(SmallNode.knownKey)?.value == Array("value".utf8))
            // The liar is not asked first the next time.
            #expect(client.order.first == 1)
            client.prefer(0)
            #expect(try await client.block(.height(Height(0))).header.height == Height(0))
            client.prefer(0)
            #expect(try await client.nodeStatus().ready)
            #expect(client.order.first == 1)
            try await client.shutdown()
            try await liar.stop()
        }
    }

    /// What holds on another network does not hold here.
    @Test func proofsThatDoNotHoldArePassedOver() async throws {
        let foreign = try SmallNode(name: "other-net")
        try await foreign.makeBlock()
        try await TestServer.with(over: foreign) { other in
            try await TestServer.with { server in
                let client = try NodeClient(
                    nodes: [other.base, server.base], anchor: TrustAnchor(server.node.genesis))
                try await server.node.makeBlock()
                let verified = try await client.verifiedValue(SmallNode.knownKey)
                #expect(verified.header.network == server.node.genesis.network)
                #expect(client.order.first == 1)
                try await client.shutdown()
            }
        }
    }

    @Test func theLastLieIsTold() async throws {
        try await TestServer.with { server in
            let liar = try await LiarRoute.serve(Array("rubbish".utf8))
            let address = "http://127.0.0.1:\(liar.port)"
            let client = try NodeClient(
                nodes: ["http://127.0.0.1:1", address], anchor: TrustAnchor(server.node.genesis))
            do {
                _ = try await client.verifiedValue(SmallNode.knownKey)
                Issue.record("rubbish was believed")
            } catch ClientError.badAnswer(let node, _) {
                #expect(node == address)
            }
            #expect(client.order.first == 0)
            try await client.shutdown()
            try await liar.stop()
        }
    }

    /// An answer that never ends is none.
    @Test func drippingNodesArePassedOver() async throws {
        try await TestServer.with { server in
            let liar = try await LiarRoute.drip()
            var configuration = NodeClientConfiguration()
            configuration.requestMilliseconds = 500
            configuration.answerMilliseconds = 500
            configuration.roundsMax = 1
            let address = "http://127.0.0.1:\(liar.port)"
            let alone = try NodeClient(nodes: [address], configuration: configuration)
            let started = ContinuousClock.now
            do {
                _ = try await alone.get("/v1/status")
                Issue.record("an endless answer ended")
            } catch ClientError.noNodeAnswered(let failures) {
                #expect(failures.first?.reason.contains("in time") == true, "\(failures)")
            }
            await #expect(throws: ClientError.self) { try await alone.result("/v1/status", accept: "*/*") }
            #expect(ContinuousClock.now - started < .seconds(20))
            try? await alone.shutdown()
            configuration.requestMilliseconds = 5_000
            let client = try NodeClient(nodes: [address, server.base], configuration: configuration)
            #expect(try await client.nodeStatus().ready)
            #expect(client.order.first == 1)
            try? await client.shutdown()
            try await liar.stop()
        }
    }
}
