import Chain
import LightClient
import Primitives
import RPC
import Testing

@testable import NodeClient

/// What a client trusts decides which network and which state it believes.
@Suite struct AnchorTests {
    @Test func aNodeOfAnotherNetworkIsRefused() async throws {
        let foreign = try SmallNode(name: "other-net")
        try await TestServer.with(over: foreign) { other in
            try await TestServer.with { server in
                let anchor = TrustAnchor(server.node.genesis)
                let alone = try NodeClient(nodes: [other.base], anchor: anchor)
                do {
                    _ = try await alone.network()
                    Issue.record("another network is signed for")
                } catch ClientError.otherNetwork(_, let found, let name, let trusted) {
                    #expect(found == foreign.genesis.network && name == "other-net")
                    #expect(trusted == server.node.genesis.network)
                }
                await #expect(throws: ClientError.self) { try await alone.genesis() }
                let both = try NodeClient(nodes: [other.base, server.base], anchor: anchor)
                #expect(try await both.network() == server.node.genesis.network)
                // Nothing is trusted: the node's word.
                let trusting = try NodeClient(nodes: [other.base])
                #expect(try await trusting.network() == foreign.genesis.network)
                for client in [alone, both, trusting] { try await client.shutdown() }
            }
        }
    }

    /// Validators and their keys change as often as the consortium likes: a client from the genesis file gets on in steps.
    @Test func moreEpochsThanAProofCarriesAreGoneOverInSteps() async throws {
        let node = try SmallNode()
        try await node.endEpochs(2 * ProofBundle.epochEndsMax + 100)
        try await TestServer.with(over: node) { server in
            let path = "/v1/state/\(Hex.encode(SmallNode.knownKey))?proof=1"
            let refused = try await server.call("GET", path)
            #expect(refused.status == 409 && refused.text.contains("too-many-epochs"))
            let newest = await node.epoch
            let near = try await server.call("GET", path + "&fromEpoch=\(newest.value - 3)")
            guard case .array(let three)? = near.json["proof"]?["epochEnds"] else { throw TestFailure("no proof") }
            #expect(three.count == 3)
            #expect(try await server.call("GET", "/v1/epochs/\(newest)").status == 404)
            let client = try server.client()
            #expect(try await client.verifiedValue(SmallNode.knownKey).header.epoch == newest)
            let kept = try #require(client.anchor)
            #expect(kept.epoch == newest)
            // Where it began is too far away for one proof, too; what it verified is not.
            #expect(try await client.provedHeader(at: await node.height).header.epoch == newest)
            // A node that cannot lead on is passed over, and one that says so for nothing leads nowhere.
            let lost = try NodeClient(
                nodes: [server.base], anchor: TrustAnchor(try SmallNode(name: "other-net").genesis))
            await #expect(throws: ClientError.self) { try await lost.verifiedValue(SmallNode.knownKey) }
            for client in [client, lost] { try await client.shutdown() }
        }
    }

    @Test func aClientGoesOnFromWhatItKept() async throws {
        try await TestServer.with(isDriven: false) { server in
            for _ in 0..<4 { try await server.node.makeBlock() }
            let first = try server.client()
            #expect(first.floor == Height(0))
            _ = try await first.verifiedValue(SmallNode.knownKey)
            let kept = try #require(first.anchor)
            #expect(kept.height == Height(4))
            let next = try NodeClient(nodes: [server.base], anchor: kept)
            #expect(next.floor == Height(4))
            #expect(try await next.verifiedValue(SmallNode.knownKey).header.height == Height(4))
            for client in [first, next] { try await client.shutdown() }
        }
    }

    /// A state that was true, fresh enough, and older than the one that was seen: a rollback.
    @Test func anOlderStateThanTheKeptOneIsRefused() async throws {
        try await TestServer.with(isDriven: false) { server in
            for _ in 0..<2 { try await server.node.makeBlock() }
            let old = try await server.node.proof(SmallNode.knownKey, at: nil)
            let liar = try await LiarRoute.serve(old.bcs)
            let address = "http://127.0.0.1:\(liar.port)"
            for _ in 0..<2 { try await server.node.makeBlock() }
            let seen = try server.client()
            _ = try await seen.verifiedValue(SmallNode.knownKey)
            let kept = try #require(seen.anchor)
            let deceived = try NodeClient(nodes: [address], anchor: TrustAnchor(server.node.genesis))
            #expect(try await deceived.verifiedValue(SmallNode.knownKey).header.height == Height(2))
            let wary = try NodeClient(nodes: [address], anchor: kept)
            do {
                _ = try await wary.verifiedValue(SmallNode.knownKey)
                Issue.record("an older state was believed")
            } catch ClientError.badAnswer(_, let what) {
                #expect(what.contains("older state"))
            }
            let both = try NodeClient(nodes: [address, server.base], anchor: kept)
            #expect(try await both.verifiedValue(SmallNode.knownKey).header.height == Height(4))
            for client in [seen, deceived, wary, both] { try await client.shutdown() }
            try await liar.stop()
        }
    }

    /// No honest node refuses to prove: who does is passed over.
    @Test func refusalsToProveArePassedOver() async throws {
        try await TestServer.with { server in
            let liar = try await LiarRoute.serve([], status: "400 Bad Request")
            let client = try NodeClient(
                nodes: ["http://127.0.0.1:\(liar.port)", server.base], anchor: TrustAnchor(server.node.genesis))
            try await server.node.makeBlock()
            let verified = try await client.verifiedValue(SmallNode.knownKey)
            #expect(verified.entry(SmallNode.knownKey)?.value == Array("value".utf8))
            try await client.shutdown()
            try await liar.stop()
        }
    }
}
