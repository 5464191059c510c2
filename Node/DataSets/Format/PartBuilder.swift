internal import LedgerCrypto
package import Primitives

/// Makes the manifest of a part from its bytes; deterministic: the same content and salt give the same manifest on every
/// machine, which is how a node checks what it is handed.
///
/// Rows go into a chunk as long as it stays within `Manifest.chunkBytesMax`; files are cut every `chunkBytesMax` bytes.
package enum PartBuilder {
    /// What whoever uploads says about the bytes.
    package enum Source: Hashable, Sendable {
        /// `time` is the name of the column with the time of a row.
        case csv(time: String, TimeForm)
        case jsonLines(time: String, TimeForm)
        /// [from, to) is what the file is about.
        case file(name: String, mediaType: String, from: Timestamp, to: Timestamp)
    }

    /// The manifest, and how many of the first bytes are the header line of a CSV.
    package static func manifest(
        of bytes: [UInt8], _ source: Source, zone: DataZone, salt: Digest, inputs: [Digest] = [],
        energy: EnergyColumn? = nil
    ) throws(PartProblem) -> Manifest {
        guard bytes.count <= Manifest.byteCountMax else {
            throw PartProblem(
                "a part has at most \(Manifest.byteCountMax) bytes; hand in larger content as several parts")
        }
        guard inputs.count <= PartHeader.inputsMax else {
            throw PartProblem("a part names at most \(PartHeader.inputsMax) inputs")
        }
        switch source {
        case .file(let name, let mediaType, let from, let to):
            if let problem = DataNames.problem(fileName: name) ?? DataNames.problem(mediaType: mediaType) {
                throw PartProblem(problem)
            }
            guard from < to else { throw PartProblem("the file's span of time ends before it begins") }
            return try file(
                bytes, .file(name: name, mediaType: mediaType), from: from, to: to, zone: zone, salt: salt,
                inputs: inputs)
        case .csv(let name, let form):
            let content = try header(bytes, time: name, form)
            return try table(bytes, content, zone: zone, salt: salt, inputs: inputs, energy: energy)
        case .jsonLines(let name, let form):
            guard (1...PartContent.columnBytesMax).contains(name.utf8.count) else {
                throw PartProblem("the time member's name has 1 to \(PartContent.columnBytesMax) bytes")
            }
            let content = PartContent.jsonLines(timeMember: name, time: form)
            return try table(bytes, content, zone: zone, salt: salt, inputs: inputs, energy: energy)
        }
    }

    /// Content from bytes whose manifest is known: used to check that both belong together.
    package static func manifest(of bytes: [UInt8], like header: PartHeader) throws(PartProblem) -> Manifest {
        switch header.content {
        case .file:
            try file(
                bytes, header.content, from: header.from, to: header.to, zone: header.zone, salt: header.salt,
                inputs: header.inputs)
        case .csv, .jsonLines:
            try table(
                bytes, header.content, zone: header.zone, salt: header.salt, inputs: header.inputs,
                energy: header.energy)
        }
    }

    private static func header(_ bytes: [UInt8], time name: String, _ form: TimeForm) throws(PartProblem) -> PartContent
    {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            throw PartProblem("the file begins with a byte order mark; write it without", line: 1)
        }
        guard let end = bytes.prefix(PartContent.headerBytesMax).firstIndex(of: 10) else {
            throw PartProblem(
                "there is no header line of at most \(PartContent.headerBytesMax) bytes; compressed files are not unpacked here",
                line: 1)
        }
        let line = bytes[0...end]
        let names = try PartContent.columns(ofHeader: line)
        guard let column = names.firstIndex(of: Array(name.utf8)) else {
            let known = names.prefix(20).map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
            throw PartProblem("there is no column '\(name.prefix(64))' for the time; there are \(known)", line: 1)
        }
        return .csv(header: Array(line), timeColumn: UInt16(clamping: column), time: form)
    }

    // MARK: cutting

    private static func table(
        _ bytes: [UInt8], _ content: PartContent, zone: DataZone, salt: Digest, inputs: [Digest],
        energy: EnergyColumn?
    ) throws(PartProblem) -> Manifest {
        let start = content.head.count
        let meter = try energy.map { (column) throws(PartProblem) in try EnergyMeter(content, column) }
        guard bytes.starts(with: content.head) else { throw PartProblem("the header line is another one", line: 1) }
        var reader = RowReader(content, bytes, offset: start, line: start > 0 ? 2 : 1)
        var chunks: [ChunkDescriptor] = []
        var open: (start: Int, end: Int, rows: UInt32, first: Timestamp, last: Timestamp)?
        func close() {
            guard let open else { return }
            chunks.append(
                ChunkDescriptor(
                    offset: UInt64(open.start - start), byteCount: UInt32(open.end - open.start), rows: open.rows,
                    first: open.first, last: open.last,
                    digest: ChunkDescriptor.digest(salt: salt, bytes[open.start..<open.end])))
        }
        while let row = try reader.next() {
            _ = try meter?.milliWattHours(of: bytes[row.range], line: row.line)
            if let last = open?.last, row.time < last {
                throw PartProblem("the row is earlier than the one before it; sort the rows by time", line: row.line)
            }
            if let current = open, row.range.upperBound - current.start <= Manifest.chunkBytesMax {
                open = (current.start, row.range.upperBound, current.rows + 1, current.first, row.time)
            } else {
                close()
                open = (row.range.lowerBound, row.range.upperBound, 1, row.time, row.time)
            }
        }
        close()
        guard let first = chunks.first, let last = chunks.last else { throw PartProblem("there are no rows") }
        return Manifest(
            header: PartHeader(
                salt: salt, zone: zone, content: content, from: first.first, to: last.last.adding(milliseconds: 1),
                byteCount: UInt64(bytes.count - start), rows: chunks.reduce(0) { $0 + UInt64($1.rows) },
                chunks: UInt32(chunks.count), inputs: inputs, energy: energy), chunks: chunks)
    }

    private static func file(
        _ bytes: [UInt8], _ content: PartContent, from: Timestamp, to: Timestamp, zone: DataZone, salt: Digest,
        inputs: [Digest]
    ) throws(PartProblem) -> Manifest {
        guard !bytes.isEmpty else { throw PartProblem("the file is empty") }
        let chunks = stride(from: 0, to: bytes.count, by: Manifest.chunkBytesMax).map { start in
            let end = min(bytes.count, start + Manifest.chunkBytesMax)
            return ChunkDescriptor(
                offset: UInt64(start), byteCount: UInt32(end - start), rows: 0, first: Timestamp(0), last: Timestamp(0),
                digest: ChunkDescriptor.digest(salt: salt, bytes[start..<end]))
        }
        return Manifest(
            header: PartHeader(
                salt: salt, zone: zone, content: content, from: from, to: to, byteCount: UInt64(bytes.count), rows: 0,
                chunks: UInt32(chunks.count), inputs: inputs), chunks: chunks)
    }
}

