import Chain
import Consensus
import LedgerCrypto
import LedgerState
import Primitives
import Replica
import TestSupport
import Testing

@Suite struct NetworkTests {
    @Test func fourReplicasAgree() throws {
        let network = try TestNetwork()
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<20 {
            let transaction = try network.put("key \(round)", client: round % 4)
            #expect(try network.submit([transaction], to: round % 4) == [nil])
            sent.append(transaction)
            try network.run(30)
        }
        let isDone = try network.run(5_000) {
            network.nodes.indices.allSatisfy { node in sent.allSatisfy { network.isFinal($0, at: node) } }
        }
        #expect(isDone)
        for node in network.nodes {
            #expect(node.halted == nil)
            let value = try node.view?.state.value(TestApplication.stateKey(Array("key 7".utf8)))
            #expect(value == Array("value of key 7".utf8))
        }
    }

    /// Transactions reach a leader by gossip, whoever took them; with larger blocks than proposals carry inline.
    @Test func bodiesThatDoNotTravelInlineAreFetched() throws {
        let network = try TestNetwork(seed: 3) { $0.inlineProposalBytesMax = 0 }
        // Gossip never arrives: bodies must be fetched.
        network.drops = { message in if case .transactions = message { true } else { false } }
        try network.startAll()
        let sent = try (0..<50).map { try network.put("key \($0)") }
        try network.submit(sent, to: 2)
        #expect(try network.runUntilFinal(sent))
    }

    /// A node without a vote passes on what was certified, to another one that has a link to nobody else.
    @Test func aFollowerFollowsThroughAFollower() throws {
        let network = try TestNetwork(seed: 6)
        for number in 8...9 {
            network.nodes.append(TestNode(Identity(number), isVoting: false, isFresh: false))
        }
        network.passes = { one, other in max(one, other) < 5 || min(one, other) == 4 }
        try network.startAll()
        for round in 0..<4 {
            let sent = try network.put("key \(round)")
            try network.submit([sent], to: round)
            // Links to the validators are up and silent: each may be asked for blocks in vain, for some seconds.
            #expect(try network.runUntilFinal([sent], milliseconds: 60_000))
        }
        for node in network.nodes { #expect(node.shunned.isEmpty) }
    }

    @Test func aSubmissionToOneNodeIsIncludedByAnyLeader() throws {
        let network = try TestNetwork(seed: 4)
        try network.startAll()
        try network.run(100)
        let sent = try network.put("only one")
        try network.submit([sent], to: 3)
        #expect(try network.runUntilFinal([sent], milliseconds: 300))
        let location = try #require(try network.nodes[1].view?.location(of: sent.digest))
        let receipts = try #require(try network.nodes[1].view?.receipts(at: location.height))
        #expect(receipts[Int(location.index)].subject == sent.digest)
        #expect(receipts[Int(location.index)].rejection == nil)
    }

    /// What is stored proves itself: every block links to the one before, and a certificate stands above it.
    @Test func storedChainLinksUp() throws {
        let network = try TestNetwork(seed: 5)
        try network.startAll()
        for round in 0..<10 {
            try network.submit([try network.put("key \(round)")], to: round % 4)
            try network.run(100)
        }
        let view = try #require(network.nodes[0].view)
        var parent = try #require(try view.header(at: Height(0)))
        for height in 1...view.tip.height.value {
            let block = try #require(try view.block(at: Height(height)))
            #expect(block.header.parent == parent.digest)
            #expect(try view.height(of: block.digest) == Height(height))
            let receipts = try #require(try view.receipts(at: Height(height)))
            #expect(Receipt.root(receipts) == block.header.receiptsRoot)
            let proof = try #require(try view.nearestFinalization(from: Height(height)))
            #expect(proof.certificate.verify(network: network.genesis.network, set: network.genesis.validators))
            parent = block.header
        }
        #expect(network.nodes[0].store.count > 0 && view.recent.count < 8)
    }
}
