internal import Primitives

extension Journal {
    /// The genesis ceremony: says that this node has never voted. Refuses a folder that has a journal.
    package static func prepareFresh(_ folder: any JournalFolder, owner: JournalOwner) throws(StorageError) {
        let names = try folder.names()
        guard !names.contains(markerName), !names.contains(where: { $0.hasPrefix("segment-") }) else {
            throw StorageError(
                .other,
                "\(folder.path) already holds a journal. A validator that voted must never start as a fresh one; use an empty folder, or start the node as it is."
            )
        }
        try write(JournalMarker(owner: owner, state: .fresh), to: folder)
    }

    /// For an operator who moved a stopped node to another disk and vouches that the old copy never runs again.
    package static func adoptMoved(_ folder: any JournalFolder, owner: JournalOwner) throws(StorageError) {
        guard let bytes = try folder.contents(markerName), let marker = JournalMarker(bytes), marker.owner == owner
        else { throw StorageError(.corrupt, "\(folder.path) holds no marker of this node; nothing was changed") }
        try write(marker, to: folder)
    }

    /// Opens the journal of `owner`, replays it and starts a new segment. `witness` is a second folder (best on
    /// another disk) that counts starts too, and so betrays a whole disk put back to an earlier day.
    ///
    /// A lost journal gives no records; its old files are set aside as `aside-*`. Throws `corrupt` when a record that
    /// was once durable is damaged.
    package static func open(
        _ folder: any JournalFolder, owner: JournalOwner, options: JournalOptions = JournalOptions(),
        witness: (any JournalFolder)? = nil,
        nonce: @escaping () -> UInt64 = { UInt64.random(in: 1...UInt64.max) }
    ) throws(StorageError) -> (journal: Journal, records: [JournalEntry]) {
        let journal = Journal(
            folder: folder, owner: owner, options: options, witness: witness, standing: .continued, makeNonce: nonce)
        journal.standing = try journal.judgeMarker()
        var records: [JournalEntry] = []
        if !journal.isLost { records = try journal.replay() }
        try journal.judgeRecords(records)
        journal.boots += 1
        if journal.isLost {
            // First of all: with the old marker and a new segment the next start would see a whole, empty journal.
            try journal.writeMarker(.lost)
            records = []
            try journal.setAside()
        }
        try journal.rotate()
        if !journal.isLost { try journal.writeMarker(journal.standing == .fresh ? .fresh : .established) }
        try journal.writeWitness()
        return (journal, records)
    }

    /// For a caller that knows from elsewhere that this node ran before: an empty journal is then a lost one.
    package func countAsLost(_ why: String) throws(StorageError) {
        guard lastSequence == 0 else {
            throw StorageError(.other, "the journal \(folder.path) has records and cannot be counted as lost")
        }
        standing = .lost(why)
        try writeMarker(.lost)
    }

    /// What the records say beyond the marker.
    private func judgeRecords(_ records: [JournalEntry]) throws(StorageError) {
        switch standing {
        case .lost: return
        case .fresh:
            if let segment = segments.first(where: { $0.header.index != 1 }) {
                throw corrupt("it is marked as never used but has \(segment.name)")
            }
            // Only an append that did not return can have left them: nothing that rests on them was sent.
            if !records.isEmpty { standing = .continued }
        case .continued:
            // The first record was durable before the marker said so, and the newest one is never pruned.
            if records.isEmpty { standing = .lost("the journal has no records, although this node wrote some") }
        }
    }

    private func judgeMarker() throws(StorageError) -> JournalStanding {
        guard let bytes = try folder.contents(Journal.markerName) else {
            return .lost("the journal has no marker: the folder is new or was emptied")
        }
        guard let marker = JournalMarker(bytes) else { return .lost("the journal's marker is damaged") }
        guard marker.owner == owner else {
            throw StorageError(
                .other,
                "the journal \(folder.path) belongs to another network or validator (network \(marker.owner.network.short), node \(marker.owner.node.short)). Check the data folder in the configuration."
            )
        }
        boots = marker.boots
        firstCounted = marker.firstSegment
        let witnessed = try witnessBoots()
        if witnessed > boots {
            defer { boots = witnessed }
            return .lost("the journal is older than the witness file (\(boots) starts against \(witnessed))")
        }
        if marker.fileIdentity != (try folder.fileIdentity(Journal.markerName)) {
            return .lost("the journal is a copy: it was restored from a backup or moved to another disk")
        }
        switch marker.state {
        case .fresh: return .fresh
        case .established:
            return try missingSegment(marker).map { .lost("the journal lacks its file \($0)") } ?? .continued
        case .lost: return .lost("the journal was lost at an earlier start, and that is not yet settled")
        }
    }

    /// The first of the segments that the marker counts and that is not here.
    private func missingSegment(_ marker: JournalMarker) throws(StorageError) -> String? {
        let names = Set(try folder.names())
        var index = marker.firstSegment
        while index <= marker.lastSegment {
            let name = Segment.name(index)
            if !names.contains(name) { return name }
            index += 1
        }
        return nil
    }

