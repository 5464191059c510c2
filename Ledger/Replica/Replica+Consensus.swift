internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

extension Replica {
    /// Feeds the pending inputs to the machine and performs what it wants, in order.
    mutating func runConsensus() throws(StorageFailure) {
        var next = 0
        while halted == nil {
            // The machine of an ended epoch has nothing more to say.
            if view.tip.closesEpoch, machine.epoch == view.tip.epoch {
                inputs.removeAll()
                next = 0
                try beginEpoch(root: view.tip)
            }
            guard next < inputs.count else { break }
            let input = inputs[next]
            next += 1
            for output in machine.step(input, at: now) {
                try perform(output)
                if halted != nil { break }
            }
        }
        inputs.removeAll(keepingCapacity: true)
    }

    private mutating func perform(_ output: ConsensusOutput) throws(StorageFailure) {
        switch output {
        case .journal(let record, let sequence): journal(record, machineSequence: sequence)
        case .prunable(let below): consensusPruned(below: below)
        case .send(let message, let peer):
            if peers.isConnected(peer) { effects.append(.send(attaching(message), to: [peer])) }
        case .broadcast(let message):
            if !peers.connected.isEmpty { effects.append(.send(attaching(message), to: peers.connected)) }
        case .relay(let message, let holders):
            let others = peers.connected.filter { !holders.contains($0) }
            if !others.isEmpty { effects.append(.send(attaching(message), to: others)) }
        case .build(let request): try build(request)
        case .judge(let request): try judge(request)
        case .fetchBlock(let digest, let holders): fetchBlock(digest, holders: holders)
        case .finalized(let certificate): try finalize(certificate)
        // Follows from the finalized block itself.
        case .epochEnded: break
        case .evidence(let evidence): report(evidence)
        case .misbehaved(let peer, let reason): shun(peer, reason)
        case .diverged(let digest, let view, let reason):
            isDiverged = true
            note(
                .error,
                "a quorum certified block \(digest.short) in view \(view), but this node finds it invalid: \(reason). "
                    + "It no longer votes above it. Compare the write sets with another node's, then rebuild this one.")
        case .wake(let time): consensusWake = time
        case .recovered(let through):
            note(.info, "enough peers reported where they stand: this node votes again above view \(through)")
        }
    }

    /// One proof convicts: a validator that contradicts itself in every view does not make every other one submit a
    /// transaction in every view.
    private mutating func report(_ evidence: Evidence) {
        let signer = evidence.first.signer
        if let last = accused.firstIndex(where: { $0.signer == signer }) {
            guard evidence.first.view >= accused[last].view.advanced(by: Replica.evidencePauseViews) else { return }
            accused.remove(at: last)
        }
        accused.append((signer, evidence.first.view))
        effects.append(.evidence(evidence))
    }

    /// Nothing more of the peer is heard from here on: what it sent before its link closes may still be on its way here.
    mutating func shun(_ peer: PeerID, _ reason: String) {
        guard peers.isConnected(peer) else { return }
        note(.warning, "peer \(peer.short) is shunned for a while: \(reason)")
        disconnect(peer)
        effects.append(.shun(peer, reason: reason))
    }

    /// A proposal takes its transactions along while they are small.
    private func attaching(_ message: ConsensusMessage) -> PeerMessage {
        guard case .proposal(let proposal) = message, let executed = tree[proposal.digest],
            executed.bytes.count <= min(configuration.inlineProposalBytesMax, PeerMessage.inlineBytesMax)
        else { return .consensus(message, transactions: []) }
        return .consensus(message, transactions: executed.block.transactions)
    }

    /// A message of the consensus from a peer.
    mutating func hear(
        _ message: ConsensusMessage, transactions: [Transaction], from peer: PeerID
    ) throws(StorageFailure) {
        guard let epoch = message.epoch, mayAsk(message, peer) else { return }
        // It is behind: it learns from the range that it will ask for.
        if epoch < machine.epoch { sayHello(to: peer) }
        if epoch > machine.epoch { peers.heard(epoch: epoch, from: peer) }
        if epoch == machine.epoch || message.isAboutStanding {
            if case .proposal(let proposal) = message, !transactions.isEmpty, tree[proposal.digest] == nil,
                proposal.header.epoch == epoch,
                let block = Block(header: proposal.header, transactions: transactions)
            {
                peers.keep(block, from: peer)
            }
            inputs.append(.message(message, from: peer))
        }
    }

    /// How the machine above `root` starts when the journal says nothing of its epoch. A snapshot may have led past whole
    /// epochs: of those the key knows nothing and, with a journal that is trusted, voted in none.
    private func nextStart(root: BlockHeader) -> ConsensusStart {
        if root.epoch == machine.epoch { return machine.startOfNext(root: root) }
        return machine.journalIsTrusted ? .fresh : .lost
    }

    /// The machine of the epoch above `root`: the tip, or a block below it that closed the epoch before.
    mutating func beginEpoch(root: BlockHeader, tip: FinalizedTip? = nil) throws(StorageFailure) {
        let epoch = view.epoch
        let start: ConsensusStart
        if replayRecords.contains(where: { $0.epoch >= epoch }) {
            start = .replay(replayRecords)
        } else {
            start = nextStart(root: root)
            replayRecords = []
        }
        var consensus = ConsensusConfiguration(
            network: network, epoch: epoch, validators: view.validators, parameters: parameters, root: root,
            key: configuration.key, incarnation: incarnation)
        consensus.mutations = configuration.mutations
        let before = machine.configuration.validators
        // Without it a restart from a store that is behind could not leave the epoch that has ended.
        if root == view.tip, let end = view.finalization { journal(end: end) }
        machine = ConsensusMachine(consensus, start: start, tip: tip)
        records = RecordMap()
        accused = []
        judging.removeAll()
        consensusWake = nil
        toldWaiting = false
        note(.info, "epoch \(epoch) begins above block \(root.height) with \(view.validators.count) validators")
        inputs.append(.start)
        for peer in peers.connected {
            inputs.append(.connected(peer))
            // Those who were validators before have been told already.
            if isValidator(peer), before.index(ofTransport: peer) == nil { peers.owe(peer, 0..<pool.nextNumber) }
        }
        try replayJournaledBodies()
        // Whoever is still in the epoch before learns that it can catch up.
        for peer in peers.connected { sayHello(to: peer) }
    }
}

extension ConsensusMessage {
    /// Where nodes stand concerns the machines of all epochs.
    fileprivate var isAboutStanding: Bool {
        switch self {
        case .status, .statusRequest: true
        default: false
        }
    }
}
