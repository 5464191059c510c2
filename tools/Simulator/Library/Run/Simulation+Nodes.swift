internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Processes: begin, start, crash, restart.
extension Simulation {
    mutating func begin() throws {
        for number in 0..<scenario.nodeCount { nodes.append(makeNode(number)) }
        for traitor in scenario.traitors {
            nodes[traitor.node].actor = traitor.kind.actor()
            guard traitor.kind == .twins else { continue }
            let second = nodes.count
            let twin = makeNode(traitor.node, as: second)
            twin.actor = Twins()
            nodes.append(twin)
            twins.append((traitor.node, second, TwinRouting()))
        }
        for node in nodes.indices {
            queue.schedule(.start(node: node, incarnation: 0), at: networkRandom.below(20_000))
        }
        for (index, fault) in scenario.plan.enumerated() { queue.schedule(.fault(index), at: fault.time) }
        if !scenario.traitors.isEmpty { queue.schedule(.actors, at: Surroundings.tickMicroseconds) }
        queue.schedule(.submission, at: 50_000)
        queue.schedule(.heal, at: scenario.chaosMicroseconds)
    }

    /// `slot` differs from the number for the second of two twins.
    private mutating func makeNode(_ number: Int, as slot: Int? = nil) -> Node {
        let node = Node(number: slot ?? number, peer: Identity.peer(number))
        // Followers have a key too: it counts from the epoch on whose set has it.
        node.key = Identity.consensusKey(number)
        node.disk.readsUnsyncedBatches = faultRandom.chance(500)
        node.isDiverging = scenario.diverging.contains(number)
        // Whoever makes a key writes down that it has not voted yet.
        node.disk.writeMarker(Replica.freshMarker())
        node.clock.driftPerMille = Int64(faultRandom.within(0...20)) - 10
        return node
    }

    mutating func startNode(_ number: Int) throws {
        nodes[number].clock.origin = faultRandom.within(1_000...100_000_000)
        nodes[number].wakeNumber += 1
        nodes[number].isFlushing = false
        nodes[number].lastReported = nil
        var configuration = ReplicaConfiguration(genesis: genesis, peer: nodes[number].peer, key: nodes[number].key)
        configuration.journalLost = nodes[number].journalLost
        configuration.inlineProposalBytesMax = scenario.inlineProposalBytesMax
        configuration.checkpointBlocks = 1 + Int(scenario.seed % 7)
        configuration.snapshotLagBlocks = scenario.snapshotLagBlocks
        configuration.snapshotBlocks = scenario.snapshotBlocks
        if let mutation = scenario.mutation, nodes[number].isHonest { mutation.apply(to: &configuration) }
        trace.event(now, 1, number)
        trace.line(now, "\(name(number)) starts, \(nodes[number].disk.journal.count) journal records")
        do {
            var replica = try Replica.start(
                application: application, configuration: configuration, reader: nodes[number].disk.store,
                journal: nodes[number].disk.journal, at: instant(number))
            let effects = replica.drain()
            nodes[number].replica = consume replica
            try perform(effects, of: number)
        } catch let failure as StorageFailure {
            try storageFailed(number, failure)
            return
        }
        for other in nodes.indices where other != number && nodes[other].isUp && !areTwins(other, number) {
            try link(number, other)
        }
    }

    func areTwins(_ one: Int, _ other: Int) -> Bool { nodes[one].peer == nodes[other].peer }

    /// Both ends learn of a new link, unless one of them shuns the other.
    mutating func link(_ one: Int, _ other: Int) throws {
        guard !shuns(one, nodes[other].peer), !shuns(other, nodes[one].peer) else { return }
        for (near, far) in [(one, other), (other, one)] where nodes[near].isUp {
            if nodes[near].links.contains(far) { try step(near, .disconnected(nodes[far].peer)) }
            nodes[near].links.insert(far)
            try step(near, .connected(nodes[far].peer))
        }
    }

    mutating func unlink(_ number: Int, from other: Int) throws {
        guard nodes[number].links.contains(other), !nodes[other].isUp else { return }
        nodes[number].links.remove(other)
        // One of two twins may still be there.
        let name = nodes[other].peer
        if nodes.indices.contains(where: { nodes[number].links.contains($0) && nodes[$0].peer == name }) { return }
        try step(number, .disconnected(name))
    }

