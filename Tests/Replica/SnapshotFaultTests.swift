import Chain
import Consensus
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import TestSupport
import Testing

@testable import Replica

/// Snapshots amid lies, deaths, pruning and power failures.
@Suite struct SnapshotFaultTests {
    /// A thousand keys, sent in some ten parts.
    static func many(seed: UInt64 = 1) throws -> TestNetwork {
        let network = try SnapshotTests.network(rounds: 4, seed: seed) { $0.snapshotLeavesMax = 100 }
        for round in 0..<24 {
            let batch = try (0..<40).map { try network.put("many \(round) \($0)", client: $0 % 4) }
            try network.submit(batch, to: round % 4)
            try network.run(120)
        }
        return network
    }

    /// Each way to lie, by the peer that is asked first: it is found out, and another one serves.
    @Test(arguments: Lie.allCases) func aLiarIsShunned(_ lie: Lie) throws {
        let network = try SnapshotFaultTests.many(seed: 40 + lie.rawValue)
        var first: Int?
        network.rewrites = { message, sender in
            if first == nil, case .response(.snapshot, _) = message { first = sender }
            return sender == first ? lie.rewrite(message) : message
        }
        try network.start(4)
        #expect(try network.run(60_000) { SnapshotTests.hasCaughtUp(network, 4) && !network.nodes[4].adopted.isEmpty })
        let liar = try #require(first)
        let warned = network.nodes[4].notes.contains { $0.text.contains(network.nodes[liar].identity.peer.short) }
        #expect(warned || lie.isSilent, "\(network.nodes[4].notes.map(\.text))")
        #expect(network.nodes[4].snapshot?.liars == (lie.isSilent ? [] : [network.nodes[liar].identity.peer]))
        #expect(network.nodes[4].halted == nil)
        network.rewrites = { message, _ in message }
        let sent = try network.put("after the lie")
        try network.submit([sent], to: 4)
        #expect(try network.runUntilFinal([sent], milliseconds: 30_000))
    }

    enum Lie: UInt64, CaseIterable, Sendable {
        case otherRoot, fewSigners, noOffer, otherBlock, missingLeaf, otherValue, otherSiblings, noLeaves, silence, busy

        /// Nothing false is said.
        var isSilent: Bool { [.noOffer, .silence, .busy].contains(self) }

        func rewrite(_ message: PeerMessage) -> PeerMessage? {
            guard case .response(let response, let id) = message else { return message }
            switch (self, response) {
            case (.otherRoot, .snapshot(let bundle)):
                let header = bundle.header
                let other = BlockHeader(
                    network: header.network, height: header.height, view: header.view, epoch: header.epoch,
                    parent: header.parent, parentView: header.parentView, time: header.time, proposer: header.proposer,
                    transactionsRoot: header.transactionsRoot, stateRoot: SHA256.hash([1]),
                    receiptsRoot: header.receiptsRoot, validatorSet: header.validatorSet,
                    nextValidatorSet: header.nextValidatorSet)
                return .response(.snapshot(bundle.with(other, bundle.finalization)), id: id)
            case (.fewSigners, .snapshot(let bundle)):
                let full = bundle.finalization
                let fewer = Certificate(
                    epoch: full.epoch, kind: full.kind, view: full.view, digest: full.digest,
                    entries: Array(full.entries.prefix(2)))
                return .response(.snapshot(bundle.with(bundle.header, fewer)), id: id)
            case (.noOffer, .snapshot): return .response(.unavailable, id: id)
            case (.otherBlock, .ancestors(let blocks)):
                return .response(.ancestors(Array(blocks.dropFirst())), id: id)
            case (.missingLeaf, .leaves(let chunk)):
                return .response(
                    .leaves(StateChunk(leaves: Array(chunk.leaves.dropFirst()), siblings: chunk.siblings)), id: id)
            case (.otherValue, .leaves(let chunk)):
                let leaves = chunk.leaves.map { StateLeaf(key: $0.key, value: $0.value + [7]) }
                return .response(.leaves(StateChunk(leaves: leaves, siblings: chunk.siblings)), id: id)
            case (.otherSiblings, .leaves(let chunk)):
                return .response(
                    .leaves(StateChunk(leaves: chunk.leaves, siblings: chunk.siblings.map { SHA256.hash($0.bytes) })),
                    id: id)
            case (.noLeaves, .leaves): return .response(.leaves(StateChunk(leaves: [], siblings: [])), id: id)
            case (.silence, .leaves): return nil
            case (.busy, .leaves): return .response(.busy, id: id)
            default: return message
            }
        }
    }

