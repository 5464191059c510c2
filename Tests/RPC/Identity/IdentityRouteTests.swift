import Chain
import Encodings
import Identity
import IdentityClient
import LedgerCrypto
import LightClient
import NodeClient
import Primitives
import RPC
import Resolver
import TestSupport
import Testing

/// The resolver over HTTP, and the client library against honest and lying servers.
@Suite struct IdentityRouteTests {
    static func exchange(_ head: String, _ port: Int) async throws -> RawHTTP.Answer {
        let bytes = try await RawHTTP.exchange(Array((head + "Connection: close\r\n\r\n").utf8), with: port)
        guard let answer = RawHTTP.parse(bytes) else { throw TestFailure("no answer") }
        return answer
    }

    @Test func wholeWaysOverHTTP() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        try await registry.create(1)
        try await registry.end(1, at: 1, by: 1)
        let did = registry.did(0).description
        let ended = registry.did(1).description
        let schema = try await registry.schema(0)
        var quick = APIConfiguration.testing
        quick.requestMillisecondsMax = 2_000
        try await TestServer.with(quick, over: registry.node) { server in
            let escaped = did.replacing(":", with: "%3A")
            for path in [did, escaped] {
                let answer = try await RawHTTP.send(
                    "GET", "/1.0/identifiers/\(path)", to: server.port, headers: [("Accept", "application/did")])
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/did")
                #expect(answer.headers["access-control-allow-origin"] == "*")
                #expect(answer.headers["cache-control"] == "public, max-age=5")
            }
            let whole = try await RawHTTP.send("GET", "/1.0/identifiers/\(did)", to: server.port)
            #expect(whole.headers["content-type"] == Representation.oldResultType)
            let tag = try #require(whole.headers["etag"])
            let again = try await RawHTTP.send(
                "GET", "/1.0/identifiers/\(did)", to: server.port, headers: [("If-None-Match", tag)])
            #expect(again.status == 304)
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/\(ended)", to: server.port).status == 410)
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/not-a-did", to: server.port).status == 400)
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/did:x:y", to: server.port).status == 501)
            let service = try await RawHTTP.send("GET", "/1.0/identifiers/\(did)?service=files", to: server.port)
            #expect(service.status == 303 && service.body.isEmpty)
            #expect(service.headers["location"] == "https://a.example/files/x")
            for path in [schema, schema.replacing("/", with: "%2F")] {
                let answer = try await RawHTTP.send(
                    "GET", "/1.0/identifiers/\(path)", to: server.port, headers: [("Accept", "application/json")])
                #expect(answer.status == 200 && answer.text.contains("\"Member\""))
            }
            let late = try await RawHTTP.send("GET", "/1.0/identifiers/\(did)?minimumHeight=999999", to: server.port)
            #expect(late.status == 503)
            #expect(
                try await RawHTTP.send("GET", "/1.0/identifiers/\(did)?minimumHeight=x", to: server.port).status == 400)
            #expect(try await RawHTTP.send("GET", "/1.0/methods", to: server.port).text == "[\"cwatt\"]")
            #expect(try await RawHTTP.send("GET", "/1.0/properties", to: server.port).text.contains("\"bench\""))
            let id = did.split(separator: ":")[3]
            let web = try await Self.exchange(
                "GET /did/bench/\(id)/did.json HTTP/1.1\r\nHost: node.example\r\n", server.port)
            #expect(web.text.contains("did:web:node.example:did:bench:\(id)"))
            #expect(try await RawHTTP.send("GET", "/.well-known/did.json", to: server.port).status == 404)
            let head = try await RawHTTP.send("HEAD", "/1.0/identifiers/\(did)", to: server.port)
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["content-length"].flatMap { Int($0) } ?? 0 > 1_000)
            let preflight = try await RawHTTP.send(
                "OPTIONS", "/1.0/identifiers/\(did)", to: server.port, headers: [("Origin", "https://wallet.example")])
            #expect(preflight.status == 204)
            #expect(preflight.headers["access-control-allow-methods"]?.contains("GET") == true)
        }
    }

    @Test func theClientLibraryResolvesAndRefuses() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let document = registry.content(0).document(of: registry.did(0))
        let unknown = ResolutionTests.unknown
        let node = registry.node
        try await TestServer.with(over: node) { server in
            // Either form of the genesis file.
            for genesis in [node.genesis.bcs, node.genesis.file] {
                let wallet = try WalletResolver(nodes: [server.base], genesis: genesis)
                let answer = try await wallet.resolve(did)
                #expect(answer.status == .found && answer.json == document && answer.versionID == 1)
                #expect(try await wallet.resolve(unknown).status == .absent)
                #expect(try await wallet.resolve("\(did)/anoncreds/v1/SCHEMA/x/1").status == .absent)
                await wallet.shutdown()
            }
            #expect(throws: WalletResolver.Failure.self) {
                try WalletResolver(nodes: [server.base], genesis: Array("{}".utf8))
            }
            // Another genesis: nothing that this node proves is believed.
            let stranger = try WalletResolver(nodes: [server.base], genesis: try SmallNode(name: "bench").genesis.bcs)
            await #expect(throws: WalletResolver.Failure.self) { try await stranger.resolve(did) }
            await stranger.shutdown()
        }
    }

    /// A wallet that kept what it saw takes no older state, however fresh, and no state of another network.
    @Test func aWalletGoesOnFromWhatItKept() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let old = try await registry.ask(did).body
        try await registry.rotate(0, from: 1, by: 0, to: 1)
        try await TestServer.with(over: registry.node) { server in
            let genesis = server.node.genesis.bcs
            let first = try WalletResolver(nodes: [server.base], genesis: genesis)
            #expect(first.trustedState == nil)
            #expect(try await first.resolve(did).versionID == 2)
            let kept = try #require(first.trustedState)
            await first.shutdown()
            let liar = try await LiarRoute.serve(old)
            let address = "http://127.0.0.1:\(liar.port)"
            let fresh = try WalletResolver(nodes: [address], genesis: genesis)
            #expect(try await fresh.resolve(did).versionID == 1)
            let wary = try WalletResolver(nodes: [address], genesis: genesis, trusted: kept)
            await #expect(throws: WalletResolver.Failure.self) { try await wary.resolve(did) }
            let both = try WalletResolver(nodes: [address, server.base], genesis: genesis, trusted: kept)
            #expect(try await both.resolve(did).versionID == 2)
            for wallet in [fresh, wary, both] { await wallet.shutdown() }
            let other = try SmallNode(name: "bench").genesis.bcs
            for (genesis, kept) in [(other, kept), (genesis, Array(kept.dropLast()))] {
                #expect(throws: WalletResolver.Failure.self) {
                    try WalletResolver(nodes: [address], genesis: genesis, trusted: kept)
                }
            }
            try await liar.stop()
        }
    }

    /// A server whose answers are changed on their way out: the client says what is wrong.
    @Test(arguments: LiarRoute.Lie.allCases)
    func aLyingServerIsCaught(lie: LiarRoute.Lie) async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let old = try await registry.ask(did).body
        try await registry.rotate(0, from: 1, by: 0, to: 1)
        let stale = try await registry.ask(did, ["versionId": "1"]).body
        if lie == .hiddenDeactivation { try await registry.end(0, at: 2, by: 1) }
        let body = try await registry.ask(did).body
        let none = try await registry.ask(did, ["versionId": "9"]).body
        let first = try await registry.ask(did, ["versionId": "1"]).body
        let told = lie.told(honest: body, old: old, stale: stale, none: none, first: first)
        let node = registry.node
        let height = await node.height
        try await TestServer.with(over: node) { server in
            let liar = try await LiarRoute.serve(told)
            let wallet = try WalletResolver(nodes: ["http://127.0.0.1:\(liar.port)"], genesis: server.node.genesis.bcs)
            do {
                _ = try await wallet.resolve(did, minimumHeight: lie == .oldState ? height.value : 0)
                Issue.record("\(lie) was believed")
            } catch let failure as WalletResolver.Failure {
                #expect(failure.isRefusal)
                #expect(failure.description.contains(lie.reason), "\(failure)")
            }
            await wallet.shutdown()
            // With an honest node after it, it is passed over.
            let both = try WalletResolver(
                nodes: ["http://127.0.0.1:\(liar.port)", server.base], genesis: server.node.genesis.bcs)
            let answer = try await both.resolve(did, minimumHeight: lie == .oldState ? height.value : 0)
            #expect(answer.status == (lie == .hiddenDeactivation ? .deactivated : .found))
            await both.shutdown()
            try await liar.stop()
        }
    }
}