extension PartBuilder {
    /// Why bytes do not hold the rows that their descriptor says; nil when they do. Files have no rows to look at.
    package static func problem(
        ofChunk bytes: [UInt8], _ descriptor: ChunkDescriptor, _ content: PartContent
    ) -> PartProblem? {
        guard content.isTable else { return nil }
        var reader = RowReader(content, bytes)
        var rows: UInt32 = 0
        var first: Timestamp?
        var last = Timestamp(0)
        do throws(PartProblem) {
            while let row = try reader.next() {
                guard row.time >= last else { return PartProblem("the rows are not sorted by time", line: row.line) }
                first = first ?? row.time
                last = row.time
                rows += 1
            }
        } catch { return error }
        guard rows == descriptor.rows, first == descriptor.first, last == descriptor.last else {
            return PartProblem("the rows are not those that the descriptor counts")
        }
        return nil
    }
}

extension PartBuilder.Source: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .csv(let time, let form):
            encoder.uleb(0)
            encoder.string(time)
            encoder.value(form)
        case .jsonLines(let time, let form):
            encoder.uleb(1)
            encoder.string(time)
            encoder.value(form)
        case .file(let name, let mediaType, let from, let to):
            encoder.uleb(2)
            encoder.string(name)
            encoder.string(mediaType)
            encoder.value(from)
            encoder.value(to)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0:
            self = .csv(time: try decoder.string(max: PartContent.columnBytesMax), try TimeForm(from: &decoder))
        case 1:
            self = .jsonLines(time: try decoder.string(max: PartContent.columnBytesMax), try TimeForm(from: &decoder))
        case 2:
            self = .file(
                name: try decoder.string(max: PartContent.fileNameBytesMax),
                mediaType: try decoder.string(max: PartContent.mediaTypeBytesMax), from: try Timestamp(from: &decoder),
                to: try Timestamp(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
