import Chain
import Foundation
import LedgerCrypto
import LedgerState
import Logging
import NodeRuntime
import Primitives
import Replica
import Storage
import Testing

@Suite(.serialized) struct NodeTests {
    @Test(.timeLimit(.minutes(2))) func fourNodesCommitAndAgree() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        let stream = try network.node(3).finalBlocks()
        var last = Height(0)
        for round in 0..<8 {
            let location = try await network.commit("note \(round)", at: round % 4)
            #expect(location.height > last)
            last = location.height
        }
        for index in 0..<4 {
            _ = try await network.node(index).finalHeight(reaching: last, waitingMilliseconds: 30_000)
            let view = try network.node(index).view
            let header = try #require(try view.header(at: last))
            #expect(header.stateRoot == (try network.node(0).view.header(at: last)?.stateRoot))
            #expect(try view.nearestFinalization(from: last) != nil)
            let value = try view.state.value(Notebook.key(secret(100).publicKey, 0))
            #expect(value == Array("note 7".utf8))
        }
        var seen = 0
        for try await block in stream {
            seen += block.block.transactions.count
            if block.height == last { break }
        }
        #expect(seen == 8)
        // Three links of four are enough for a block: the last one may come later.
        let first = try network.node(0)
        #expect(await eventually { await first.snapshot().peers.allSatisfy { $0.isConnected } })
        let snapshot = await first.snapshot()
        #expect(snapshot.halted == nil && snapshot.waitingFor == nil && snapshot.status.isValidator)
        #expect(snapshot.peers.map(\.name) == ["partner-1", "partner-2", "partner-3"])
        #expect(snapshot.peers.allSatisfy { $0.isConnected && $0.isValidator })
        #expect(snapshot.counters.finalTransactions == 8 && snapshot.counters.journalGroups > 0)
        await network.stop([0, 1, 2, 3])
    }

    @Test(.timeLimit(.minutes(2))) func manyTransactionsAtOnce() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.commit("first", at: 0)
        let batches = try (0..<4).map { node in
            try (0..<500).map { try network.transaction("n\($0)", number: UInt16($0), sender: UInt8(110 + node)) }
        }
        for (index, batch) in batches.enumerated() {
            let refusals = try await network.node(index).submit(batch)
            #expect(refusals.allSatisfy { $0 == nil })
        }
        for batch in batches {
            for transaction in batch {
                let outcome = try await network.node(1).outcome(of: transaction.digest, waitingMilliseconds: 30_000)
                guard case .final = outcome else { return #expect(Bool(false), "not final: \(outcome)") }
            }
        }
        // The same bytes again are refused, whichever node hears them.
        let again = try await network.node(2).submit([batches[0][0]])
        #expect(again == [.included])
        await network.stop([0, 1, 2, 3])
    }

    @Test(.timeLimit(.minutes(2))) func aStoppedNodeCatchesUp() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        for round in 0..<3 { try await network.commit("before \(round)", at: round) }
        await network.stop([3])
        var location = try await network.commit("without", at: 0)
        for round in 0..<40 { location = try await network.commit("without \(round)", at: round % 3) }
        try await network.start([3])
        let reached = try await network.node(3).finalHeight(
            reaching: location.height, waitingMilliseconds: 30_000)
        #expect(reached >= location.height)
        try await network.commit("together", at: 3)
        await network.stop([0, 1, 2, 3])
    }

    @Test(.timeLimit(.minutes(2))) func allStopAndTheChainGoesOn() async throws {
        let network = try TestNetwork()
        try network.prepare()
        var last = Height(0)
        for round in 0..<3 {
            try await network.start([0, 1, 2, 3])
            for index in 0..<4 {
                let tip = try network.node(index).view.tip.height
                #expect(tip.value + 16 >= last.value, "a restarted node lost more than what it re-executes")
            }
            for number in 0..<6 { last = try await network.commit("\(round) \(number)", at: number % 4).height }
            await network.stop([0, 1, 2, 3])
        }
    }

    @Test(.timeLimit(.minutes(2))) func aLostJournalIsSettledByThePeers() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        for round in 0..<3 { try await network.commit("before \(round)", at: round) }
        await network.stop([2])
        try FileManager.default.removeItem(atPath: network.folder + "/node-2/journal")
        try await network.start([2])
        for round in 0..<6 { try await network.commit("after \(round)", at: round % 4) }
        // It votes again: with another one away the quorum of three needs it.
        await network.stop([0])
        for round in 0..<4 { try await network.commit("three \(round)", at: 1 + round % 3) }
        // And the next start finds a journal that it may trust.
        await network.stop([2])
        try await network.start([2])
        try await network.commit("again", at: 2)
        await network.stop([1, 2, 3])
    }

    /// Segments gone, or store without journal and a new marker beside it: both times the node must not vote as a fresh one.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false])
    func aJournalWithoutItsRecordsIsLost(keepsMarker: Bool) async throws {
        let network = try TestNetwork()
        // So that the store has more than the genesis.
        network.adjust = { $0.checkpointBlocks = 1 }
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        for round in 0..<3 { try await network.commit("before \(round)", at: round) }
        await network.stop([2])
        let path = network.folder + "/node-2/journal"
        if keepsMarker {
            for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "marker" {
                try FileManager.default.removeItem(atPath: path + "/" + name)
            }
        } else {
            try FileManager.default.removeItem(atPath: path)
            try TestNode.prepare(network.configuration(2))
        }
        // Alone it hears nobody, so it stays lost.
        await network.stop([0, 1, 3])
        try await network.start([2])
        await network.stop([2])
        let owner = network.configuration(2).journalOwner
        let (journal, records) = try Journal.open(try DiskFolder(path), owner: owner)
        guard case .lost = journal.standing else { return #expect(Bool(false), "taken for \(journal.standing)") }
        #expect(records.isEmpty)
        journal.close()
        try await network.start([0, 1, 2, 3])
        for round in 0..<4 { try await network.commit("after \(round)", at: round) }
        await network.stop([0, 1, 2, 3])
    }

    @Test(.timeLimit(.minutes(2))) func aStandstillNamesTheMissing() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.commit("all", at: 0)
        await network.stop([1, 3])
        let transaction = try network.transaction("waits")
        #expect(try await network.node(0).submit([transaction]) == [nil])
        let node = try network.node(0)
        #expect(
            await eventually {
                guard let why = await node.snapshot().waitingFor else { return false }
                return why.contains("2 of 4 validators are missing, and 3 must take part")
                    && why.contains("Missing: partner-1 (no link), partner-3 (no link).")
            })
        try await network.start([1])
        guard case .final = try await node.outcome(of: transaction.digest, waitingMilliseconds: 30_000) else {
            return #expect(Bool(false), "the chain did not go on")
        }
        #expect(await eventually { await node.snapshot().waitingFor == nil })
        await network.stop([0, 1, 2])
    }

    /// Validators whose journals nobody prepared say so, of themselves and of each other.
    @Test(.timeLimit(.minutes(1))) func unpreparedValidatorsSayThatTheyAbstain() async throws {
        let network = try TestNetwork()
        try await network.start([0, 1, 2, 3])
        let node = try network.node(0)
        #expect(
            await eventually {
                let snapshot = await node.snapshot()
                guard let own = snapshot.abstention, let why = snapshot.waitingFor else { return false }
                return own.contains("genesis prepare") && why.contains("4 of 4 validators are missing")
                    && why.contains("partner-0 (this node, which abstains), partner-1 (abstains")
            })
        await network.stop([0, 1, 2, 3])
    }
}

