/// Maps the record numbers of one consensus machine, which ascend by one from 1, to sequence numbers of the journal.
struct RecordMap: Sendable {
    /// Journal sequence of machine record `first + index`.
    private var sequences: [UInt64] = []
    private var first: UInt64 = 1
    private var syncedCount = 0

    mutating func append(journal sequence: UInt64) { sequences.append(sequence) }

    /// The newest machine record that is durable once the journal is up to `sequence`; nil when none is news.
    mutating func synced(upTo sequence: UInt64) -> UInt64? {
        let before = syncedCount
        while syncedCount < sequences.count, sequences[syncedCount] <= sequence { syncedCount += 1 }
        return syncedCount > before ? first + UInt64(syncedCount) - 1 : nil
    }

    /// Forgets the records below `record`. Returns the journal sequence below which no record is left, nil when all are gone.
    mutating func forget(below record: UInt64) -> UInt64? {
        let count = min(Int(clamping: record > first ? record - first : 0), sequences.count)
        sequences.removeFirst(count)
        first += UInt64(count)
        syncedCount = max(0, syncedCount - count)
        return sequences.first
    }
}
