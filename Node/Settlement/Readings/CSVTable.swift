/// Splits comma-separated bytes into lines and fields without quotes. Never traps, whatever the bytes.
struct CSVTable {
    static let byteCountMax = 256 * 1024 * 1024
    static let lineBytesMax = 4_096

    /// Fields of a line as text, or why it has none.
    enum Line {
        case fields([Substring])
        case bad(String)
    }

    /// The first line, without its end.
    let header: String
    private let bytes: ArraySlice<UInt8>

    /// Takes the first line as the header.
    init(_ bytes: [UInt8]) throws(AdaptorError) {
        guard bytes.count <= CSVTable.byteCountMax else {
            throw AdaptorError("the file is above \(CSVTable.byteCountMax) bytes; split it")
        }
        // A byte order mark is no part of the first name.
        let begin = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let end = bytes[begin...].firstIndex(of: 10) ?? bytes.endIndex
        var first = bytes[begin..<end]
        if first.last == 13 { first = first.dropLast() }
        guard first.count <= CSVTable.lineBytesMax, let header = String(validating: first, as: UTF8.self) else {
            throw AdaptorError("the file's first line is no header of a table")
        }
        self.header = header
        self.bytes = bytes[min(end + 1, bytes.endIndex)...]
    }

    /// Checks the header line, which must be exactly `header`.
    init(_ bytes: [UInt8], header: String) throws(AdaptorError) {
        try self.init(bytes)
        guard self.header == header else {
            throw AdaptorError("the file's first line is not '\(header)'; this adaptor reads that format only")
        }
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
