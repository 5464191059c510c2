internal import Chain
internal import Consensus
internal import Primitives

extension Replica {
    /// Appends an entry and returns its sequence number.
    private mutating func append(_ entry: JournalEntry, sync: Bool) -> UInt64 {
        journalSequence += 1
        let bytes = entry.bytes
        journalBytesSinceCheckpoint += bytes.count
        effects.append(.journal(bytes, sequence: journalSequence, sync: sync))
        return journalSequence
    }

    mutating func journal(_ record: ConsensusRecord, machineSequence: UInt64) {
        records.append(journal: append(.consensus(record), sync: isAwaited(record)))
        if case .certificate(let certificate) = record, certificate.kind == .nullify { nullified(certificate.view) }
    }

    /// The certificate over the block that closed an epoch, which the ended machine did not see.
    mutating func journal(end certificate: Certificate) {
        _ = append(.consensus(.certificate(certificate)), sync: false)
    }

    /// Whether something is held back until the record is durable. Nothing waits for a certificate itself: the vote that
    /// rests on it follows it in the journal. A proposal waits for its reservation, but is a record itself.
    private func isAwaited(_ record: ConsensusRecord) -> Bool {
        switch record {
        case .certificate, .reservation: false
        case .marker, .vote, .proposal: true
        }
    }

    /// Nothing waits for a body itself, only for the vote that follows it in the journal.
    mutating func journalBody(_ bytes: [UInt8]) -> UInt64 { append(.body(bytes), sync: false) }

    mutating func journaled(upTo sequence: UInt64) {
        if let record = records.synced(upTo: sequence) { inputs.append(.journaled(upTo: record)) }
    }

    mutating func consensusPruned(below record: UInt64) {
        consensusFloor = max(consensusFloor, records.forget(below: record) ?? journalSequence + 1)
        pruneJournal()
    }

    /// Lets go of what neither the consensus nor a block above the durable checkpoint needs.
    mutating func pruneJournal() {
        var floor = consensusFloor
        if !configuration.mutations.contains(.pruneBeforeSync) {
            for body in recentBodies { floor = min(floor, body.sequence) }
        }
        for digest in tree.order { floor = min(floor, tree[digest]?.journalSequence ?? floor) }
        guard floor > prunedBelow else { return }
        prunedBelow = floor
        effects.append(.pruneJournal(through: floor - 1))
    }

    /// The view failed: what its block took from the pool waits again.
    private mutating func nullified(_ view: View) {
        for digest in tree.order {
            guard let executed = tree[digest], executed.header.view == view, executed.isUsing else { continue }
            release(executed)
            tree.setUsing(digest, false)
        }
    }

    mutating func release(_ executed: ExecutedBlock) {
        guard executed.isUsing, !executed.block.transactions.isEmpty else { return }
        for transaction in executed.block.transactions { pool.release(signed: transaction.signedDigest) }
        isPoolStalled = false
    }
}