    /// Reads all segments in order. One without records at the end is forgotten: the next segment takes its number and its
    /// place, in one renaming, so that what the marker counts never lacks.
    private func replay() throws(StorageError) -> [JournalEntry] {
        var names = try folder.names().filter { $0.hasPrefix("segment-") }.sorted()
        // A power failure may bring back some of those that were pruned.
        while let name = names.first, name < Segment.name(firstCounted) { try folder.remove(names.removeFirst()) }
        var records: [JournalEntry] = []
        var files: [(header: SegmentHeader, name: String)] = []
        for name in names { files.append((try readHeader(name), name)) }
        for (position, entry) in files.enumerated() {
            if position > 0 {
                guard entry.header.index == files[position - 1].header.index + 1 else {
                    throw corrupt("a segment before \(entry.name) is missing")
                }
            } else {
                lastSequence = entry.header.previousSequence
            }
            let next = position + 1 < files.count ? files[position + 1].header.previousSequence : nil
            let content = try folder.contents(entry.name) ?? []
            records += try scan(content, entry.header, name: entry.name, upTo: next)
            segments.append(Segment(header: entry.header, lastSequence: lastSequence))
        }
        if let last = segments.last, last.lastSequence == last.header.previousSequence { segments.removeLast() }
        return records
    }

    private func readHeader(_ name: String) throws(StorageError) -> SegmentHeader {
        guard let content = try folder.contents(name), let header = SegmentHeader(content),
            Segment.name(header.index) == name
        else { throw corrupt("the header of \(name) is damaged") }
        guard header.binding == owner.binding else { throw corrupt("\(name) belongs to another node") }
        return header
    }

    /// The records of one segment. `next` is the sequence at which the following segment says that this one ended;
    /// nil for the last one, whose end may be torn.
    private func scan(
        _ content: [UInt8], _ header: SegmentHeader, name: String, upTo next: UInt64?
    ) throws(StorageError) -> [JournalEntry] {
        guard header.previousSequence == lastSequence else {
            throw corrupt("\(name) follows record \(header.previousSequence), but the last one is \(lastSequence)")
        }
        var records: [JournalEntry] = []
        var offset = SegmentHeader.recordsOffset
        var last: RecordHeader?
        nextGroup = max(nextGroup, header.firstGroup)
        while next != lastSequence, let found = RecordHeader.read(content, at: offset, nonce: header.nonce) {
            guard follows(found.header, last, header) else {
                throw corrupt("record \(found.header.sequence) in \(name) is out of order")
            }
            records.append(JournalEntry(sequence: found.header.sequence, payload: found.payload))
            lastSequence = found.header.sequence
            last = found.header
            nextGroup = found.header.group + 1
            offset += RecordHeader.paddedByteCount(found.payload.count)
        }
        if let next {
            guard lastSequence == next else { throw corrupt("record \(lastSequence + 1) in \(name) is damaged") }
            return records
        }
        // What follows is the end, a torn group, or damage. Group g+1 is written only after the sync of g returned, so
        // a whole record of a later group than the broken one proves that the broken one was once durable.
        let broken = last.map { $0.remaining > 0 ? $0.group : $0.group + 1 } ?? header.firstGroup
        let rest = try inspect(content, from: offset, header, broken: broken, name: name)
        if rest || (last?.remaining ?? 0) > 0 { tornAt = "\(name) after record \(lastSequence)" }
        nextGroup = max(nextGroup, broken + 1)
        return records
    }

    private func follows(_ next: RecordHeader, _ last: RecordHeader?, _ segment: SegmentHeader) -> Bool {
        guard let last else {
            return next.group >= segment.firstGroup
                && (segment.previousSequence == 0 || next.sequence == segment.previousSequence + 1)
        }
        guard next.sequence == last.sequence + 1 else { return false }
        return last.remaining > 0
            ? next.group == last.group && next.remaining == last.remaining - 1 : next.group == last.group + 1
    }

    /// Whether whole records of the broken group lie behind the break; throws when one of a later group does.
    private func inspect(
        _ content: [UInt8], from start: Int, _ header: SegmentHeader, broken: UInt64, name: String
    ) throws(StorageError) -> Bool {
        var found = false
        let nonce = header.nonce.littleEndian
        var offset = start
        while offset + RecordHeader.byteCount <= content.count {
            let here = content.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
            if here == nonce, let record = RecordHeader.read(content, at: offset, nonce: header.nonce) {
                if record.header.group > broken {
                    throw corrupt("record \(lastSequence + 1) in \(name) is damaged, later ones are whole")
                }
                found = true
            }
            offset += 8
        }
        return found
    }

    private func setAside() throws(StorageError) {
        for name in try folder.names() where name.hasPrefix("aside-") { try folder.remove(name) }
        for name in try folder.names() where name.hasPrefix("segment-") {
            try folder.rename(name, to: "aside-" + name)
        }
        segments = []
        lastSequence = 0
    }

    private func corrupt(_ what: String) -> StorageError {
        StorageError(
            .corrupt,
            "the journal \(folder.path) is damaged: \(what). Check the disk. To go on, delete the journal folder: the node then asks its peers and abstains until it is safe to vote."
        )
    }
}
