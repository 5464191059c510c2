import Chain
import Consensus
import LedgerCrypto
import LedgerState
import Primitives
import Replica
import TestSupport
import Testing

@Suite struct RestartTests {
    /// Each node in turn loses power with another part of its unsynced journal; the chain goes on and it comes back.
    @Test(arguments: 0..<4)
    func aNodeThatLosesPowerComesBack(_ victim: Int) throws {
        let network = try TestNetwork(seed: 10 + UInt64(victim))
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<12 {
            let transaction = try network.put("key \(victim) \(round)")
            try network.submit([transaction], to: (victim + 1) % 4)
            sent.append(transaction)
            try network.run(UInt64(20 + 7 * round))
            network.crash(victim, keeping: round % 3)
            try network.run(UInt64(10 + 90 * (round % 4)))
            try network.start(victim)
        }
        #expect(try network.runUntilFinal(sent))
        for node in network.nodes { #expect(node.halted == nil && node.evidence.isEmpty) }
        expectSameStates(network)
    }

    /// All lose power at once, again and again: nothing that was final anywhere is lost, and the chain goes on.
    @Test(arguments: Array(1...UInt64(Fuzz.count(6))))
    func allLosePowerAtOnce(_ seed: UInt64) throws {
        let network = try TestNetwork(seed: 100 + seed)
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<6 {
            let transaction = try network.put("key \(round)")
            try network.submit([transaction], to: round % 4)
            sent.append(transaction)
            try network.run(15 + (11 * seed + 13 * UInt64(round)) % 150)
            let acknowledged = sent.filter { transaction in
                network.nodes.contains { node in
                    node.finalized.values.contains { $0.block.transactions.contains(transaction) }
                }
            }
            for index in network.nodes.indices { network.crash(index, keeping: Int(seed) % 3) }
            try network.startAll()
            #expect(try network.runUntilFinal(acknowledged), "round \(round)")
        }
        // Clients whose transactions were lost with a pool send them again; those already in are refused.
        for transaction in sent { try network.submit([transaction], to: 0) }
        #expect(try network.runUntilFinal(sent))
        expectSameStates(network)
    }

    /// Everything on the disk is gone, the journal too: the node learns the chain from genesis, abstains until it is
    /// safe, and votes again.
    @Test func aWipedNodeRejoins() throws {
        let network = try TestNetwork(seed: 20)
        try network.startAll()
        for round in 0..<10 {
            try network.submit([try network.put("key \(round)")], to: 0)
            try network.run(60)
        }
        network.crash(3)
        network.nodes[3].store = MemoryStore()
        network.nodes[3].journal = []
        try network.run(300)
        try network.start(3)
        let last = try network.put("after")
        try network.submit([last], to: 0)
        #expect(try network.runUntilFinal([last]))
        #expect(try network.run(5_000) { network.nodes[3].notes.contains { $0.text.contains("votes again") } })
        // Past the views in which it abstains it is needed: without it there is no quorum.
        try network.run(5_000)
        network.crash(2)
        let needed = try network.put("needed")
        try network.submit([needed], to: 0)
        #expect(try network.runUntilFinal([needed], milliseconds: 20_000))
        expectSameStates(network)
    }

    /// A journal known to be older than the last votes counts as lost.
    @Test func aRestoredBackupAbstainsFirst() throws {
        let network = try TestNetwork(seed: 21)
        try network.startAll()
        try network.run(200)
        let backup = network.nodes[1].journal
        let store = network.nodes[1].store.copy()
        for round in 0..<5 {
            try network.submit([try network.put("key \(round)")], to: 0)
            try network.run(100)
        }
        network.crash(1)
        network.nodes[1].journal = backup
        network.nodes[1].store = store
        try network.start(1, journalLost: true)
        let last = try network.put("after")
        try network.submit([last], to: 0)
        #expect(try network.runUntilFinal([last]))
        #expect(try network.run(5_000) { network.nodes[1].notes.contains { $0.text.contains("votes again") } })
        for node in network.nodes { #expect(node.evidence.isEmpty) }
    }

    /// A node without a vote that starts late replays the whole chain and then follows it.
    @Test func aLateFollowerCatchesUp() throws {
        let network = try TestNetwork(seed: 22)
        try network.startAll()
        for round in 0..<20 {
            try network.submit([try network.put("key \(round)", client: round % 4)], to: round % 4)
            try network.run(70)
        }
        network.nodes.append(TestNode(Identity(9), isVoting: false, isFresh: false))
        try network.start(4)
        #expect(try network.run(5_000) { network.nodes[4].tip >= network.nodes[0].tip })
        // A client of the follower is served like any other.
        let sent = try network.put("through the follower")
        #expect(try network.submit([sent], to: 4) == [nil])
        #expect(try network.runUntilFinal([sent]))
        expectSameStates(network)
        #expect(network.nodes[4].status?.isValidator == false)
    }

    /// Messages lost at random; all that was submitted gets in.
    @Test(arguments: Array(1...UInt64(Fuzz.count(3))))
    func lossyLinks(_ seed: UInt64) throws {
        let network = try TestNetwork(seed: 200 + seed)
        var loss = SeededGenerator(seed: seed)
        try network.startAll()
        network.passes = { _, _ in Int.random(in: 0..<10, using: &loss) > 0 }
        var sent: [Transaction] = []
        for round in 0..<15 {
            let transaction = try network.put("key \(round)")
            try network.submit([transaction], to: round % 4)
            sent.append(transaction)
            try network.run(60)
        }
        #expect(try network.runUntilFinal(sent, milliseconds: 30_000))
        expectSameStates(network)
    }

    func expectSameStates(_ network: TestNetwork) {
        for node in network.nodes {
            #expect(node.halted == nil && node.evidence.isEmpty)
            for other in network.nodes {
                for (height, block) in node.finalized {
                    if let same = other.finalized[height] { #expect(same.state.root == block.state.root) }
                }
            }
        }
    }
}
