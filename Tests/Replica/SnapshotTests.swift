import Chain
import Consensus
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import TestSupport
import Testing

@testable import Replica

/// Nodes that take over a state from peers in place of all blocks.
@Suite struct SnapshotTests {
    /// Four validators with `rounds` blocks or so behind them, and keys in their state; node 4 is yet to come.
    static func network(
        rounds: Int = 30, seed: UInt64 = 1, configure: @escaping (inout ReplicaConfiguration) -> Void = { _ in }
    ) throws -> TestNetwork {
        let network = try TestNetwork(seed: seed) {
            $0.checkpointBlocks = 4
            $0.snapshotLagBlocks = 20
            $0.snapshotBlocks = 8
            configure(&$0)
        }
        try network.startAll()
        for round in 0..<rounds { try advance(network, round) }
        network.nodes.append(TestNode(Identity(9), isVoting: false, isFresh: false))
        return network
    }

    static func advance(_ network: TestNetwork, _ round: Int) throws {
        try network.submit((0..<3).map { try network.put("key \(round) \($0)", client: $0) }, to: round % 4)
        try network.run(100)
    }

    static func hasCaughtUp(_ network: TestNetwork, _ index: Int) -> Bool {
        let best = network.nodes.filter { $0.isRunning }.map(\.tip).max() ?? Height(0)
        return network.nodes[index].tip >= best && network.nodes[index].status?.snapshot == nil
    }

    @Test func aNewNodeTakesOverAState() throws {
        let network = try SnapshotTests.network()
        let before = network.nodes[0].tip
        #expect(before.value >= 30)
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        let adopted = try #require(network.nodes[4].adopted.first)
        // All have this version, so any may send any part of it.
        #expect(adopted.height.value % 8 == 0 && adopted.height.value + 16 > before.value)
        #expect(network.nodes[4].finalized[adopted.height] == nil)
        // It follows, executes and serves like the others.
        let sent = try network.put("through the new node")
        #expect(try network.submit([sent], to: 4) == [nil])
        #expect(try network.runUntilFinal([sent]))
        let view = try #require(network.nodes[4].view)
        #expect(try view.state.value(TestApplication.stateKey(Array("key 0 0".utf8))) != nil)
        #expect(try view.base() == adopted.height)
        #expect(try view.header(at: adopted.height)?.digest == adopted.digest)
        #expect(try view.block(at: Height(3)) == nil)
        #expect(try view.block(at: adopted.height.next) != nil)
        let proof = try #require(try view.state.prove(TestApplication.stateKey(Array("key 1 1".utf8))))
        #expect(proof.isValid(root: view.tip.stateRoot, key: TestApplication.stateKey(Array("key 1 1".utf8))))
        #expect(network.nodes.allSatisfy { $0.halted == nil && $0.evidence.isEmpty })
        #expect(network.nodes[4].notes.contains { $0.text.contains("takes over the state of block") })
    }