@Suite(.serialized) struct NodeCallTests {
    @Test(.timeLimit(.minutes(1))) func refusalsAndBounds() async throws {
        let network = try TestNetwork()
        network.adjust = {
            $0.limits.waitersMax = 2
            $0.limits.subscriberBlocksMax = 2
            $0.limits.subscribersMax = 1
        }
        try network.prepare()
        #expect(throws: StorageError.self) { try network.prepare() }
        try await network.start([0, 1, 2, 3])
        let node = try network.node(0)

        let good = try network.transaction("good")
        var bytes = try network.transaction("forged").bytes
        bytes[bytes.count - 1] ^= 1
        let forged = try Transaction(bytes: bytes)
        let foreign = try TestNetwork().transaction("elsewhere")
        #expect(try await node.submit([forged, good, foreign, good]) == [.badSignature, nil, .otherNetwork, .pending])
        guard case .final = try await node.outcome(of: good.digest, waitingMilliseconds: 30_000) else {
            return #expect(Bool(false), "not final")
        }

        // Waiters are bounded, and time out: of three at once two wait in vain and one is refused.
        let unknown = try network.transaction("never sent").digest
        let results = await withTaskGroup(of: String.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do {
                        let outcome = try await node.outcome(of: unknown, waitingMilliseconds: 3_000)
                        if case .pending = outcome { return "pending" } else { return "\(outcome)" }
                    } catch NodeFailure.busy { return "busy" } catch { return "\(error)" }
                }
            }
            var results: [String] = []
            for await result in group { results.append(result) }
            return results.sorted()
        }
        #expect(results == ["busy", "pending", "pending"])
        #expect(try await node.finalHeight(reaching: Height(1_000_000), waitingMilliseconds: 50) < Height(1_000_000))

        // A subscriber that does not read is let go with a clear end.
        let slow = try node.finalBlocks()
        #expect(throws: NodeFailure.self) { try node.finalBlocks() }
        for round in 0..<5 { try await network.commit("note \(round)", at: 0) }
        var got = 0
        await #expect(throws: SubscriptionEnd.self) { for try await _ in slow { got += 1 } }
        #expect(got == 2)

        // The folder belongs to one process.
        await #expect(throws: StorageError.self) {
            try await TestNode.start(
                application: Notebook(), configuration: network.configuration(0), logger: .init(label: "second"))
        }

        // Two wait when it stops: a third is refused from when both do.
        let first = Task { try await Self.outcome(of: unknown, at: node) }
        let second = Task { try await Self.outcome(of: unknown, at: node) }
        var isFull = false
        while !isFull { isFull = try await Self.isFull(node, unknown) }
        let stream = try node.finalBlocks()
        await network.stop([0])
        for task in [first, second] {
            guard case .pending = try await task.value else { return #expect(Bool(false), "a stopped node knows more") }
        }
        await #expect(throws: SubscriptionEnd.self) { for try await _ in stream {} }
        #expect(try await node.submit([good]) == [.unavailable("the node has stopped")])
        await network.stop([1, 2, 3])
    }

    /// Waits as soon as there is a place.
    private static func outcome(of digest: Digest, at node: TestNode) async throws -> TransactionOutcome {
        while true {
            if let outcome = try await tried(digest, at: node, milliseconds: 60_000) { return outcome }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func isFull(_ node: TestNode, _ digest: Digest) async throws -> Bool {
        try await tried(digest, at: node, milliseconds: 1) == nil
    }

    /// Nil when all places are taken.
    private static func tried(
        _ digest: Digest, at node: TestNode, milliseconds: UInt32
    ) async throws -> TransactionOutcome? {
        do {
            return try await node.outcome(of: digest, waitingMilliseconds: milliseconds)
        } catch NodeFailure.busy {
            return nil
        }
    }

    /// A shutdown or a client that went away does not wait for the chain.
    @Test(.timeLimit(.minutes(1))) func whoWaitsCanBeCancelled() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0])
        let node = try network.node(0)
        let outcome = Task { try await node.outcome(of: SHA256.hash([1]), waitingMilliseconds: 600_000) }
        let height = Task { try await node.finalHeight(reaching: Height(1_000), waitingMilliseconds: 600_000) }
        try await Task.sleep(for: .milliseconds(100))
        outcome.cancel()
        height.cancel()
        guard case .pending = try await outcome.value else { return #expect(Bool(false), "nobody knows that one") }
        #expect(try await height.value == Height(0))
        // Cancelled before it began to wait.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await node.finalHeight(reaching: Height(1_000), waitingMilliseconds: 600_000)
        }
        #expect(try await early.value == Height(0))
        await network.stop([0])
    }

    /// Whoever stops a node may rely on its folder being closed then, also when another one began to stop it.
    @Test(.timeLimit(.minutes(1))) func allWhoStopANodeWaitForTheEnd() async throws {
        let network = try TestNetwork()
        try network.prepare()
        for _ in 0..<5 {
            try await network.start([0])
            let node = try network.node(0)
            let first = Task { await node.stop() }
            await node.stop()
            // The folder is free at once.
            try await network.start([0])
            await first.value
            await network.stop([0])
        }
    }

    @Test(.timeLimit(.minutes(1))) func peersAnswerRequests() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.commit("linked", at: 0)
        let (asker, peer) = (try network.node(0).services, network.peer(1))
        let own = network.peer(0)
        try network.node(1).services.register(7) { from, request in
            #expect(from == own)
            return request.reversed()
        }
        try network.node(1).services.register(8) { _, _ in throw NodeFailure.busy("ask later") }
        try network.node(1).services.register(9) { _, _ in
            try await Task.sleep(nanoseconds: 5_000_000_000)
            return []
        }
        #expect(try await asker.request(7, [1, 2, 3], to: peer, timeoutMilliseconds: 10_000) == [3, 2, 1])
        let large = [UInt8](repeating: 4, count: 5_000_000)
        #expect(try await asker.request(7, large, to: peer, timeoutMilliseconds: 20_000) == large)
        for service: UInt16 in [1, 8, 9] {
            await #expect(throws: NodeFailure.self) {
                try await asker.request(service, [1], to: peer, timeoutMilliseconds: 300)
            }
        }
        await #expect(throws: NodeFailure.self) { try await asker.request(7, [1], to: .zero, timeoutMilliseconds: 300) }
        await network.stop([0, 1, 2, 3])
    }
}
