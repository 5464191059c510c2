package import Primitives

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
///
/// One piece of memory for all: a checkpoint has some 100,000 entries, and two arrays for each were a large part of its work.
package struct KeyValueBatch: Sendable {
    package typealias Entry = (key: [UInt8], value: [UInt8]?)

    /// Where an entry stands: its key, behind it the value.
    struct Place: Sendable {
        let start: Int
        let keyCount: Int
        /// Nil removes the key.
        let valueCount: Int?
    }

    var encoder = BCSEncoder(reserving: 0)
    var places: [Place] = []

    package init(_ entries: some Sequence<Entry> = [Entry]()) {
        for (key, value) in entries { if let value { put(key, value) } else { remove(key) } }
    }

    /// An empty batch with room for so many entries with so many bytes of keys and values.
    package init(entries count: Int, bytes: Int) {
        encoder = BCSEncoder(reserving: bytes)
        places.reserveCapacity(count)
    }

    package mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        put {
            $0.fixed(key)
        } value: {
            $0.fixed(value)
        }
    }

    /// Adds an entry whose key and value are written in place. A batch is of no use when this throws.
    package mutating func put<Failure: Error>(
        _ writeKey: (inout BCSEncoder) -> Void, value writeValue: (inout BCSEncoder) throws(Failure) -> Void
    ) throws(Failure) {
        let start = encoder.bytes.count
        writeKey(&encoder)
        let keyCount = encoder.bytes.count - start
        try writeValue(&encoder)
        let valueCount = encoder.bytes.count - start - keyCount
        places.append(Place(start: start, keyCount: keyCount, valueCount: valueCount))
    }

    package mutating func remove(_ key: [UInt8]) {
        places.append(Place(start: encoder.bytes.count, keyCount: key.count, valueCount: nil))
        encoder.fixed(key)
    }

    package mutating func append(_ other: KeyValueBatch) {
        let start = encoder.bytes.count
        encoder.fixed(other.encoder.bytes)
        places += other.places.map {
            Place(start: start + $0.start, keyCount: $0.keyCount, valueCount: $0.valueCount)
        }
    }

    package var count: Int { places.count }
    package var isEmpty: Bool { places.isEmpty }
    /// Bytes of all keys and values.
    package var byteCount: Int { encoder.bytes.count }

    /// In the order of their adding. A copy: for tools and tests.
    package var entries: [Entry] { places.indices.map { entry(at: $0) } }

    func entry(at index: Int) -> Entry {
        withEntry(at: index) { key, value in ([UInt8](key), value.map { [UInt8]($0) }) }
    }

    /// An entry (0 to `count` - 1) where it lies; the value is nil when the key is to be removed.
    package func withEntry<Result>(
        at index: Int, _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        let place = places[index]
        return encoder.bytes.withUnsafeBytes { all in
            let valueStart = place.start + place.keyCount
            return body(
                UnsafeRawBufferPointer(rebasing: all[place.start..<valueStart]),
                place.valueCount.map { UnsafeRawBufferPointer(rebasing: all[valueStart..<valueStart + $0]) })
        }
    }
}
