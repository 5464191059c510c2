import Chain
import Consensus
import LedgerCrypto
import Primitives

extension Network {
    /// One step of a machine, and what it wants done.
    mutating func step(_ index: Int, _ input: ConsensusInput) {
        guard nodes[index].machine != nil else { return }
        let run = nodes[index].run
        let now = instant
        let outputs = nodes[index].machine?.step(input, at: now) ?? []
        for output in outputs {
            perform(index, output, run: run)
        }
        scheduleSync(index)
    }

    private mutating func perform(_ index: Int, _ output: ConsensusOutput, run: Int) {
        // What all have goes to nobody.
        if case .relay(_, let holders) = output, holders.count == nodes.count { return }
        trace.note(time, index, output)
        switch output {
        case .journal(let record, let sequence):
            nodes[index].append(.record(record, run: run, sequence: sequence))
        case .prunable(let below): prune(index, run: run, below: below)
        case .send(let message, let peer): transmit(message, from: index, to: peer)
        case .broadcast(let message):
            for other in nodes where other.peer != nodes[index].peer { transmit(message, from: index, to: other.peer) }
        case .relay(let message, let holders):
            for other in nodes where other.peer != nodes[index].peer && !holders.contains(other.peer) {
                transmit(message, from: index, to: other.peer)
            }
        case .build(let request):
            schedule(index, after: executionDelay) { .build(request, generation: $0) }
        case .judge(let request):
            if !nodes[index].executed.contains(request.header.parent) {
                failures.append("n\(index) is asked to judge a block before its parent")
            }
            schedule(index, after: executionDelay) { .judge(request, generation: $0) }
        case .fetchBlock(let digest, _): schedule(index, after: 2 * messageDelay) { .fetch(digest, generation: $0) }
        case .finalized(let certificate):
            checkFinal(index, certificate)
            nodes[index].pendingFinal = certificate
            settleFinal(index)
            if nodes[index].pendingFinal != nil {
                schedule(index, after: 5 * messageDelay) { .catchUp(generation: $0) }
            }
        case .epochEnded(let header, let certificate): changeEpoch(index, header, certificate)
        case .evidence(let found):
            evidence.append(found)
            checkEvidence(found)
        case .misbehaved(let peer, let reason):
            if let accused = self.index(of: peer), !byzantine.contains(accused), !byzantine.contains(index) {
                failures.append("n\(index) takes n\(accused) for hostile: \(reason)")
            }
        case .diverged(_, let view, let reason): diverged.append("n\(index) view \(view): \(reason)")
        case .wake(let at):
            nodes[index].wake = at
            schedule(index, after: at - time) { .wake(at: at, generation: $0) }
        case .recovered(let view): nodes[index].recoveredThrough = view
        }
    }

    mutating func transmit(_ message: ConsensusMessage, from index: Int, to peer: Digest) {
        checkSent(index, message)
        guard let target = self.index(of: peer) else { return }
        if let passes, !passes(index, target, message) { return }
        if case .proposal = message { largestProposal = max(largestProposal, message.bcs.count) }
        let from = nodes[index].peer
        for _ in 0..<(roll(100) < duplicatePercent && random != nil ? 2 : 1) {
            if random != nil, roll(100) < lossPercent { continue }
            let delay = messageDelay + roll(messageDelayMax - messageDelay + 1)
            schedule(target, after: delay) { .message(message, from: from, generation: $0) }
        }
    }

    // MARK: Disk

    private mutating func scheduleSync(_ index: Int) {
        guard !nodes[index].syncScheduled, nodes[index].appended > nodes[index].durable else { return }
        nodes[index].syncScheduled = true
        let through = nodes[index].appended
        schedule(index, after: syncDelay + roll(2 * syncDelay)) { .sync(through: through, generation: $0) }
    }

    mutating func sync(_ index: Int, through position: Int) {
        nodes[index].syncScheduled = false
        nodes[index].durable = max(nodes[index].durable, position)
        var last: UInt64 = 0
        for (at, entry) in nodes[index].journal where at <= position {
            if case .record(.marker, _, _) = entry { nodes[index].hasMarker = true }
            if case .record(_, nodes[index].run, let sequence) = entry { last = max(last, sequence) }
        }
        step(index, .journaled(upTo: last))
    }

