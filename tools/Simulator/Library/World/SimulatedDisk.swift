package import Chain
package import Replica

/// One node's disk: what the process sees, and what a power loss leaves of it.
///
/// The journal is a file of checksummed records in ascending order: a reader stops at the first record that is missing
/// or torn. The store takes batches in order, each history first and then its index part at once (`StorePart`): of the
/// first batch that is not durable a crash may leave some history from the start. A flush makes durable what was
/// written before it began.
package struct SimulatedDisk: Sendable {
    /// What a crash leaves of the writes that no finished flush covers.
    package enum Survival: Sendable, Hashable {
        case nothing
        /// The process ended but the machine kept its power.
        case everything
        /// The first so many records and batches.
        case prefix(records: Int, batches: Int)
        /// Some later records too, with a hole before them; the last kept one is torn.
        case holes(records: Int, tear: Bool)
    }

    /// Entries of history in the first batch that no finished flush covers, after so many batches that survive.
    package func unsyncedHistoryCount(after batches: Int) -> Int {
        pendingBatches.dropFirst(batches).first.map { $0.batch.history.count } ?? 0
    }

    private struct PendingBatch: Sendable {
        let sequence: UInt64
        let batch: KeyValueBatch
    }

    /// Shared with the replica: what its reads see.
    package let store = SimulatedStore()
    private var durableStore = StoreContents()
    private var pendingBatches: [PendingBatch] = []
    private var durableJournal: [JournalRecord] = []
    private var pendingJournal: [JournalRecord] = []
    /// Records up to here were pruned; a crash may bring back those of the last prune.
    private var pruned: UInt64?
    private var prunedDurably: UInt64?
    /// Whether a store batch can be read before it is durable; both are true of real stores at times.
    package var readsUnsyncedBatches = true

    package init() {}

    package var hasUnsyncedRecords: Bool { !pendingJournal.isEmpty }
    package var unsyncedRecordCount: Int { pendingJournal.count }
    package var unsyncedBatchCount: Int { pendingBatches.count }

    // MARK: Writing

    package mutating func append(_ bytes: [UInt8], sequence: UInt64) {
        pendingJournal.append(JournalRecord(sequence: sequence, bytes: bytes))
    }

    package mutating func prune(through sequence: UInt64) { pruned = max(pruned ?? 0, sequence) }

    package mutating func write(_ batch: KeyValueBatch, sequence: UInt64) {
        pendingBatches.append(PendingBatch(sequence: sequence, batch: batch))
        if readsUnsyncedBatches { store.contents.apply(batch) }
    }

    /// Last sequence number that a flush begun now would make durable; nil when there is nothing to flush.
    package var lastUnsyncedRecord: UInt64? { pendingJournal.last?.sequence }

    /// A journal flush ended.
    package mutating func flushedJournal(through sequence: UInt64) {
        durableJournal.append(contentsOf: pendingJournal.prefix { $0.sequence <= sequence })
        pendingJournal.removeAll { $0.sequence <= sequence }
        prunedDurably = pruned
        if let prunedDurably { durableJournal.removeAll { $0.sequence <= prunedDurably } }
    }

    /// A store batch became durable.
    package mutating func flushedStore(through sequence: UInt64) {
        for pending in pendingBatches where pending.sequence <= sequence {
            durableStore.apply(pending.batch)
            if !readsUnsyncedBatches { store.contents.apply(pending.batch) }
        }
        pendingBatches.removeAll { $0.sequence <= sequence }
    }

    // MARK: Crashing

    /// Power is lost; afterwards the process sees what survived: also the first `historyKept` entries of history of the batch
    /// after those that survive whole.
    package mutating func crash(_ survival: Survival, historyKept: Int = 0) {
        var records = 0
        var batches = 0
        switch survival {
        case .nothing: break
        case .everything:
            records = pendingJournal.count
            batches = pendingBatches.count
        case .prefix(let keptRecords, let keptBatches):
            records = keptRecords
            batches = keptBatches
        case .holes(let keptRecords, _):
            // What lies behind the hole or is torn has a wrong checksum or sequence: the reader stops before it.
            records = keptRecords
        }
        durableJournal.append(contentsOf: pendingJournal.prefix(records))
        pendingJournal = []
        for pending in pendingBatches.prefix(batches) { durableStore.apply(pending.batch) }
        if let torn = pendingBatches.dropFirst(batches).first {
            durableStore.apply(KeyValueBatch(torn.batch.history.entries.prefix(historyKept)))
        }
        pendingBatches = []
        pruned = prunedDurably
        store.contents = durableStore
        store.damaged = []
        store.failsNextRead = false
    }

    /// What a restarting process reads of its journal.
    package var journal: [JournalRecord] { durableJournal }

    /// A disk as the operator of a new node has it.
    package mutating func wipe() { self = SimulatedDisk() }

    package mutating func writeMarker(_ bytes: [UInt8]) {
        durableJournal = [JournalRecord(sequence: 0, bytes: bytes)]
    }

    /// Another value under a key of the state, where the checksums do not tell.
    package mutating func changeState(_ key: [UInt8]) {
        var batch = KeyValueBatch()
        // A leaf's record is the key, after its length, then the value.
        let start = [UInt8(clamping: key.count)] + key
        for (stored, value) in durableStore.values where stored.first == 0x01 && value.starts(with: start) {
            batch.put(stored, value.dropLast() + [(value.last ?? 0) ^ 1])
        }
        durableStore.apply(batch)
        store.contents.apply(batch)
    }

    // MARK: Backups

    package struct Backup: Sendable {
        fileprivate let store: StoreContents
        fileprivate let journal: [JournalRecord]
    }

    package var backup: Backup { Backup(store: durableStore, journal: durableJournal) }

    /// Puts a backup in place. An operator restores the store; the journal with its votes is too old to be used.
    package mutating func restore(_ backup: Backup, withJournal: Bool) {
        let visibility = readsUnsyncedBatches
        self = SimulatedDisk()
        readsUnsyncedBatches = visibility
        durableStore = backup.store
        store.contents = backup.store
        if withJournal { durableJournal = backup.journal }
    }
}
