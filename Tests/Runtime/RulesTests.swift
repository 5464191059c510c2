import Foundation
import LedgerCrypto
import Primitives
import Testing

@testable import NodeRuntime

/// Nodes that execute blocks by other rules tell each other, before their states differ.
@Suite(.serialized) struct RulesTests {
    private let old = SHA256.hash([1])
    private let new = SHA256.hash([2])

    /// Two nodes of one release, one of another, one that says nothing.
    @Test(.timeLimit(.minutes(1))) func otherRulesAreNamed() async throws {
        let network = try TestNetwork()
        var rules: [Digest?] = [old, old, nil, new]
        network.adjust = { configuration in
            for index in 0..<4 where configuration.dataFolder.hasSuffix("node-\(index)") {
                configuration.rules = rules[index]
            }
        }
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        func others(_ index: Int) async throws -> [String] {
            await (try network.node(index)).snapshot().peersWithOtherRules.map(\.name)
        }
        #expect(try await eventually { try await others(0) == ["partner-3"] })
        #expect(try await eventually { try await others(3) == ["partner-0", "partner-1"] })
        let words = try #require(await (try network.node(0)).snapshot().otherRules)
        #expect(words.contains("(\(old.short)) run at partner-3 (\(new.short))") && !words.contains("partner-2"))
        #expect(try await others(2).isEmpty)
        // It is a warning: their links stay, and they agree as long as they do.
        for index in 0..<4 { try await network.commit("of \(index)", at: index) }
        let peers = await (try network.node(0)).snapshot().peers
        #expect(peers.allSatisfy { $0.isConnected })
        #expect(peers.map(\.rules) == [old, nil, new])
        // The upgrade goes on: nothing is left to say.
        await network.stop([3])
        rules[3] = old
        try await network.start([3])
        #expect(try await eventually { try await (others(0) + others(3)).isEmpty })
        #expect(await (try network.node(0)).snapshot().otherRules == nil)
        await network.stop([0, 1, 2, 3])
    }

    /// A peer that says something else at each link makes one line a minute.
    @Test func theLogSaysSoOnce() {
        let book = PeerBook(names: [:], counters: CounterBox())
        let peer = SHA256.hash([9])
        #expect(!book.runs(new, peer, own: old))
        book.connected(peer)
        #expect(!book.runs(old, peer, own: old))
        #expect(book.runs(new, peer, own: old))
        book.connected(peer)
        #expect(book.page.entries[peer]?.rules == nil)
        #expect(!book.runs(SHA256.hash([3]), peer, own: old))
        #expect(book.page.entries[peer]?.rules == SHA256.hash([3]))
    }
}
