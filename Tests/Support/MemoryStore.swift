package import Chain
import Foundation

/// A key-value store in memory, for tests: ordered by unsigned bytes, each batch applied at once.
package final class MemoryStore: KeyValueReader, @unchecked Sendable {
    // Guarded by `lock`, which makes sharing between threads safe.
    private var values: [[UInt8]: [UInt8]] = [:]
    private var ordered: [[UInt8]]? = []
    private var readFailure: String?
    private let lock = NSLock()

    package init() {}

    /// A second store with the same content, e.g. what a node finds after a crash.
    package func copy() -> MemoryStore {
        let other = MemoryStore()
        lock.withLock {
            other.values = values
            other.ordered = nil
        }
        return other
    }

    package var count: Int { lock.withLock { values.count } }

    package func apply(_ batch: KeyValueBatch) {
        lock.withLock {
            for entry in batch.entries {
                if let value = entry.value { values[entry.key] = value } else { values[entry.key] = nil }
            }
            ordered = nil
        }
    }

    /// Puts or removes one entry, e.g. to damage a record.
    package func set(_ key: [UInt8], _ value: [UInt8]?) {
        lock.withLock {
            values[key] = value
            ordered = nil
        }
    }

    /// From now on every read fails with this text; nil ends that.
    package func failReads(_ text: String?) { lock.withLock { readFailure = text } }

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        lock.lock()
        defer { lock.unlock() }
        if let readFailure { throw StorageFailure(readFailure) }
        return values[key]
    }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        lock.lock()
        defer { lock.unlock() }
        if let readFailure { throw StorageFailure(readFailure) }
        let keys = ordered ?? values.keys.sorted { $0.lexicographicallyPrecedes($1) }
        ordered = keys
        let low = MemoryStore.lowerBound(keys, start)
        let high = max(low, MemoryStore.lowerBound(keys, end))
        let wanted = min(max(limit, 0), high - low)
        let range = reversed ? (high - wanted)..<high : low..<(low + wanted)
        let pairs = keys[range].map { (key: $0, value: values[$0] ?? []) }
        return reversed ? pairs.reversed() : pairs
    }

    /// All entries in order, e.g. to compare two stores.
    package func entries() -> [(key: [UInt8], value: [UInt8])] {
        lock.withLock {
            values.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { (key: $0, value: values[$0] ?? []) }
        }
    }

    private static func lowerBound(_ keys: [[UInt8]], _ key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
