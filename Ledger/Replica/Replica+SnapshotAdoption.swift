internal import Chain
internal import Consensus
internal import LedgerState
internal import LightClient
internal import Primitives

// A state that has come whole becomes this node's own, as if it had been restarted from a checkpoint at that height.
//
// One batch is the moment: before it is durable the old tip and state stand, untouched; after it the new ones do. Then the
// older state goes, in bounded steps that a restart begins again; until it is gone no block is executed.

extension Replica {
    /// All leaves and the replay window are here: the batch that makes them count.
    mutating func adopt(_ transfer: SnapshotTransfer) throws(StorageFailure) {
        guard let block = transfer.block else { return abandonSnapshot("its block is missing") }
        let header = transfer.header
        var batch: KeyValueBatch
        do {
            batch = try transfer.rebuilder.finish(root: header.stateRoot)
        } catch {
            // Each chunk was found right, so this machine is at fault.
            return halt(
                "the state of block \(header.height) has another root than its parts (\(error)): check this machine's memory"
            )
        }
        batch.put(ChainStore.block(header.height), block)
        batch.put(ChainStore.height(of: header.digest), header.height.bcs)
        batch.put(ChainStore.finalization(header.height), transfer.finalization.bcs)
        // The offer leads on from the tip; the ends of epochs up to the tip may be in memory only.
        for final in view.recent where final.block.header.closesEpoch {
            put(end: final.block.header, final.finalization, final.validators, into: &batch)
        }
        for end in transfer.epochEnds { put(end: end.header, end.finalization, end.nextValidators, into: &batch) }
        batch.put(ChainStore.tip, StoredTip(network: network, height: header.height).bcs)
        batch.put(ChainStore.base, header.height.bcs)
        batch.put(ChainStore.marker, SnapshotMarker(version: header.height, stage: .clearing).bcs)
        snapshot.stage = .adopting(transfer)
        emit(snapshot: batch)
    }

    /// What stays of the end of an epoch below the snapshot, for proofs.
    private func put(
        end header: BlockHeader, _ finalization: Certificate, _ next: ValidatorSet, into batch: inout KeyValueBatch
    ) {
        let epoch = header.epoch.next
        batch.put(ChainStore.header(header.height), header.bcs)
        batch.put(ChainStore.finalization(header.height), finalization.bcs)
        batch.put(ChainStore.epoch(epoch), EpochRecord(epoch: epoch, root: header.height, validators: next).bcs)
    }

    /// Batches up to this one are durable.
    mutating func snapshotStored(upTo sequence: UInt64) throws(StorageFailure) {
        snapshot.stored(upTo: sequence)
        guard snapshot.batchesInFlight.isEmpty else { return }
        switch snapshot.stage {
        case .adopting(let transfer): try begin(transfer)
        case .erasing(_, isLast: true):
            snapshot.stage = .idle
            try judgeDeferred()
        case .clearing(let clearing) where clearing.isLast: try complete(clearing)
        default: break
        }
    }

    /// The snapshot is this node's chain now.
    private mutating func begin(_ transfer: SnapshotTransfer) throws(StorageFailure) {
        let opened = try StoredChain.open(
            application: application, genesis: configuration.genesis, reader: view.reader)
        guard opened.view.tip.digest == transfer.header.digest else {
            throw StorageFailure(
                "the store does not hold the state of block \(transfer.header.height) that was just written")
        }
        snapshot.noteTaken(offerOf: transfer.offerer)
        for digest in tree.order { if let executed = tree[digest] { release(executed) } }
        tree = BlockTree()
        view = opened.view
        window = opened.window
        recentBodies = []
        journalBytesSinceCheckpoint = 0
        checkpoint = nil
        judging = []
        peers.forgetBlocks(through: view.tip.height)
        dropPassedFinalization()
        snapshot.lackingBlocks = []
        var clearing = SnapshotClearing(version: transfer.header.height)
        clearing.source = transfer.source
        clearing.root = opened.root
        snapshot.stage = .clearing(clearing)
        effects.append(.adopted(view.tip, validators: view.validators))
        note(
            .info,
            "the state of block \(transfer.header.height) is here and right: \(transfer.leafCount) leaves, "
                + "\(transfer.byteCount) bytes. The older state goes")
    }

    /// A step of what remains: the older state goes.
    mutating func continueClearing(_ clearing: SnapshotClearing) throws(StorageFailure) {
        let step = try StateMaintenance.eraseOlder(
            view.reader, than: clearing.version, limit: Snapshot.stepRecordsMax)
        var batch = step.batch
        if step.isComplete { batch.remove(ChainStore.marker) }
        var clearing = clearing
        clearing.isLast = step.isComplete
        snapshot.stage = .clearing(clearing)
        emit(snapshot: batch)
    }

    /// All is in place: blocks are executed again, and the consensus rests on the snapshot.
    private mutating func complete(_ clearing: SnapshotClearing) throws(StorageFailure) {
        guard let state = try StateSnapshot.open(view.reader), state.version == view.tip.height,
            state.root == view.tip.stateRoot
        else {
            throw StorageFailure("the stored state is not that of block \(view.tip.height), which was just taken over")
        }
        view.state = state
        snapshot.stage = .idle
        note(.info, "this node goes on from block \(view.tip.height); blocks below it are not here")
        dropPassedFinalization()
        if let root = clearing.root, machine.epoch != view.epoch {
            inputs.removeAll()
            let tip = view.finalization.flatMap {
                view.tip.digest == root.digest ? nil : FinalizedTip(header: view.tip, certificate: $0)
            }
            try beginEpoch(root: root, tip: tip)
        } else {
            try replayJournaledBodies()
            if let finalization = view.finalization, clearing.root != nil {
                inputs.append(.executed(view.tip, transactions: []))
                inputs.append(.message(.certificate(finalization), from: clearing.source ?? configuration.peer))
            }
        }
        inputs.append(.stored(view.tip.height))
        try judgeDeferred()
        pruneJournal()
        for peer in peers.connected { sayHello(to: peer) }
    }

    /// A finalization of a block that the snapshot holds is of no use any more.
    private mutating func dropPassedFinalization() {
        isCatchingUp = false
        guard let awaited = awaitedFinalization else { return }
        let isAbove = awaited.epoch == view.epoch && awaited.view > (view.finalization?.view ?? View(0))
        if !isAbove { awaitedFinalization = nil }
    }

    private mutating func judgeDeferred() throws(StorageFailure) {
        let deferred = snapshot.deferred
        snapshot.deferred = []
        for request in deferred where request.header.epoch == machine.epoch { try judge(request) }
    }

    /// Keeps what the consensus wants judged until blocks are executed again; true when that is so now.
    mutating func deferJudgement(_ request: JudgeRequest) -> Bool {
        guard snapshot.suspendsExecution else { return false }
        let digest = request.header.digest
        if snapshot.deferred.contains(where: { $0.header.digest == digest }) { return true }
        if snapshot.deferred.count >= SnapshotSync.deferredMax { snapshot.deferred.removeFirst() }
        snapshot.deferred.append(request)
        return true
    }
}
