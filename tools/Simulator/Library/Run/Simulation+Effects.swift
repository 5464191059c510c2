internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// What replicas want done, and what then happens to them.
extension Simulation {
    mutating func step(_ number: Int, _ event: ReplicaEvent) throws {
        guard nodes[number].isUp else { return }
        if nodes[number].isHonest, !healing.isHealed,
            faultRandom.below(100_000) < scenario.corruptedReadPerHundredThousand
        {
            nodes[number].disk.store.failsNextRead = true
        }
        let time = instant(number)
        do {
            let effects = try nodes[number].replica?.step(event, at: time) ?? []
            try perform(effects, of: number)
            try watch(number)
        } catch let failure as StorageFailure {
            outcome.faults.count(.corruptedRead)
            try storageFailed(number, failure)
        }
    }

    mutating func perform(_ effects: [ReplicaEffect], of number: Int) throws {
        for effect in effects {
            switch effect {
            case .journal(let bytes, let sequence, let sync):
                nodes[number].disk.append(bytes, sequence: sequence)
                if sync { flushJournal(number) }
            case .pruneJournal(let sequence): nodes[number].disk.prune(through: sequence)
            case .store(let work, let sequence): writeStore(number, try work.batch(), sequence)
            case .serve(let read, let peer): try serves(number, read, to: peer)
            case .adopted(let header, let validators): try adopted(header, validators, by: number)
            case .send(let message, let peers): try sends(number, message, to: peers)
            case .finalized(let final): try finalized(final, by: number)
            case .answered(let ticket, let refusals): try answered(number, ticket: ticket, refusals)
            case .dropped: break
            case .evidence(let evidence): try accused(evidence, by: number)
            case .shun(let peer, let reason): try shun(peer, by: number, reason)
            case .wake(let milliseconds):
                nodes[number].wakeNumber += 1
                let due = max(now + 1, nodes[number].clock.time(ofMonotonic: milliseconds))
                queue.schedule(
                    .tick(
                        node: number, incarnation: nodes[number].incarnation, number: nodes[number].wakeNumber),
                    at: due)
            case .note(let note):
                trace.line(now, "\(name(number)) notes: \(note.text)")
                if nodes[number].isDiverging { outcome.notes.append(note.text) }
                if nodes[number].isHonest, nodes[number].replica?.status.isDiverged ?? false {
                    throw Violation(.roots, "\(name(number)) finds a certified block invalid: \(note.text)")
                }
            case .halt(let reason):
                trace.line(now, "\(name(number)) halts: \(reason)")
                nodes[number].halted = reason
                if nodes[number].isDiverging { outcome.notes.append(reason) }
                if nodes[number].isHonest { throw Violation(.liveness, "\(name(number)) halts: \(reason)") }
            }
        }
    }

    // MARK: Disk

    private mutating func flushJournal(_ number: Int) {
        guard !nodes[number].isFlushing, let through = nodes[number].disk.lastUnsyncedRecord else { return }
        nodes[number].isFlushing = true
        let duration = diskRandom.within(scenario.flushMicroseconds) * nodes[number].diskFactor
        queue.schedule(
            .flushed(node: number, incarnation: nodes[number].incarnation, through: through), at: now + duration)
    }

    mutating func journalFlushed(_ number: Int, through: UInt64) throws {
        nodes[number].isFlushing = false
        outcome.durableWrites += 1
        if crashesAtWrite(number, { $0.flushedJournal(through: through) }) { return }
        nodes[number].disk.flushedJournal(through: through)
        trace.event(now, 3, number)
        try step(number, .journaled(upTo: through))
        if nodes[number].isUp, nodes[number].disk.hasUnsyncedRecords { flushJournal(number) }
    }

    private mutating func writeStore(_ number: Int, _ batch: KeyValueBatch, _ sequence: UInt64) {
        nodes[number].disk.write(batch, sequence: sequence)
        let duration = diskRandom.within(scenario.storeFlushMicroseconds) * nodes[number].diskFactor
        // Batches are durable in order.
        let due = max(now + duration, nodes[number].storeBusyUntil + 1)
        nodes[number].storeBusyUntil = due
        queue.schedule(.stored(node: number, incarnation: nodes[number].incarnation, through: sequence), at: due)
    }

    mutating func storeFlushed(_ number: Int, through: UInt64) throws {
        outcome.durableWrites += 1
        if crashesAtWrite(number, { $0.flushedStore(through: through) }) { return }
        nodes[number].disk.flushedStore(through: through)
        trace.event(now, 4, number)
        try step(number, .stored(upTo: through))
    }

    /// Whether power fails at this durable write: just before it counts or just after, before anyone is told.
    private mutating func crashesAtWrite(_ number: Int, _ complete: (inout SimulatedDisk) -> Void) -> Bool {
        let isDrawn = faultRandom.chance(scenario.crashAtWritePerMille)
        let isPlanned = scenario.crashAtWrite.map { $0.write == outcome.durableWrites } ?? false
        guard nodes[number].isHonest, !healing.isHealed, isDrawn || isPlanned else { return false }
        outcome.faults.count(.crashAtWrite)
        let isAfter = isPlanned ? scenario.crashAtWrite?.isAfter ?? false : faultRandom.chance(500)
        if isAfter { complete(&nodes[number].disk) }
        crash(number, downMicroseconds: faultRandom.within(1_000...900_000))
        return true
    }

    // MARK: Messages

