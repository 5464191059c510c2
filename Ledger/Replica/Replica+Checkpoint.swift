internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

/// A checkpoint on its way to the disk.
struct PendingCheckpoint: Sendable {
    let sequence: UInt64
    let state: StateCheckpoint
}

extension Replica {
    /// Stores all that is final, up to the newest block with an own finalization, when enough has gathered or a version has
    /// come that peers store too.
    mutating func checkpointIfDue() throws(StorageFailure) {
        guard checkpoint == nil, !view.recent.isEmpty else { return }
        let shared = sharedVersion
        guard
            shared != nil || hasGatheredEnough,
            let last = shared ?? view.recent.lastIndex(where: { $0.finalization.digest == $0.block.digest }),
            snapshot.allowsCheckpoint(at: view.recent[last].height)
        else { return }
        let blocks = Array(view.recent[...last])
        let bodies = recentBodies[...last].map(\.bytes)
        let network = network
        let state = try view.recent[last].state.checkpoint()
        journalBytesSinceCheckpoint = 0
        emit(
            StoreWork { () throws(StorageFailure) in
                var batch = try state.batch()
                for (final, bytes) in zip(blocks, bodies) { final.store(bytes, in: &batch) }
                batch.put(ChainStore.tip, StoredTip(network: network, height: state.version).bcs)
                return batch
            }, state)
    }

    private var hasGatheredEnough: Bool {
        let (blocks, records) = (view.recent.count, view.state.unstoredRecordCount)
        return blocks >= max(configuration.checkpointBlocks, configuration.busyCheckpointBlocks)
            || blocks >= configuration.checkpointBlocks && records <= ReplicaConfiguration.checkpointRecordsSmall
            || records >= configuration.checkpointRecords
            || journalBytesSinceCheckpoint >= configuration.checkpointJournalBytes
    }

    /// Index in `view.recent` of the newest block whose state peers store too, when it has an own finalization.
    private var sharedVersion: Int? {
        let height = view.tip.height.value - view.tip.height.value % max(1, configuration.snapshotBlocks)
        guard let final = view.recent(Height(height)), final.finalization.digest == final.block.digest else {
            return nil
        }
        return view.recent.count - 1 - Int(view.tip.height.value - height)
    }

    /// Its number is `storeSequence` then.
    mutating func emit(_ work: StoreWork) {
        storeSequence += 1
        effects.append(.store(work, sequence: storeSequence))
    }

    mutating func emit(_ work: StoreWork, _ state: StateCheckpoint) {
        emit(work)
        checkpoint = PendingCheckpoint(sequence: storeSequence, state: state)
    }

    /// A batch is durable: what it holds need not be kept in memory or journal.
    mutating func stored(upTo sequence: UInt64) throws(StorageFailure) {
        guard let pending = checkpoint, pending.sequence <= sequence else { return }
        checkpoint = nil
        let height = pending.state.version
        let count = view.recent.prefix { $0.height <= height }.count
        view.recent.removeFirst(count)
        recentBodies.removeFirst(count)
        guard let state = view.state.rebased(onto: pending.state) else {
            throw StorageFailure("the state of block \(view.tip.height) does not descend from checkpoint \(height)")
        }
        view.state = state
        for index in view.recent.indices {
            guard let rebased = view.recent[index].state.rebased(onto: pending.state) else { continue }
            view.recent[index] = view.recent[index].with(rebased)
        }
        tree.mapStates { $0.rebased(onto: pending.state) }
        inputs.append(.stored(height))
        pruneJournal()
    }
}

extension FinalizedBlock {
    /// Adds what the store keeps of the block; `bytes` is its BCS.
    fileprivate func store(_ bytes: [UInt8], in batch: inout KeyValueBatch) {
        batch.put(ChainStore.block(height), bytes)
        batch.put(ChainStore.height(of: block.digest), height.bcs)
        batch.put(ChainStore.receipts(height), receiptBytes)
        batch.put(ChainStore.signed(height), SignedEntries(block).bcs)
        if finalization.digest == block.digest { batch.put(ChainStore.finalization(height), finalization.bcs) }
        for (index, transaction) in block.transactions.enumerated() {
            let location = TransactionLocation(height: height, index: UInt32(clamping: index))
            batch.put {
                $0.u8(ChainStore.locationTag)
                $0.fixed(transaction.digest)
            } value: {
                location.encode(to: &$0)
            }
        }
        if block.header.closesEpoch {
            let next = block.header.epoch.next
            batch.put(ChainStore.epoch(next), EpochRecord(epoch: next, root: height, validators: validators).bcs)
        }
    }
}
