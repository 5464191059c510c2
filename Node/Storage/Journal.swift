internal import Primitives

/// Sizes of a journal.
package struct JournalOptions: Sendable {
    /// Bytes of one preallocated file.
    package var segmentBytes = 64 * 1024 * 1024
    package init() {}
}

/// What a node may conclude from its journal when it starts.
package enum JournalStanding: Hashable, Sendable {
    /// The genesis ceremony prepared it and no record was ever durable: nothing was ever voted.
    case fresh
    /// It holds everything that this node ever voted and has not pruned.
    case continued
    /// It must not be relied on; the text says why. The node asks its peers and abstains first (consensus.md).
    case lost(String)
}

/// The log that makes votes durable before they are sent.
///
/// Append-only groups of records in preallocated files; a group is one write and one fdatasync. Invariants: sequences
/// rise by one, group numbers rise, records of segment i end where segment i+1 says; the marker says `established` before
/// the first record counts as durable, and which segments must be here. A damaged record that was once
/// durable is an error; one of a group whose sync never returned is dropped with the rest of that group.
/// Formats: docs/formats/journal.md. Used by one thread; only `spare` may be used by another.
package final class Journal {
    package static let markerName = "marker"

    let folder: any JournalFolder
    let owner: JournalOwner
    let options: JournalOptions
    let witness: (any JournalFolder)?
    let makeNonce: () -> UInt64
    /// Makes the next segment's file ahead of its need; the one part that other threads may use.
    package let spare: SpareSegment

    package internal(set) var standing: JournalStanding
    /// Bytes that a torn last group left, for the log; nil after an orderly end.
    package internal(set) var tornAt: String?
    package internal(set) var lastSequence: UInt64 = 0
    package internal(set) var boots: UInt64 = 0

    var segments: [Segment] = []
    /// State of the marker on the disk.
    var marked = JournalMarker.State.fresh
    /// Of the segments that the marker counts.
    var firstCounted: UInt64 = 1
    var file: (any JournalFile)?
    var writeOffset = 0
    var nextGroup: UInt64 = 1
    private var failure: StorageError?

    /// A file on disk and the last record in it.
    struct Segment {
        let header: SegmentHeader
        var lastSequence: UInt64
        var name: String { Segment.name(header.index) }
        static func name(_ index: UInt64) -> String { "segment-" + Hex.encode(bigEndian(index)) }
        static func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    }

    init(
        folder: any JournalFolder, owner: JournalOwner, options: JournalOptions, witness: (any JournalFolder)?,
        standing: JournalStanding, makeNonce: @escaping () -> UInt64
    ) {
        self.folder = folder
        self.owner = owner
        self.options = options
        self.witness = witness
        self.standing = standing
        self.makeNonce = makeNonce
        spare = SpareSegment(folder: folder, segmentBytes: options.segmentBytes)
    }

    /// Appends `records` and returns when the disk has them. Sequences go on from `lastSequence` by one (an empty
    /// journal takes any first one). After an error nothing more is accepted: the node must stop.
    package func append(_ records: [JournalEntry]) throws(StorageError) {
        if let failure { throw failure }
        if records.isEmpty { return }
        do {
            var index = 0
            while index < records.count { index = try appendGroup(records, from: index) }
        } catch {
            failure = StorageError(.stopped, error.description)
            throw error
        }
    }

    /// Writes and syncs as many records as fit into the current segment, at least one; the index of the next.
    private func appendGroup(_ records: [JournalEntry], from start: Int) throws(StorageError) -> Int {
        let first = RecordHeader.paddedByteCount(records[start].payload.count)
        guard records[start].payload.count <= JournalEntry.payloadBytesMax,
            first <= options.segmentBytes - SegmentHeader.recordsOffset
        else { throw StorageError(.tooLarge, "a journal record of \(first) bytes fits no segment of \(folder.path)") }
        if file == nil || writeOffset + first > options.segmentBytes {
            try rotate()
            if marked == .established { try writeMarker(.established) }
        }
        var end = start
        var size = 0
        while end < records.count {
            let more = RecordHeader.paddedByteCount(records[end].payload.count)
            guard writeOffset + size + more <= options.segmentBytes else { break }
            size += more
            end += 1
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        let nonce = segments[segments.count - 1].header.nonce
        for position in start..<end {
            let record = records[position]
            guard lastSequence == 0 || record.sequence == lastSequence + 1 else {
                throw StorageError(
                    .other, "journal record \(record.sequence) does not follow \(lastSequence) in \(folder.path)")
            }
            let header = RecordHeader(
                nonce: nonce, sequence: record.sequence, length: UInt32(record.payload.count),
                remaining: UInt32(end - position - 1), group: nextGroup)
            RecordHeader.append(header, record.payload, to: &bytes)
            lastSequence = record.sequence
        }
        guard let file else { throw StorageError(.stopped, "the journal \(folder.path) is closed") }
        try file.write(bytes, at: writeOffset)
        try file.sync()
        writeOffset += bytes.count
        nextGroup += 1
        segments[segments.count - 1].lastSequence = lastSequence
        // From here on an empty folder is no fresh one.
        if marked == .fresh { try writeMarker(.established) }
        return end
    }

    /// Starts the next segment file, in the spare one when there is one.
    func rotate() throws(StorageError) {
        file?.close()
        file = nil
        let header = SegmentHeader(
            index: (segments.last?.header.index ?? 0) + 1, nonce: makeNonce(), previousSequence: lastSequence,
            firstGroup: nextGroup, binding: owner.binding)
        let segment = Segment(header: header, lastSequence: lastSequence)
        file = try spare.take(as: segment.name, writing: header.bytes)
        segments.append(segment)
        writeOffset = SegmentHeader.recordsOffset
    }

    /// Gives up segments whose records all have numbers up to `sequence`. The newest record always stays.
    package func prune(upTo sequence: UInt64) throws(StorageError) {
        var names: [String] = []
        while segments.count > 1, segments[0].lastSequence <= sequence, segments[0].lastSequence < lastSequence {
            names.append(segments.removeFirst().name)
        }
        if names.isEmpty { return }
        if marked == .established { try writeMarker(.established) }
        for name in names { try spare.recycle(name) }
    }

    /// Says that the node now knows how far it may have voted and has made that durable: the next start continues. Without
    /// any record nothing can have been made durable, and the journal stays lost.
    package func resolveLoss() throws(StorageError) {
        guard isLost, lastSequence > 0 else { return }
        standing = .continued
        try writeMarker(.established)
    }

    /// First sequence that may still be here (records before it were pruned).
    package var firstKeptSequence: UInt64 { (segments.first?.header.previousSequence ?? 0) + 1 }

    package func close() {
        file?.close()
        file = nil
        failure = failure ?? StorageError(.stopped, "the journal \(folder.path) is closed")
    }

    deinit { file?.close() }
}