    /// The process ends at once and the machine loses power; `downMicroseconds` later it starts again.
    mutating func crash(_ number: Int, downMicroseconds: UInt64) {
        guard nodes[number].isUp else { return }
        let survival = self.survival(nodes[number].disk)
        trace.event(now, 2, number)
        trace.line(now, "\(name(number)) loses power; of its unsynced writes survives \(survival)")
        let torn = historyKept(nodes[number].disk, survival)
        if torn > 0 { trace.line(now, "\(torn) records of history survive without their index") }
        nodes[number].disk.crash(survival, historyKept: torn)
        stop(number)
        queue.schedule(.start(node: number, incarnation: nodes[number].incarnation), at: now + downMicroseconds)
    }

    /// The process ends in order and starts again: nothing written is lost.
    mutating func restart(_ number: Int) {
        nodes[number].disk.crash(.everything)
        stop(number)
        queue.schedule(
            .start(node: number, incarnation: nodes[number].incarnation), at: now + faultRandom.within(1_000...100_000))
    }

    /// The process is gone; the others notice a little later.
    mutating func stop(_ number: Int) {
        nodes[number].replica = nil
        nodes[number].incarnation += 1
        nodes[number].links = []
        nodes[number].shunned = [:]
        for other in nodes.indices where nodes[other].links.contains(number) {
            let notice = now + networkRandom.within(1_000...400_000)
            queue.schedule(.unlink(node: other, from: number, incarnation: nodes[other].incarnation), at: notice)
        }
    }

    /// How much history of a batch survives whose index part is lost: nothing, all, or any part of it from the start. Most
    /// moments of a long write lie within it.
    private mutating func historyKept(_ disk: SimulatedDisk, _ survival: SimulatedDisk.Survival) -> Int {
        var whole = 0
        if case .prefix(_, let batches) = survival { whole = batches }
        let count = disk.unsyncedHistoryCount(after: whole)
        guard count > 0 else { return 0 }
        let draw = storeRandom.below(4)
        let kept = draw == 0 ? 0 : draw == 1 ? count : storeRandom.below(count + 1)
        if kept > 0 { outcome.faults.count(.keptHistory) }
        return kept
    }

    private mutating func survival(_ disk: SimulatedDisk) -> SimulatedDisk.Survival {
        let records = disk.unsyncedRecordCount
        let batches = disk.unsyncedBatchCount
        let keeps = diskRandom.chance(scenario.keepUnsyncedPerMille)
        let draw = diskRandom.below(3)
        let kept = diskRandom.below(records + 1)
        let keptBatches = diskRandom.below(batches + 1)
        guard records + batches > 0 else { return .nothing }
        guard keeps else {
            outcome.faults.count(.lostWrites)
            return .nothing
        }
        if draw == 0, records > 1 {
            outcome.faults.count(.keptSubset)
            return .holes(records: min(kept, records - 1), tear: false)
        }
        if draw == 1, records > 0 {
            outcome.faults.count(.tornWrite)
            return .holes(records: min(kept, records - 1), tear: true)
        }
        outcome.faults.count(.keptPrefix)
        return .prefix(records: kept, batches: keptBatches)
    }

    /// A read or a write failed: the node stops with a message rather than guess. The operator starts it again.
    mutating func storageFailed(_ number: Int, _ failure: StorageFailure) throws {
        trace.line(now, "\(name(number)) stops: \(failure)")
        guard failure.description.hasPrefix("simulated disk") else {
            throw Violation(.liveness, "\(name(number)) stops without a fault of its disk: \(failure)")
        }
        nodes[number].disk.crash(.everything)
        stop(number)
        let later = now + faultRandom.within(10_000...800_000)
        queue.schedule(.start(node: number, incarnation: nodes[number].incarnation), at: later)
    }

    func instant(_ number: Int) -> Instant { nodes[number].clock.instant(now, start: Simulation.start) }

    func name(_ number: Int) -> String {
        if let pair = twins.first(where: { $0.second == number }) { return "n\(pair.first)'" }
        return "n\(number)"
    }
}