    /// The peer dies between two parts: the others go on with the same version, from the same place.
    @Test func aPeerThatDiesInTheMiddleIsReplaced() throws {
        let network = try SnapshotFaultTests.many(seed: 60)
        var parts = 0
        var first: Int?
        network.rewrites = { message, sender in
            if case .response(.leaves, _) = message {
                first = first ?? sender
                parts += 1
                // The fourth answer never leaves: its sender is dead.
                if parts == 4 { return nil }
            }
            return message
        }
        try network.start(4)
        while parts < 4 { try network.run(1) }
        let dead = try #require(first)
        network.crash(dead)
        #expect(try network.run(30_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.count == 1 && parts > 8)
        #expect(network.nodes[4].halted == nil)
    }

    /// Its parts are right and come just in time: at that pace a state of a gigabyte takes hours.
    @Test func aSlowPeerIsReplaced() throws {
        let network = try SnapshotFaultTests.many(seed: 63)
        var first: Int?
        var parts: [Int: Int] = [:]
        network.rewrites = { message, sender in
            if case .response(.leaves, _) = message {
                first = first ?? sender
                parts[sender, default: 0] += 1
            }
            return message
        }
        network.lateness = { message, sender in
            if sender == first, case .response(.leaves, _) = message { 4_500 } else { 0 }
        }
        try network.start(4)
        let begin = network.now
        #expect(try network.run(60_000) { !network.nodes[4].adopted.isEmpty })
        let slow = try #require(first)
        #expect(parts[slow] == 1 && parts.values.reduce(0, +) >= 8, "\(parts)")
        #expect(network.now - begin < 10_000)
    }

    /// All are: the fastest of them sends.
    @Test func amongSlowPeersTheFastestSends() throws {
        let network = try SnapshotFaultTests.many(seed: 64)
        var parts: [Int: Int] = [:]
        network.rewrites = { message, sender in
            if case .response(.leaves, _) = message { parts[sender, default: 0] += 1 }
            return message
        }
        network.lateness = { message, sender in
            if case .response(.leaves, _) = message { sender == 2 ? 1_500 : 3_000 } else { 0 }
        }
        try network.start(4)
        #expect(try network.run(120_000) { !network.nodes[4].adopted.isEmpty })
        #expect(parts.count == 4 && parts.filter { $0.key != 2 }.allSatisfy { $0.value <= 2 }, "\(parts)")
        #expect(parts[2] ?? 0 >= 4)
    }

