internal import CLevelDB
package import Chain
internal import Glibc

/// Settings of the store. The defaults suit a validator with a few hundred MB of memory to spare.
package struct KeyValueStoreOptions: Sendable {
    package var createIfMissing = true
    /// Uncompressed blocks kept in memory.
    package var blockCacheBytes = 64 * 1024 * 1024
    /// Writes gathered in memory before a table is written; two of them may exist at once.
    package var writeBufferBytes = 32 * 1024 * 1024
    package var tableBytesMax = 8 * 1024 * 1024
    package var blockBytes = 4 * 1024
    package var filesOpenMax = 512
    /// 10 bits a key make one of a hundred reads of an absent key touch the disk.
    package var bloomBitsPerKey = 10
    /// Most of what is stored are digests, which do not shrink; compressing took a twentieth of a loaded node's time.
    package var compresses = false

    package init() {}
}

/// LevelDB: ordered bytes on disk, one process at a time, every block with a CRC-32C that each read checks.
///
/// Safe to use from several threads: LevelDB synchronises its own calls, the gate only keeps `close` from freeing it
/// under a running one. After a failed write every later write is refused (`StorageError.Kind.stopped`).
package final class KeyValueStore: KeyValueReader, @unchecked Sendable {
    package static let scanLimitMax = 100_000

    package let path: String
    private var database: OpaquePointer?
    private var failure: StorageError?
    private let resources: Resources
    private let gate = Gate()

    private init(path: String, database: OpaquePointer, resources: Resources) {
        self.path = path
        self.database = database
        self.resources = resources
    }

    deinit { close() }

    /// Opens the store in folder `path`, creating it when the options say so.
    package static func open(
        at path: String, options: KeyValueStoreOptions = KeyValueStoreOptions()
    ) throws(StorageError) -> KeyValueStore {
        let resources = Resources(options)
        var message: UnsafeMutablePointer<CChar>?
        let database = leveldb_open(resources.options, path, &message)
        if let text = take(&message) { throw StorageError.levelDB(text, "opening", path) }
        guard let database else { throw StorageError(.other, "opening the store \(path) failed without a reason") }
        return KeyValueStore(path: path, database: database, resources: resources)
    }

    /// Waits for running calls, then releases the folder. Calls after it throw.
    package func close() {
        gate.exclusive {
            if let database { leveldb_close(database) }
            database = nil
        }
    }

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try read(key, options: resources.reading) }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try pairs(from: start, to: end, limit: limit, reversed: reversed, options: resources.reading)
    }

    /// Applies the whole batch or nothing. With `durable` it returns only when the disk has it.
    package func write(_ batch: KeyValueBatch, durable: Bool) throws(StorageError) {
        if batch.isEmpty && !durable { return }
        let native = leveldb_writebatch_create()
        defer { leveldb_writebatch_destroy(native) }
        for entry in batch.entries {
            entry.key.withUnsafeBytes { key in
                if let value = entry.value {
                    value.withUnsafeBytes { bytes in
                        leveldb_writebatch_put(native, key.chars, key.count, bytes.chars, bytes.count)
                    }
                } else {
                    leveldb_writebatch_delete(native, key.chars, key.count)
                }
            }
        }
        let result: Result<Void, StorageError> = gate.shared {
            if let failure { return .failure(failure) }
            guard let database else { return .failure(closed) }
            var message: UnsafeMutablePointer<CChar>?
            leveldb_write(database, durable ? resources.syncWriting : resources.writing, native, &message)
            guard let text = take(&message) else { return .success(()) }
            return .failure(StorageError.levelDB(text, "writing", path))
        }
        if case .failure(let error) = result {
            gate.exclusive { if failure == nil { failure = StorageError(.stopped, error.description) } }
        }
        try result.get()
    }

    /// Merges all tables: slow, for maintenance and tests only.
    package func compact() {
        gate.shared { if let database { leveldb_compact_range(database, nil, 0, nil, 0) } }
    }

    /// A counter or text of LevelDB, e.g. `leveldb.stats`; nil when it does not know the name.
    package func property(_ name: String) -> String? {
        gate.shared {
            guard let database, let text = leveldb_property_value(database, name) else { return nil }
            defer { leveldb_free(text) }
            return String(cString: text)
        }
    }

    private var closed: StorageError { StorageError(.stopped, "the store \(path) is closed") }

    // MARK: reads, also for snapshots

    fileprivate func read(_ key: [UInt8], options: OpaquePointer?) throws(StorageFailure) -> [UInt8]? {
        let result: Result<[UInt8]?, StorageFailure> = gate.shared {
            guard let database else { return .failure(StorageFailure(closed.description)) }
            var message: UnsafeMutablePointer<CChar>?
            var length = 0
            let value = key.withUnsafeBytes { leveldb_get(database, options, $0.chars, $0.count, &length, &message) }
            if let text = take(&message) {
                return .failure(StorageFailure(StorageError.levelDB(text, "reading", path).description))
            }
            guard let value else { return .success(nil) }
            defer { leveldb_free(value) }
            return .success([UInt8](UnsafeRawBufferPointer(start: value, count: length)))
        }
        return try result.get()
    }

    fileprivate func pairs(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool, options: OpaquePointer?
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        let most = min(limit, KeyValueStore.scanLimitMax)
        guard most > 0, start.lexicographicallyPrecedes(end) else { return [] }
        let result: Result<[(key: [UInt8], value: [UInt8])], StorageFailure> = gate.shared {
            guard let database else { return .failure(StorageFailure(closed.description)) }
            guard let iterator = leveldb_create_iterator(database, options) else {
                return .failure(StorageFailure("reading the store \(path) failed: no iterator"))
            }
            defer { leveldb_iter_destroy(iterator) }
            let found = walk(iterator, from: start, to: end, limit: most, reversed: reversed)
            var message: UnsafeMutablePointer<CChar>?
            leveldb_iter_get_error(iterator, &message)
            if let text = take(&message) {
                return .failure(StorageFailure(StorageError.levelDB(text, "reading", path).description))
            }
            return .success(found)
        }
        return try result.get()
    }

    private func walk(
        _ iterator: OpaquePointer, from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        let first = reversed ? end : start
        first.withUnsafeBytes { leveldb_iter_seek(iterator, $0.chars, $0.count) }
        if reversed {
            // Seek stops at the first key >= end, or nowhere; the last one below it is the one before.
            if leveldb_iter_valid(iterator) != 0 {
                leveldb_iter_prev(iterator)
            } else {
                leveldb_iter_seek_to_last(iterator)
            }
        }
        while found.count < limit, leveldb_iter_valid(iterator) != 0 {
            var length = 0
            let keyStart = leveldb_iter_key(iterator, &length)
            let key = [UInt8](UnsafeRawBufferPointer(start: keyStart, count: length))
            let inside = reversed ? !key.lexicographicallyPrecedes(start) : key.lexicographicallyPrecedes(end)
            guard inside else { break }
            let valueStart = leveldb_iter_value(iterator, &length)
            found.append((key, [UInt8](UnsafeRawBufferPointer(start: valueStart, count: length))))
            if reversed { leveldb_iter_prev(iterator) } else { leveldb_iter_next(iterator) }
        }
        return found
    }

    /// The store as it is now, whatever is written later. Holds back compaction while it lives: keep it briefly.
    package func snapshot() throws(StorageFailure) -> KeyValueSnapshot {
        let native: OpaquePointer? = gate.shared { database.flatMap { leveldb_create_snapshot($0) } }
        guard let native else { throw StorageFailure(closed.description) }
        return KeyValueSnapshot(store: self, native: native)
    }

    fileprivate func release(_ snapshot: OpaquePointer) {
        gate.shared { if let database { leveldb_release_snapshot(database, snapshot) } }
    }
}