    private mutating func prune(_ index: Int, run: Int, below: UInt64) {
        nodes[index].journal.removeAll { _, entry in
            guard case .record(_, let itsRun, let sequence) = entry else { return false }
            return itsRun < run || itsRun == run && sequence < below
        }
    }

    mutating func store(_ index: Int, _ tip: FinalizedTip) {
        guard tip.header.epoch == nodes[index].machine?.epoch, tip.header.height > nodes[index].storedHeight else {
            return
        }
        nodes[index].storedTip = tip
        nodes[index].storedHeight = tip.header.height
        nodes[index].journal.removeAll { _, entry in
            if case .body(let header, _) = entry { header.height <= tip.header.height } else { false }
        }
        step(index, .stored(tip.header.height))
    }

    // MARK: Execution

    mutating func build(_ index: Int, _ request: BuildRequest) {
        guard let parent = blocks[request.parent]?.header, let machine = nodes[index].machine else { return }
        if !nodes[index].executed.contains(request.parent) {
            failures.append("n\(index) builds on an unexecuted block")
        }
        let name = "n\(index) e\(request.epoch) v\(request.view)"
        let transactions = request.isEmpty || !isBusy ? [] : [SHA256.hash(Array(name.utf8))]
        let set = machine.configuration.validators
        let closes = closingHeights.contains(request.height.value)
        let header = TestApplication.header(
            view: request.view, on: parent, parentView: request.parentView, time: request.time,
            proposer: request.proposer, transactions: transactions, set: set,
            next: closes ? sets[Int(request.epoch.value) + 1] : set, epoch: request.epoch)
        register(header, transactions)
        execute(index, header, transactions)
        step(index, .built(header, transactions: transactions))
        settleFinal(index)
    }

    mutating func judge(_ index: Int, _ request: JudgeRequest) {
        let header = request.header
        guard let parent = blocks[header.parent]?.header else { return }
        register(header, request.transactions)
        let root = Block.transactionsRoot(request.transactions)
        let closes = closingHeights.contains(header.height.value)
        guard header.stateRoot == TestApplication.stateRoot(after: parent.stateRoot, root), closes == header.closesEpoch
        else { return step(index, .judged(header.digest, .invalid("the state root differs"))) }
        execute(index, header, request.transactions)
        step(index, .judged(header.digest, .valid))
        settleFinal(index)
    }

    mutating func register(_ header: BlockHeader, _ transactions: [Digest]) {
        if blocks[header.digest] == nil { trace.name(header) }
        blocks[header.digest] = (header, transactions)
    }

    private mutating func execute(_ index: Int, _ header: BlockHeader, _ transactions: [Digest]) {
        nodes[index].executed.insert(header.digest)
        nodes[index].append(.body(header, transactions))
    }

    mutating func fetch(_ index: Int, _ digest: Digest) {
        let hasHolder = nodes.indices.contains { other in
            other != index && nodes[other].isUp && nodes[other].executed.contains(digest)
                && passes?(other, index, .certificates([])) ?? true
        }
        guard hasHolder, let block = blocks[digest] else { return }
        step(index, .block(block.header, transactions: block.transactions))
    }

    /// Gets everything up to a final block from others, stored at once.
    mutating func catchUp(_ index: Int) {
        guard let certificate = nodes[index].pendingFinal, let block = blocks[certificate.digest] else { return }
        var cursor = block.header
        while nodes[index].executed.insert(cursor.digest).inserted, let parent = blocks[cursor.parent]?.header {
            cursor = parent
        }
        let tip = FinalizedTip(header: block.header, certificate: certificate)
        step(index, .executed(block.header, transactions: block.transactions))
        store(index, tip)
        settleFinal(index)
    }

    /// The newest finalization becomes the node's own once its block is executed; storage follows in batches.
    mutating func settleFinal(_ index: Int) {
        guard let certificate = nodes[index].pendingFinal, nodes[index].executed.contains(certificate.digest),
            let header = blocks[certificate.digest]?.header
        else { return }
        nodes[index].pendingFinal = nil
        let tip = FinalizedTip(header: header, certificate: certificate)
        nodes[index].finalTip = tip
        nodes[index].finalHeight = max(nodes[index].finalHeight, header.height)
        if header.height.distance(above: nodes[index].storedHeight) >= checkpointBlocks {
            schedule(index, after: 3 * syncDelay) { .store(tip, generation: $0) }
        }
    }
}