    /// The version is pruned everywhere while it is sent: what came is removed, and a newer one is taken.
    @Test func aVersionPrunedInTheMiddleIsReplacedByANewerOne() throws {
        let network = try SnapshotFaultTests.many(seed: 61)
        var isHeld = true
        network.drops = { message in
            if case .response(.leaves, _) = message { return isHeld }
            return false
        }
        try network.start(4)
        try network.run(1_500)
        guard case .receiving(let transfer) = try #require(network.nodes[4].snapshot?.stage) else {
            Issue.record("no transfer has begun")
            return
        }
        let version = transfer.header.height
        for round in 0..<20 { try SnapshotTests.advance(network, 500 + round) }
        for node in network.nodes.prefix(4) {
            var isComplete = false
            while !isComplete {
                let step = try StateMaintenance.prune(node.store, before: version.next, limit: 1_000)
                node.store.apply(step.batch)
                isComplete = step.isComplete
            }
        }
        isHeld = false
        #expect(try network.run(60_000) { !network.nodes[4].adopted.isEmpty && SnapshotTests.hasCaughtUp(network, 4) })
        let adopted = try #require(network.nodes[4].adopted.first)
        #expect(adopted.height > version)
        #expect(network.nodes[4].notes.contains { $0.text.contains("ends after") })
        #expect(network.nodes[4].halted == nil)
    }

    /// Power fails at every single durable write of the transfer, before, within and after it: the node starts again with a
    /// whole state, the older or the newer one, and ends like the others.
    @Test(arguments: WriteMoment.allCases) func powerFailsAtEveryWrite(_ moment: WriteMoment) throws {
        var write = 0
        var isOver = false
        while !isOver {
            write += 1
            #expect(write < 60, "the transfer has no end")
            let network = try SnapshotFaultTests.many(seed: 62)
            network.nodes[4].crashAtStore = (write, moment)
            try network.start(4)
            try network.run(15_000) { SnapshotTests.hasCaughtUp(network, 4) || !network.nodes[4].isRunning }
            isOver = network.nodes[4].isRunning
            if isOver { break }
            let store = network.nodes[4].store
            let wasAdopted = try store.get(ChainStore.base) != nil
            try network.start(4)
            let view = try #require(network.nodes[4].view)
            // Whatever the moment: the state is the one that the tip's header names, and answers.
            #expect(view.state.root == view.tip.stateRoot)
            #expect((try view.base().value > 0) == wasAdopted)
            let known = try #require(try StateSnapshot.open(network.nodes[0].store)?.leaves(after: nil, limit: 4).first)
            _ = try view.state.value(known.key)
            #expect(try network.run(30_000) { SnapshotTests.hasCaughtUp(network, 4) }, "write \(write)")
            #expect(try network.nodes[4].store.get(ChainStore.marker) == nil, "write \(write)")
            let sent = try network.put("after write \(write)")
            try network.submit([sent], to: 4)
            #expect(try network.runUntilFinal([sent]))
            #expect(network.nodes[4].halted == nil)
        }
        #expect(write > 8)
    }

    /// However many ask, a node reads a bounded number of parts a second; who is refused hears `busy`, not `unavailable`.
    @Test func servingIsBounded() throws {
        let network = try SnapshotTests.network()
        var (served, busy) = (0, 0)
        network.rewrites = { message, sender in
            if sender == 0, case .response(.leaves, _) = message { served += 1 }
            if sender == 0, case .response(.busy, _) = message { busy += 1 }
            return message
        }
        let version = try #require(
            try StateSnapshot.newestStored(network.nodes[0].store, atMost: Height(.max)))
        for round in 0..<3 {
            for id in 0..<200 {
                let peer = network.nodes[1 + id % 3].identity.peer
                let request = PeerMessage.request(.leaves(version: version, after: nil), id: UInt64(1_000 + id))
                try network.step(.message(request, from: peer), at: 0)
            }
            #expect(served <= 64 + 33 * round && busy > 100 * (round + 1))
            #expect(served >= 60)
            try network.run(1_000)
        }
    }

    static func offer(_ replica: borrowing Replica) throws -> FetchResponse {
        var work = ServingWork()
        return try replica.offer(above: Height(0), epoch: Epoch(0), &work)
    }

    /// Offers are not made of what cannot be sent whole.
    @Test func aNodeThatBeganWithASnapshotOffersOnlyWhatItHas() throws {
        let network = try SnapshotTests.network()
        try network.start(4)
        #expect(try network.run(5_000) { SnapshotTests.hasCaughtUp(network, 4) })
        for round in 0..<20 { try SnapshotTests.advance(network, 700 + round) }
        // Its replay window reaches below the state that it began with.
        #expect(try network.nodes[4].reading({ try Self.offer($0) }) == .unavailable)
        guard case .snapshot = try network.nodes[0].reading({ try Self.offer($0) }) else {
            Issue.record("a node with all blocks offers nothing")
            return
        }
        try network.run(Transaction.lifetimeMillisecondsMax + 30_000)
        guard case .snapshot = try network.nodes[4].reading({ try Self.offer($0) }) else {
            Issue.record("a node with the whole window offers nothing")
            return
        }
    }
}

extension ProofBundle {
    fileprivate func with(_ header: BlockHeader, _ finalization: Certificate) -> ProofBundle {
        ProofBundle(
            entries: entries, header: header, descendants: descendants, finalization: finalization,
            epochEnds: epochEnds)
    }
}
