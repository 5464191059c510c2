import Chain
import Consensus
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

@testable import Replica

@Suite struct EpochTests {
    private func change(_ network: TestNetwork, to indices: [Int], via node: Int = 0) throws -> Transaction {
        let set = try ValidatorSet(indices.map { network.nodes[$0].identity.validator })
        let transaction = try network.transaction([TestApplication.setValidators(set)])
        #expect(try network.submit([transaction], to: node) == [nil])
        return transaction
    }

    /// A fifth validator follows the chain, is added, votes, and an old one is removed.
    @Test func validatorsComeAndGo() throws {
        let network = try TestNetwork(seed: 30)
        network.nodes.append(TestNode(Identity(4), isFresh: false))
        try network.startAll()
        try network.submit([try network.put("before")], to: 0)
        try network.run(300)
        let added = try change(network, to: [0, 1, 2, 3, 4])
        #expect(try network.runUntilFinal([added]))
        #expect(try network.run(5_000) { network.nodes.allSatisfy { $0.status?.epoch == Epoch(1) } })
        #expect(network.nodes[4].status?.isValidator == true)
        let second = try network.put("in epoch 1")
        try network.submit([second], to: 4)
        #expect(try network.runUntilFinal([second]))

        let removed = try change(network, to: [1, 2, 3, 4])
        #expect(try network.runUntilFinal([removed]))
        #expect(try network.run(5_000) { network.nodes.allSatisfy { $0.status?.epoch == Epoch(2) } })
        // The removed one may go; the new one is needed.
        network.crash(0)
        network.crash(1)
        let third = try network.put("in epoch 2")
        try network.submit([third], to: 4)
        #expect(try network.runUntilFinal([third], milliseconds: 30_000))
        for node in network.nodes { #expect(node.halted == nil && node.evidence.isEmpty) }
    }

    /// Who was linked already when it became a validator is told what waits here: it may lead the next view.
    @Test func aNewValidatorIsToldWhatWaits() throws {
        var parameters = TestNetwork.parameters
        parameters.blockTransactionsMax = 4
        let network = try TestNetwork(seed: 32, parameters: parameters)
        network.nodes.append(TestNode(Identity(4), isFresh: false))
        try network.startAll()
        try network.run(300)
        _ = try change(network, to: [0, 1, 2, 3, 4])
        let waiting = try (0..<400).map { try network.put("key \($0)") }
        try network.submit(waiting, to: 0)
        #expect(try network.run(5_000) { network.nodes[0].status?.epoch == Epoch(1) })
        let last = try #require(waiting.last)
        try network.run(30)
        #expect(!network.isFinal(last, at: 0))
        let isThere = try network.nodes[4].reading { $0.pool.transaction(named: last.digest) != nil }
        #expect(isThere)
    }

    /// Nodes that were down during two epoch changes catch up through them, from their disks and from genesis.
    @Test func catchingUpThroughEpochs() throws {
        let network = try TestNetwork(seed: 31)
        network.nodes.append(TestNode(Identity(4), isFresh: false))
        try network.startAll()
        try network.run(300)
        network.crash(3)
        for (round, set) in [[0, 1, 2, 4], [0, 1, 2, 3, 4]].enumerated() {
            try network.submit([try network.put("key \(round)")], to: 0)
            try network.run(300)
            let changed = try change(network, to: set)
            #expect(try network.runUntilFinal([changed]))
            try network.run(500)
        }
        try network.start(3)
        network.nodes.append(TestNode(Identity(8), isVoting: false, isFresh: false))
        try network.start(5)
        let last = try network.put("last")
        try network.submit([last], to: 3)
        #expect(try network.runUntilFinal([last], milliseconds: 30_000))
        for node in network.nodes {
            #expect(node.halted == nil && node.evidence.isEmpty)
            #expect(node.status?.epoch == Epoch(2))
            let record = try #require(try node.view?.epoch(Epoch(1)))
            #expect(record.validators.index(ofPartner: network.nodes[3].identity.partner) == nil)
        }
    }

    /// Power fails around the change, for every moment of it.
    @Test(arguments: Array(stride(from: UInt64(0), to: 120, by: 8)))
    func powerFailsDuringTheChange(_ moment: UInt64) throws {
        let network = try TestNetwork(seed: 32 + moment)
        network.nodes.append(TestNode(Identity(4), isFresh: false))
        try network.startAll()
        try network.run(200)
        let changed = try change(network, to: [0, 1, 2, 3, 4])
        try network.run(moment)
        for index in network.nodes.indices { network.crash(index, keeping: Int(moment) % 5) }
        try network.startAll()
        // The pools are gone; the client asks again.
        try network.submit([changed], to: 1)
        #expect(try network.runUntilFinal([changed], milliseconds: 20_000))
        let after = try network.put("after")
        try network.submit([after], to: 2)
        #expect(try network.runUntilFinal([after], milliseconds: 20_000))
        for node in network.nodes { #expect(node.halted == nil && node.evidence.isEmpty) }
    }
}
