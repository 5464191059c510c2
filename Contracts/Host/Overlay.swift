internal import Chain
internal import Primitives

/// The writes of a block above the state it starts from, with cached reads and an undo log.
///
/// Invariant: undoing to a mark restores every value that was current at that mark.
struct Overlay {
    private struct Entry {
        var value: [UInt8]?
        var isWritten: Bool
    }

    private let base: any StateReader
    private var entries: [ByteKey: Entry] = [:]
    private var undoLog: [(key: ByteKey, previous: Entry?)] = []

    init(_ base: any StateReader) { self.base = base }

    /// Makes room for so many keys, which saves hashing them again as the table grows.
    mutating func reserveCapacity(_ keys: Int) { entries.reserveCapacity(keys) }

    /// Position in the undo log.
    var mark: Int { undoLog.count }

    mutating func read(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        let entryKey = ByteKey(key)
        if let entry = entries[entryKey] { return entry.value }
        let value = try base.value(key)
        entries[entryKey] = Entry(value: value, isWritten: false)
        return value
    }

    mutating func write(_ key: [UInt8], _ value: [UInt8]?) {
        let entryKey = ByteKey(key)
        let previous = entries.updateValue(Entry(value: value, isWritten: true), forKey: entryKey)
        undoLog.append((entryKey, previous))
    }

    mutating func undo(to mark: Int) {
        while undoLog.count > mark, let (key, previous) = undoLog.popLast() { entries[key] = previous }
    }

    /// Forgets how to undo what came before: a transaction that succeeded stays.
    mutating func commit() { undoLog.removeAll(keepingCapacity: true) }

    /// All writes, strictly ascending by key. A key that did not exist and does not exist is no change.
    func changes() throws(StorageFailure) -> [StateChange] {
        var changes: [StateChange] = []
        // The order of the dictionary does not matter: the changes are sorted below.
        for (key, entry) in entries where entry.isWritten {
            if entry.value == nil, try base.value(key.bytes) == nil { continue }
            changes.append(StateChange(key: key.bytes, value: entry.value))
        }
        changes.sort { KeyOrder.precedes($0.key, $1.key) }
        return changes
    }
}

/// Order of keys by unsigned bytes, eight at a time: sorting a block's changes is on the hot path.
enum KeyOrder {
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let shared = min(left.count, right.count)
        return left.withUnsafeBytes { leftBytes in
            right.withUnsafeBytes { rightBytes in
                var offset = 0
                while offset + 8 <= shared {
                    let a = leftBytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let b = rightBytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    if a != b { return UInt64(bigEndian: a) < UInt64(bigEndian: b) }
                    offset += 8
                }
                while offset < shared {
                    if leftBytes[offset] != rightBytes[offset] { return leftBytes[offset] < rightBytes[offset] }
                    offset += 1
                }
                return left.count < right.count
            }
        }
    }
}

/// Bytes as a dictionary key. `[UInt8]` itself hashes byte by byte, which took a quarter of the execution time.
struct ByteKey: Hashable {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}
