internal import Primitives

/// The leaves that a block wrote, by their places: 0, 1, 2 and so on; some may be let go later. One piece of memory.
struct LeafTable: Sendable {
    private struct Entry: Sendable {
        let start: UInt32
        /// At most `StateChange.keyBytesMax`.
        let keyCount: UInt16
        /// At most `StateChange.valueBytesMax`.
        let valueCount: UInt16

        var valueStart: Int { Int(start) + Int(keyCount) }
        var end: Int { valueStart + Int(valueCount) }
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var index = PlaceIndex()

    /// Leaves that are here.
    var count: Int { entries.count }

    mutating func reserveCapacity(leaves: Int, bytes count: Int) {
        entries.reserveCapacity(leaves)
        bytes.reserveCapacity(count)
    }

    /// Nil when nothing is there, or no longer.
    private func entry(_ place: UInt32) -> Entry? {
        guard let position = index.position(place), position < entries.count else { return nil }
        return entries[position]
    }

    subscript(place: UInt32) -> StateLeaf? {
        entry(place).map {
            StateLeaf(key: Array(bytes[Int($0.start)..<$0.valueStart]), value: Array(bytes[$0.valueStart..<$0.end]))
        }
    }

    /// Writes it as it is stored; false when nothing is there, or no longer.
    func encodeRecord(_ place: UInt32, to encoder: inout BCSEncoder) -> Bool {
        guard let entry = entry(place) else { return false }
        StateRecords.encodeLeafRecord(
            key: bytes[Int(entry.start)..<entry.valueStart], value: bytes[entry.valueStart..<entry.end], to: &encoder)
        return true
    }

    func value(_ place: UInt32) -> [UInt8]? { entry(place).map { Array(bytes[$0.valueStart..<$0.end]) } }

    /// Its place. The sizes are within the bounds of `StateChange`.
    mutating func append(key: [UInt8], value: [UInt8]) -> UInt32 {
        entries.append(
            Entry(
                start: UInt32(clamping: bytes.count), keyCount: UInt16(clamping: key.count),
                valueCount: UInt16(clamping: value.count)))
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: value)
        return UInt32(clamping: entries.count - 1)
    }

    /// Without the leaves at the places of `gone`, in any order.
    func without(_ gone: [UInt32]) -> LeafTable {
        if gone.isEmpty { return self }
        let (left, kept) = index.without(gone, count: count)
        var rest = LeafTable()
        rest.index = left
        rest.reserveCapacity(
            leaves: kept.count, bytes: kept.reduce(0) { $0 + entries[$1].end - Int(entries[$1].start) })
        for position in kept {
            let entry = entries[position]
            rest.entries.append(
                Entry(
                    start: UInt32(clamping: rest.bytes.count), keyCount: entry.keyCount, valueCount: entry.valueCount))
            rest.bytes.append(contentsOf: bytes[Int(entry.start)..<entry.end])
        }
        return rest
    }

    /// What it occupies, without spare room.
    var byteCount: Int { bytes.count + entries.count * 8 + index.byteCount }
}