/// A frozen view of a store.
package final class KeyValueSnapshot: KeyValueReader, @unchecked Sendable {
    private let store: KeyValueStore
    private let native: OpaquePointer
    private let options: OpaquePointer?

    fileprivate init(store: KeyValueStore, native: OpaquePointer) {
        self.store = store
        self.native = native
        options = leveldb_readoptions_create()
        leveldb_readoptions_set_verify_checksums(options, 1)
        leveldb_readoptions_set_snapshot(options, native)
    }

    deinit {
        leveldb_readoptions_destroy(options)
        store.release(native)
    }

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try store.read(key, options: options) }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try store.pairs(from: start, to: end, limit: limit, reversed: reversed, options: options)
    }
}

/// LevelDB's option objects, freed after the database that uses them.
private final class Resources {
    let options = leveldb_options_create()
    let reading = leveldb_readoptions_create()
    let writing = leveldb_writeoptions_create()
    let syncWriting = leveldb_writeoptions_create()
    private let cache: OpaquePointer?
    private let filter: OpaquePointer?

    init(_ settings: KeyValueStoreOptions) {
        cache = leveldb_cache_create_lru(settings.blockCacheBytes)
        filter = leveldb_filterpolicy_create_bloom(Int32(clamping: settings.bloomBitsPerKey))
        leveldb_options_set_create_if_missing(options, settings.createIfMissing ? 1 : 0)
        leveldb_options_set_paranoid_checks(options, 1)
        leveldb_options_set_cache(options, cache)
        leveldb_options_set_filter_policy(options, filter)
        leveldb_options_set_write_buffer_size(options, settings.writeBufferBytes)
        leveldb_options_set_max_file_size(options, settings.tableBytesMax)
        leveldb_options_set_block_size(options, settings.blockBytes)
        leveldb_options_set_max_open_files(options, Int32(clamping: settings.filesOpenMax))
        leveldb_options_set_compression(
            options, Int32(settings.compresses ? leveldb_snappy_compression : leveldb_no_compression))
        leveldb_readoptions_set_verify_checksums(reading, 1)
        leveldb_writeoptions_set_sync(syncWriting, 1)
    }

    deinit {
        leveldb_options_destroy(options)
        leveldb_readoptions_destroy(reading)
        leveldb_writeoptions_destroy(writing)
        leveldb_writeoptions_destroy(syncWriting)
        leveldb_cache_destroy(cache)
        leveldb_filterpolicy_destroy(filter)
    }
}

/// Takes a message that LevelDB allocated, nil when there is none.
private func take(_ message: inout UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = message else { return nil }
    defer { leveldb_free(text) }
    message = nil
    return String(cString: text)
}

/// Many readers or one writer.
private final class Gate: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

    init() { pthread_rwlock_init(lock, nil) }
    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    func shared<Value>(_ body: () -> Value) -> Value {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return body()
    }

    func exclusive(_ body: () -> Void) {
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        body()
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var chars: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}
