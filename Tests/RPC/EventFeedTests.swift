import Chain
import NodeClient
import Primitives
import Testing

@testable import RPC

/// What the node keeps for its event streams, and how many there are.
@Suite struct EventFeedTests {
    private func feed(blocks: UInt64) async throws -> (EventFeed, SmallNode) {
        let node = try SmallNode()
        for _ in 0..<blocks { try await node.makeBlock() }
        return (EventFeed(node), node)
    }

    /// Heights that the feed still gives once the node has no blocks any more.
    private func kept(_ feed: EventFeed, _ node: SmallNode, of heights: Range<UInt64>) async -> [UInt64] {
        await node.set(prunedBelow: .max)
        var found: [UInt64] = []
        for height in heights where (try? await feed.block(Height(height))) != nil { found.append(height) }
        return found
    }

    @Test func theNewestBlocksAreKeptAndNoMore() async throws {
        let (feed, node) = try await feed(blocks: 80)
        for height in UInt64(1)..<81 { _ = try await feed.block(Height(height)) }
        let newest = UInt64(81 - EventFeed.blocksMax)..<81
        #expect(await kept(feed, node, of: 1..<81) == Array(newest))
    }

    /// A reader that resumes far back reads the store itself and pushes nothing out.
    @Test func oldBlocksAreReadAndNotKept() async throws {
        let (feed, node) = try await feed(blocks: 80)
        for height in UInt64(70)..<81 { _ = try await feed.block(Height(height)) }
        for height in UInt64(1)..<40 { #expect(try await feed.block(Height(height)) != nil) }
        #expect(await kept(feed, node, of: 1..<81) == Array(70..<81))
    }

    /// However many addresses they come from: beyond the bound a reader is sent to another node.
    @Test func allStreamsTogetherAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.eventStreamsMax = 1
        try await TestServer.with(configuration) { server in
            let request = Array("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            let running = Task { try await RawHTTP.exchange(request, with: server.port, milliseconds: 2_000) }
            try await server.wait(forStreams: 1)
            let refused = try await server.call("GET", "/v1/events")
            #expect(refused.status == 503 && refused.json["type"]?.text == "urn:commonwatt:problem:busy")
            #expect(refused.headers["retry-after"] == "30")
            _ = try await running.value
        }
    }
}