    private mutating func sends(_ number: Int, _ message: PeerMessage, to peers: [PeerID]) throws {
        if nodes[number].isHonest { try checkVotes(message, of: number) }
        guard nodes[number].actor != nil else { return transmit(number, message, to: peers) }
        withActor(number) { actor, surroundings in actor.outgoing(message, to: peers, &surroundings) }
    }

    /// A part of the state is read beside the replica; a read that fails there is a refusal.
    private mutating func serves(_ number: Int, _ read: SnapshotRead, to peer: PeerID) throws {
        try sends(number, (try? read.answer(nodes[number].disk.store)) ?? read.refusal, to: [peer])
    }

    mutating func transmit(_ number: Int, _ message: PeerMessage, to peers: [PeerID]) {
        let packet = Packet(message)
        samples?.note(packet.bytes)
        if case .consensus(.proposal(let proposal), _) = message {
            stopwatch?.proposed(proposal, by: number, at: now)
            outcome.proposalBytesMax = max(outcome.proposalBytesMax, packet.bytes.count)
            if now < scenario.proposalsLostUntil { return outcome.faults.count(.lostMessage) }
        }
        trace.event(now, 5, number, packet.digest)
        trace.line(now, "\(name(number)) -> \(names(peers)): \(Words.describe(message))")
        for peer in peers {
            for target in nodes.indices where nodes[target].peer == peer && !areTwins(target, number) {
                guard routes(from: number, to: target) else { continue }
                let arrivals = links.deliveries(
                    from: number, to: target, now: now, random: &networkRandom, faults: &outcome.faults)
                for time in arrivals {
                    queue.schedule(.deliver(packet, from: nodes[number].peer, to: target), at: time)
                }
            }
        }
    }

    /// Whether a twin at either end has this link now.
    private mutating func routes(from: Int, to: Int) -> Bool {
        for index in twins.indices {
            for (side, twin) in [twins[index].first, twins[index].second].enumerated() {
                if to == twin, !twins[index].routing.hears(side, from, &networkRandom) { return false }
            }
        }
        return true
    }

    mutating func deliver(_ packet: Packet, from peer: PeerID, to number: Int) throws {
        guard nodes[number].isUp, nodes[number].links.contains(where: { nodes[$0].peer == peer }),
            !shuns(number, peer)
        else { return }
        trace.event(now, 6, number, packet.digest)
        let message: PeerMessage
        do {
            message = try packet.message()
        } catch {
            // A runtime drops the link; honest nodes never send such bytes.
            guard let sender = nodes.first(where: { $0.peer == peer }), sender.isHonest else { return }
            throw Violation(.formats, "a message of an honest node does not decode: \(error)")
        }
        watchDelivery(of: message, to: number)
        if nodes[number].actor != nil {
            var isTaken = true
            withActor(number) { actor, surroundings in
                isTaken = actor.incoming(message, from: peer, &surroundings)
            }
            guard isTaken else { return }
        }
        try deliver(message, from: peer, to: number)
    }

    /// As a runtime does it: gossip is checked ahead, other transactions in some runs; in others by the replica.
    private mutating func deliver(_ message: PeerMessage, from peer: PeerID, to number: Int) throws {
        var isGossip = false
        if case .transactions = message { isGossip = true }
        let unchecked = message.uncheckedTransactions
        guard isGossip || scenario.checksAhead, !unchecked.isEmpty else {
            return try step(number, .message(message, from: peer))
        }
        let check = SignatureCheck(unchecked) { self.checked($0) }
        if isGossip { try step(number, .gossiped(check.signed, from: peer)) }
        if let reason = check.reason { return try shun(peer, by: number, reason) }
        if isGossip { return }
        try step(number, .checked(check.signed))
        try step(number, .message(message, from: peer))
    }

    /// The same bytes have the same answer, so that one check serves all nodes.
    private mutating func checked(_ transaction: Transaction) -> SignedTransaction? {
        if let known = checkedTransactions[transaction.digest] { return known }
        let result = SignedTransaction(verifying: transaction)
        checkedTransactions[transaction.digest] = .some(result)
        return result
    }

    mutating func withActor(_ number: Int, _ body: (inout any ByzantineActor, inout Surroundings) -> Void) {
        guard var actor = nodes[number].actor, let key = nodes[number].key, let status = nodes[number].replica?.status
        else { return }
        let set = chain.sets[min(chain.sets.count - 1, Int(clamping: status.epoch.value))]
        var surroundings = Surroundings(
            now: now, network: network, peer: nodes[number].peer, key: key,
            others: (0..<scenario.nodeCount).filter { nodes[$0].peer != nodes[number].peer }.map { nodes[$0].peer },
            validators: set, epoch: status.epoch, view: status.view, random: actorRandom)
        body(&actor, &surroundings)
        actorRandom = surroundings.random
        nodes[number].actor = actor
        for (message, peers) in surroundings.outbox { transmit(number, message, to: peers) }
    }

    mutating func tickActors() throws {
        for number in nodes.indices where nodes[number].actor != nil && nodes[number].isUp {
            withActor(number) { actor, surroundings in actor.tick(&surroundings) }
        }
        queue.schedule(.actors, at: now + Surroundings.tickMicroseconds)
    }

    private func names(_ peers: [PeerID]) -> String {
        peers.map { peer in nodes.first { $0.peer == peer }.map { name($0.number) } ?? peer.short }
            .joined(separator: " ")
    }
}
