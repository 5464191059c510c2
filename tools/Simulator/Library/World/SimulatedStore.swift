package import Chain

/// The key-value store of one node: what a LevelDB opened by it would show. Reads see what was written, durable or
/// not; the disk decides what survives a crash by keeping its own copy (`contents` has value semantics).
///
/// One simulation runs on one thread; the class is shared with the replica that reads through it.
package final class SimulatedStore: KeyValueReader, @unchecked Sendable {
    package var contents = StoreContents()
    /// Keys whose next read fails with a checksum error, as LevelDB reports a damaged block.
    package var damaged: Set<[UInt8]> = []
    /// Makes the next read of any key fail once.
    package var failsNextRead = false
    package private(set) var damagedReads = 0

    package init() {}

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        try check(key)
        return contents.values[key]
    }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try check(start)
        return contents.scan(from: start, to: end, limit: limit, reversed: reversed)
    }

    private func check(_ key: [UInt8]) throws(StorageFailure) {
        guard failsNextRead || (!damaged.isEmpty && damaged.contains(key)) else { return }
        failsNextRead = false
        damagedReads += 1
        throw StorageFailure("simulated disk: the block that holds a key has a wrong checksum")
    }
}

/// An ordered map from bytes to bytes.
package struct StoreContents: Sendable {
    package private(set) var values: [[UInt8]: [UInt8]] = [:]
    /// Ascending.
    private var keys: [[UInt8]] = []

    package var count: Int { keys.count }

    package mutating func apply(_ batch: KeyValueBatch) {
        for (key, value) in batch.entries {
            let position = lowerBound(key)
            let isPresent = position < keys.count && keys[position] == key
            if let value {
                if !isPresent { keys.insert(key, at: position) }
                values[key] = value
            } else if isPresent {
                keys.remove(at: position)
                values[key] = nil
            }
        }
    }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) -> [(key: [UInt8], value: [UInt8])] {
        let first = lowerBound(start)
        let last = max(first, lowerBound(end))
        let count = min(max(0, limit), last - first)
        let chosen = reversed ? Array(keys[(last - count)..<last].reversed()) : Array(keys[first..<(first + count)])
        return chosen.map { ($0, values[$0] ?? []) }
    }

    /// Key number `index` in ascending order, nil outside.
    package func key(at index: Int) -> [UInt8]? { keys.indices.contains(index) ? keys[index] : nil }

    private func lowerBound(_ key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
