/// Synchronous reads from the node's key-value store, ordered by unsigned bytes. The ledger's formats live above it:
/// the store itself knows bytes only. Each writer owns the keys under its tags (see ARCHITECTURE.md, "On disk").
package protocol KeyValueReader: Sendable {
    func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]?

    /// Up to `limit` pairs with `start <= key < end`, ascending, or descending from the end when `reversed`.
    func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])]
}

/// Writes that become visible and durable in the order of their parts (`StorePart`): history first, then the index, all of
/// it or nothing. Without entries of history that is the whole batch. Later entries win over earlier ones.
package struct KeyValueBatch: Sendable {
    package typealias Entry = (key: [UInt8], value: [UInt8]?)

    package private(set) var entries: [Entry] = []

    package init(_ entries: some Sequence<Entry> = [Entry]()) { self.entries = Array(entries) }

    package mutating func put(_ key: [UInt8], _ value: [UInt8]) { entries.append((key, value)) }
    package mutating func remove(_ key: [UInt8]) { entries.append((key, nil)) }
    package mutating func append(_ other: KeyValueBatch) { entries.append(contentsOf: other.entries) }
    package var isEmpty: Bool { entries.isEmpty }
}
