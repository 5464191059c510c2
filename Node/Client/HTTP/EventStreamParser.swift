/// Cuts a byte stream into server-sent events (WHATWG HTML section 9.2.6). Holds at most `bytesMax` and what one
/// `append` brings.
struct EventStreamParser {
    static let bytesMax = 4 * 1024 * 1024

    struct Entry: Hashable {
        var kind = "message"
        var id: String?
        var data: [UInt8] = []
    }

    private var pending: [UInt8] = []
    /// Start of what is not parsed yet.
    private var start = 0
    private var entry = Entry()
    private var hasFields = false

    /// An entry or line is longer than the bound: the stream cannot be followed.
    var isOverfull: Bool {
        pending.count - start > EventStreamParser.bytesMax || entry.data.count > EventStreamParser.bytesMax
    }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        pending.removeFirst(start)
        start = 0
        pending.append(contentsOf: bytes)
    }

    /// The next whole entry; nil when more bytes are needed.
    mutating func next() -> Entry? {
        while let end = pending[start...].firstIndex(of: 0x0a) {
            var line = pending[start..<end]
            start = end + 1
            if line.last == 0x0d { line = line.dropLast() }
            if line.isEmpty {
                guard hasFields else { continue }
                defer { (entry, hasFields) = (Entry(), false) }
                return entry
            }
            read(line)
            if isOverfull { return nil }
        }
        return nil
    }

    private mutating func read(_ line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 0x3a, maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: parts[0], as: UTF8.self)
        var value = parts.count > 1 ? parts[1] : []
        if value.first == 0x20 { value = value.dropFirst() }
        switch name {
        case "event": entry.kind = String(decoding: value, as: UTF8.self)
        case "id": entry.id = String(decoding: value, as: UTF8.self)
        case "data":
            if !entry.data.isEmpty { entry.data.append(0x0a) }
            entry.data.append(contentsOf: value)
        // A comment, "retry", or something of a later version.
        default: return
        }
        hasFields = true
    }
}
