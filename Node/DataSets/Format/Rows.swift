package import Encodings
package import Primitives

/// Cuts table bytes into rows: whole lines with their ends. Never traps, whatever the bytes.
package struct RowReader: Sendable {
    package static let rowBytesMax = Manifest.chunkBytesMax
    package static let columnsMax = 1_024

    package struct Row: Sendable {
        /// With the line end.
        package let range: Range<Int>
        package let time: Timestamp
        package let line: UInt64
    }

    private let content: PartContent
    private let columns: Int
    private let bytes: [UInt8]
    private var offset: Int
    private var line: UInt64

    /// Rows of `bytes` from `offset` on; `line` is the number of the first one.
    package init(_ content: PartContent, _ bytes: [UInt8], offset: Int = 0, line: UInt64 = 1) {
        self.content = content
        self.bytes = bytes
        self.offset = offset
        self.line = line
        columns = (try? CSVLine.fields(content.head[...], line: 1).count) ?? 0
    }

    /// The next row; nil at the end.
    package mutating func next() throws(PartProblem) -> Row? {
        guard offset < bytes.count else { return nil }
        let range = try rowRange()
        let row = Row(range: range, time: try time(bytes[range]), line: line)
        for index in range where bytes[index] == 10 { line += 1 }
        offset = range.upperBound
        return row
    }

    /// A line, with the line breaks that a quoted CSV field may have.
    private func rowRange() throws(PartProblem) -> Range<Int> {
        let isCSV = if case .csv = content { true } else { false }
        let limit = min(bytes.count, offset + RowReader.rowBytesMax)
        let end = bytes.withUnsafeBufferPointer { buffer -> Int? in
            var isQuoted = false
            var isFieldStart = true
            var index = offset
            while index < limit {
                let unit = buffer[index]
                if isQuoted {
                    // A doubled quote closes and opens again.
                    if unit == 34 { isQuoted = false }
                    isFieldStart = unit == 34 && index + 1 < limit && buffer[index + 1] == 34
                } else {
                    if unit == 10 { return index + 1 }
                    if unit == 34, isFieldStart, isCSV { isQuoted = true }
                    isFieldStart = unit == 44
                }
                index += 1
            }
            return nil
        }
        if let end { return offset..<end }
        guard limit == bytes.count else {
            throw PartProblem("a row has at most \(RowReader.rowBytesMax) bytes; is a quote left open?", line: line)
        }
        throw PartProblem("the last row does not end with a line break; is the file cut off?", line: line)
    }

    private func time(_ row: ArraySlice<UInt8>) throws(PartProblem) -> Timestamp {
        switch content {
        case .csv(_, let column, let form):
            let field = try CSVLine.field(row, Int(column), of: columns, line: line)
            guard let time = form.time(field) else {
                throw PartProblem(
                    "'\(CSVLine.shown(field))' is no time of the form that was declared (\(form))", line: line)
            }
            return time
        case .jsonLines(let member, let form):
            let json = try JSONLine.object(row, line: line)
            guard let text = JSONLine.text(json[member]) else {
                throw PartProblem("the row has no member '\(member)' with its time", line: line)
            }
            guard let time = form.time(text.utf8) else {
                throw PartProblem("'\(text.prefix(40))' is no time of the form that was declared (\(form))", line: line)
            }
            return time
        case .file: throw PartProblem("a file has no rows")
        }
    }
}

/// A CSV record (RFC 4180): commas, quotes doubled inside quotes, LF or CRLF.
package enum CSVLine {
    /// All fields without their quotes.
    package static func fields(_ row: ArraySlice<UInt8>, line: UInt64) throws(PartProblem) -> [[UInt8]] {
        let row = trimmed(row)
        var fields: [[UInt8]] = []
        var at = row.startIndex
        while true {
            fields.append(try field(row, &at, line: line))
            guard fields.count <= RowReader.columnsMax else {
                throw PartProblem("a row has at most \(RowReader.columnsMax) columns", line: line)
            }
            if at == row.endIndex { return fields }
            at += 1
        }
    }

    /// The field at `at`, which is left at the comma behind it or at the end.
    private static func field(_ row: ArraySlice<UInt8>, _ at: inout Int, line: UInt64) throws(PartProblem) -> [UInt8] {
        guard at < row.endIndex, row[at] == 34 else {
            let end = row[at...].firstIndex(of: 44) ?? row.endIndex
            let field = Array(row[at..<end])
            guard !field.contains(34) else {
                throw PartProblem("a quote stands inside a field without quotes", line: line)
            }
            at = end
            return field
        }
        var field: [UInt8] = []
        at += 1
        while at < row.endIndex {
            if row[at] != 34 {
                field.append(row[at])
                at += 1
                continue
            }
            at += 1
            if at == row.endIndex || row[at] == 44 { return field }
            guard row[at] == 34 else { throw PartProblem("a comma is missing after a quoted field", line: line) }
            field.append(34)
            at += 1
        }
        throw PartProblem("a quoted field does not end", line: line)
    }

    /// One field of a row, which must have `count` fields and be UTF-8 without control characters.
    package static func field(
        _ row: ArraySlice<UInt8>, _ wanted: Int, of count: Int, line: UInt64
    ) throws(PartProblem) -> [UInt8] {
        guard wanted >= 0, wanted < count else {
            throw PartProblem("column \(wanted), counted from 0, is wanted, and the header has \(count)", line: line)
        }
        let isPlain = row.withUnsafeBufferPointer { buffer in
            buffer.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 34 || $0 == 10 || $0 == 13 }
        }
        if !isPlain {
            guard String(validating: row, as: UTF8.self) != nil, !row.contains(0) else {
                throw PartProblem("the row is not UTF-8 text; compressed files are not unpacked here", line: line)
            }
            let fields = try fields(row, line: line)
            guard fields.count == count, fields.indices.contains(wanted) else {
                throw wrongCount(fields.count, count, line)
            }
            return fields[wanted]
        }
        var index = 0
        var found: [UInt8] = []
        var start = row.startIndex
        let end = trimmed(row).endIndex
        for at in row.startIndex...end where at == end || row[at] == 44 {
            if index == wanted { found = Array(row[start..<at]) }
            index += 1
            start = at + 1
        }
        guard index == count else { throw wrongCount(index, count, line) }
        return found
    }

    private static func wrongCount(_ found: Int, _ wanted: Int, _ line: UInt64) -> PartProblem {
        PartProblem("the row has \(found) columns, the header \(wanted)", line: line)
    }

    static func trimmed(_ row: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var row = row
        if row.last == 10 { row = row.dropLast() }
        if row.last == 13 { row = row.dropLast() }
        return row
    }

    static func shown(_ field: some Collection<UInt8>) -> String {
        String(decoding: field.prefix(40), as: UTF8.self)
    }
}

/// A line of JSON lines.
package enum JSONLine {
    package static func object(_ row: ArraySlice<UInt8>, line: UInt64) throws(PartProblem) -> JSON {
        let json: JSON
        do throws(JSONRefusal) {
            json = try JSON(parsing: Array(CSVLine.trimmed(row)))
        } catch {
            throw PartProblem("the row is no JSON object: \(error)", line: line)
        }
        guard json.members != nil else { throw PartProblem("the row is no JSON object", line: line) }
        return json
    }

    /// A member's value as text: the text itself, or the digits of a number.
    package static func text(_ value: JSON?) -> String? {
        switch value {
        case .string(let text)?: text
        case .number(let digits)?: digits
        case .bool(let flag)?: flag ? "true" : "false"
        default: nil
        }
    }
}
