/// Why a row or a whole file was not taken.
package struct RejectedRow: Hashable, Sendable {
    /// From 1, the header included.
    package let line: Int
    package let reason: String

    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// A file that cannot be read as the format that the adaptor knows.
package struct AdaptorError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Splits comma-separated bytes into lines and fields without quotes. Never traps, whatever the bytes.
struct CSVTable {
    static let byteCountMax = 256 * 1024 * 1024
    static let lineBytesMax = 4_096

    /// Fields of a line as text, or why it has none.
    enum Line {
        case fields([Substring])
        case bad(String)
    }

    private let bytes: ArraySlice<UInt8>

    /// Checks the header line, which must be exactly `header`.
    init(_ bytes: [UInt8], header: String) throws(AdaptorError) {
        guard bytes.count <= CSVTable.byteCountMax else {
            throw AdaptorError("the file is above \(CSVTable.byteCountMax) bytes; split it")
        }
        let end = bytes.firstIndex(of: 10) ?? bytes.endIndex
        var first = bytes[..<end]
        if first.last == 13 { first = first.dropLast() }
        guard first.elementsEqual(header.utf8) else {
            throw AdaptorError("the file's first line is not '\(header)'; this adaptor reads that format only")
        }
        self.bytes = bytes[min(end + 1, bytes.endIndex)...]
    }

    /// Calls `body` for every line after the header, with its number in the file.
    func forEachLine(_ body: (Int, Line) -> Void) {
        var number = 1
        var rest = bytes
        while !rest.isEmpty {
            number += 1
            let end = rest.firstIndex(of: 10) ?? rest.endIndex
            var line = rest[rest.startIndex..<end]
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
            if line.last == 13 { line = line.dropLast() }
            if line.isEmpty { continue }
            guard line.count <= CSVTable.lineBytesMax else {
                body(number, .bad("the line is above \(CSVTable.lineBytesMax) bytes"))
                continue
            }
            guard let text = String(validating: line, as: UTF8.self) else {
                body(number, .bad("the line is not UTF-8 text"))
                continue
            }
            body(number, .fields(text.split(separator: ",", omittingEmptySubsequences: false)))
        }
    }
}

/// Local times as files write them.
enum LocalLabel {
    /// Minutes since 1970-01-01T00:00 of `yyyy-MM-ddTHH:mm`, years 1970 to 2200; nil for anything else.
    static func minutes(_ text: Substring) -> Int64? {
        let units = Array(text.utf8)
        guard units.count == 16, units[4] == 45, units[7] == 45, units[10] == 84, units[13] == 58 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for unit in units[range] {
                guard (48...57).contains(unit) else { return nil }
                value = value * 10 + Int64(unit - 48)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), (1970...2200).contains(year), (1...12).contains(month), hour < 24,
            minute < 60, day >= 1, day <= days(year, month)
        else { return nil }
        var total: Int64 = 0
        for each in 1970..<year { total += isLeap(each) ? 366 : 365 }
        for each in 1..<month { total += days(year, each) }
        return (total + day - 1) * 1_440 + hour * 60 + minute
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