    /// States are pruned long before blocks are, and a state whose leaves are asked for is held: so those come first.
    @Test func leavesComeBeforeTheReplayWindow() throws {
        let network = try SnapshotTests.network()
        var (blocksAsked, leavesAsked) = (0, 0)
        network.rewrites = { message, sender in
            if sender == 4, case .request(.ancestors, _) = message { blocksAsked += 1 }
            if sender == 4, case .request(.leaves, _) = message {
                leavesAsked += 1
                #expect(blocksAsked == 0)
            }
            return message
        }
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.count == 1 && blocksAsked > 0 && leavesAsked > 0)
    }

    /// Whether it is restarted after it or not, what it holds is the same.
    @Test func aRestartAfterwardsIsOrdinary() throws {
        let network = try SnapshotTests.network()
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        network.crash(4)
        try SnapshotTests.advance(network, 100)
        try network.start(4)
        #expect(network.nodes[4].notes.filter { $0.text.contains("takes over") }.count == 1)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.count == 1)
        #expect(network.nodes[4].view?.state.root == network.nodes[4].view?.tip.stateRoot)
    }

    /// A transaction from before the snapshot, sent again: the new node judges as the others do, as a pool and as a voter.
    @Test func aReplayFromBeforeTheSnapshotIsRefused() throws {
        let network = try SnapshotTests.network(rounds: 5)
        let old = try network.transaction(
            [TestApplication.put([1], [2])], expiresIn: Transaction.lifetimeMillisecondsMax - 1_000)
        try network.submit([old], to: 0)
        #expect(try network.runUntilFinal([old]))
        for round in 0..<30 { try SnapshotTests.advance(network, 1_000 + round) }
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        let adopted = try #require(network.nodes[4].adopted.first)
        let location = try #require(try network.nodes[0].view?.location(of: old.digest))
        #expect(location.height < adopted.height)
        #expect(try network.submit([old], to: 4) == [.included])
        let tip = try #require(network.nodes[4].view?.tip)
        let parent = try #require(try network.nodes[4].reading { $0.parent(tip.digest) })
        let refusal = try network.nodes[4].reading { $0.refusal(of: [old], above: parent, time: tip.time.next) }
        #expect(refusal?.contains("before") == true)
        // The window is the same as at a node that executed everything.
        for node in network.nodes {
            #expect(node.windowCount == network.nodes[0].windowCount)
        }
    }

    /// More than the lifetime of a transaction lies behind: then older blocks are not asked for.
    @Test func theReplayWindowEndsWithTheLifetimeOfTransactions() throws {
        let network = try SnapshotTests.network(rounds: 3)
        try network.run(Transaction.lifetimeMillisecondsMax + 60_000)
        #expect(network.nodes[0].tip.value > 500)
        var lowest = Height(.max)
        network.rewrites = { message, sender in
            if case .response(.ancestors(let blocks), _) = message, sender != 4 {
                for block in blocks {
                    if let header = try? Block(bcs: block).header { lowest = min(lowest, header.height) }
                }
            }
            return message
        }
        try network.start(4)
        #expect(try network.run(20_000) { SnapshotTests.hasCaughtUp(network, 4) })
        let adopted = try #require(network.nodes[4].adopted.first)
        let signed = try #require(try network.nodes[4].store.get(ChainStore.signed(adopted.height)))
        #expect(try SignedEntries(bcs: signed).time == adopted.time)
        let first = try #require(
            try network.nodes[4].store.scan(
                from: ChainStore.signed(Height(1)), to: ChainStore.signed(adopted.height), limit: 1, reversed: false
            ).first)
        let oldest = try SignedEntries(bcs: first.value).time
        #expect(oldest.adding(milliseconds: Transaction.lifetimeMillisecondsMax) < adopted.time)
        #expect(oldest.adding(milliseconds: Transaction.lifetimeMillisecondsMax + 5_000) > adopted.time)
        #expect(lowest.value < 500)
        #expect(network.nodes[4].windowCount == network.nodes[0].windowCount)
    }

    /// The validators have changed since: the way leads through the ends of epochs, and their headers stay for proofs.
    @Test func theTrustPathLeadsThroughEpochs() throws {
        let network = try SnapshotTests.network(rounds: 4)
        for size in [3, 4, 3] {
            let set = try ValidatorSet((0..<size).map { Identity($0).validator })
            let change = try network.transaction([TestApplication.setValidators(set)])
            try network.submit([change], to: 0)
            #expect(try network.runUntilFinal([change]))
            for round in 0..<10 { try SnapshotTests.advance(network, size * 100 + round) }
        }
        #expect(network.nodes[0].view?.epoch == Epoch(3))
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        let view = try #require(network.nodes[4].view)
        #expect(network.nodes[4].adopted.count == 1 && network.nodes[4].machineEpoch == Epoch(3))
        for epoch in 1...3 {
            let record = try #require(try view.epoch(Epoch(UInt64(epoch))))
            let header = try #require(try view.header(at: record.root))
            #expect(header.closesEpoch && header.nextValidatorSet == record.validators.digest)
            #expect(try view.finalization(at: record.root)?.digest == header.digest)
            #expect(try view.block(at: record.root) == nil)
        }
        let sent = try network.put("in the new epoch")
        try network.submit([sent], to: 4)
        #expect(try network.runUntilFinal([sent]))
    }

    /// The end of an epoch is final here and not stored when the node falls behind: it must not be lost with what was in
    /// memory.
    @Test func theEndOfAnEpochThatIsNotStoredYetIsKept() throws {
        let network = try SnapshotTests.network(rounds: 2) {
            guard $0.peer == Identity(9).peer else { return }
            $0.checkpointBlocks = 1_000
            $0.snapshotBlocks = 1 << 40
        }
        try network.start(4)
        let change = try network.transaction([
            TestApplication.setValidators(try ValidatorSet((0..<3).map { Identity($0).validator }))
        ])
        try network.submit([change], to: 0)
        #expect(try network.runUntilFinal([change]))
        try SnapshotTests.advance(network, 50)
        #expect(network.nodes[4].view?.epoch == Epoch(1) && network.nodes[4].adopted.isEmpty)
        for index in 0..<4 {
            network.push(.disconnected(Identity(9).peer), to: index, after: 1)
            network.push(.disconnected(Identity(index).peer), to: 4, after: 1)
        }
        for round in 0..<30 { try SnapshotTests.advance(network, 60 + round) }
        for index in 0..<4 { network.connect(4, index) }
        #expect(try network.run(10_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.count == 1 && network.nodes[4].halted == nil)
        let view = try #require(network.nodes[4].view)
        let record = try #require(try view.epoch(Epoch(1)))
        #expect(try view.header(at: record.root)?.closesEpoch == true)
        #expect(try view.finalization(at: record.root) != nil)
        network.crash(4)
        try network.start(4)
        #expect(network.nodes[4].machineEpoch == Epoch(1))
    }

    /// A validator with an empty disk: it takes over the state, abstains until that is safe, and is then needed.
    @Test func aWipedValidatorRejoins() throws {
        let network = try SnapshotTests.network()
        network.nodes.removeLast()
        network.crash(3)
        network.nodes[3].store = MemoryStore()
        network.nodes[3].journal = []
        try SnapshotTests.advance(network, 200)
        try network.start(3)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 3) })
        #expect(network.nodes[3].adopted.count == 1)
        #expect(try network.run(5_000) { network.nodes[3].notes.contains { $0.text.contains("votes again") } })
        try network.run(5_000)
        network.crash(2)
        let needed = try network.put("needed")
        try network.submit([needed], to: 0)
        #expect(try network.runUntilFinal([needed], milliseconds: 20_000))
        #expect(network.nodes.allSatisfy { $0.evidence.isEmpty })
    }

    /// A validator that was cut off for long takes over a state beside its older one, which goes.
    @Test func aNodeWithAnOlderStateTakesOverANewerOne() throws {
        let network = try SnapshotTests.network(rounds: 10)
        network.nodes.removeLast()
        network.crash(1)
        for round in 0..<30 {
            try network.submit([try network.put("key \(300 + round)")], to: 0)
            try network.run(150)
        }
        try network.start(1)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 1) })
        let adopted = try #require(network.nodes[1].adopted.first)
        let found = try network.nodes[1].store.scan(
            from: [0x04, 0x01], to: [0x04, 0x02], limit: 100, reversed: false)
        #expect(try StateSnapshot.newestStored(network.nodes[1].store, atMost: Height(adopted.height.value - 1)) == nil)
        #expect(!found.isEmpty)
        let sent = try network.put("together again")
        try network.submit([sent], to: 1)
        #expect(try network.runUntilFinal([sent]))
    }

    /// Close behind, blocks are executed.
    @Test func aNodeThatIsNotFarBehindReplays() throws {
        let network = try SnapshotTests.network(rounds: 30) { $0.snapshotLagBlocks = 1_000 }
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.isEmpty && network.nodes[4].finalized[Height(1)] != nil)
    }

    /// Peers that began with snapshots do not have the old blocks: however near, a state is the only way.
    @Test func blocksThatArePrunedAtThePeersAreReplacedByAState() throws {
        let network = try SnapshotTests.network(rounds: 30) { $0.snapshotLagBlocks = 1_000 }
        try network.run(Transaction.lifetimeMillisecondsMax + 60_000)
        for node in network.nodes.prefix(4) {
            for height in 1..<20 { node.store.set(ChainStore.block(Height(UInt64(height))), nil) }
            node.store.set(ChainStore.base, Height(19).bcs)
        }
        try network.start(4)
        #expect(try network.run(30_000) { !network.nodes[4].adopted.isEmpty && SnapshotTests.hasCaughtUp(network, 4) })
    }
}
