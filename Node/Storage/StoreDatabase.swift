internal import CLevelDB
internal import Chain

/// One part of the store, a LevelDB. Its owner sees to it that no call runs during or after `close`, and that writes come
/// one after the other.
final class StoreDatabase {
    /// What is written at once of history. One object of LevelDB is used again for each: nothing grows, and none of it is
    /// so large that the allocator returns it to the system each time.
    static let chunkBytesMax = 1024 * 1024
    /// A batch object of the index that grew beyond this is not kept.
    private static let keptBytesMax = 8 * 1024 * 1024

    let path: String
    private var native: OpaquePointer?
    private let options: LevelDBOptions
    private var batch = leveldb_writebatch_create()

    init(path: String, options: LevelDBOptions) throws(StorageError) {
        self.path = path
        self.options = options
        var message: UnsafeMutablePointer<CChar>?
        native = leveldb_open(options.options, path, &message)
        if let text = takeLevelDBMessage(&message) { throw StorageError.levelDB(text, "opening", path) }
        guard native != nil else { throw StorageError(.other, "opening the store \(path) failed without a reason") }
    }

    deinit {
        close()
        leveldb_writebatch_destroy(batch)
    }

    func close() {
        if let native { leveldb_close(native) }
        native = nil
    }

    // MARK: writing

    /// Applies the entries at these places, in that order. `inChunks`: in several writes, each durable before the next one
    /// begins, so that a crash leaves some of them from the start. (LevelDB does not sync the log that it leaves when a
    /// buffer is full: a sync of the last write alone would vouch only for its own log.) Else all or nothing.
    func write(
        _ entries: KeyValueBatch, at places: [Int], inChunks: Bool, durable: Bool
    ) throws(StorageError) {
        var bytes = 0
        defer {
            leveldb_writebatch_clear(batch)
            if bytes > StoreDatabase.keptBytesMax {
                leveldb_writebatch_destroy(batch)
                batch = leveldb_writebatch_create()
            }
        }
        for place in places {
            bytes += entries.withEntry(at: place, add)
            if inChunks, bytes >= StoreDatabase.chunkBytesMax {
                try flush(durable)
                bytes = 0
            }
        }
        if bytes > 0 || places.isEmpty { try flush(durable) }
    }

    /// Bytes of the entry.
    private func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Int {
        if let value {
            leveldb_writebatch_put(batch, key.chars, key.count, value.chars, value.count)
            return key.count + value.count
        }
        leveldb_writebatch_delete(batch, key.chars, key.count)
        return key.count
    }

    private func flush(_ durable: Bool) throws(StorageError) {
        var message: UnsafeMutablePointer<CChar>?
        leveldb_write(native, durable ? options.syncWriting : options.writing, batch, &message)
        leveldb_writebatch_clear(batch)
        if let text = takeLevelDBMessage(&message) { throw StorageError.levelDB(text, "writing", path) }
    }

    // MARK: reading

    /// Options of a read that sees the database as it is; a snapshot has its own.
    var reading: OpaquePointer? { options.reading }

    func get(_ key: [UInt8], _ options: OpaquePointer?) throws(StorageFailure) -> [UInt8]? {
        var message: UnsafeMutablePointer<CChar>?
        var length = 0
        let value = key.withUnsafeBytes { leveldb_get(native, options, $0.chars, $0.count, &length, &message) }
        if let text = takeLevelDBMessage(&message) { throw failure(text) }
        guard let value else { return nil }
        defer { leveldb_free(value) }
        return [UInt8](UnsafeRawBufferPointer(start: value, count: length))
    }

    /// Adds up to `limit` pairs of the range to `found`.
    func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool, _ options: OpaquePointer?,
        into found: inout [(key: [UInt8], value: [UInt8])]
    ) throws(StorageFailure) {
        guard let iterator = leveldb_create_iterator(native, options) else {
            throw StorageFailure("reading the store \(path) failed: no iterator")
        }
        defer { leveldb_iter_destroy(iterator) }
        walk(iterator, from: start, to: end, limit: limit, reversed: reversed, into: &found)
        var message: UnsafeMutablePointer<CChar>?
        leveldb_iter_get_error(iterator, &message)
        if let text = takeLevelDBMessage(&message) { throw failure(text) }
    }

    private func failure(_ text: String) -> StorageFailure {
        StorageFailure(StorageError.levelDB(text, "reading", path).description)
    }

    private func walk(
        _ iterator: OpaquePointer, from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool,
        into found: inout [(key: [UInt8], value: [UInt8])]
    ) {
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
        var left = limit
        while left > 0, leveldb_iter_valid(iterator) != 0 {
            var length = 0
            let keyStart = leveldb_iter_key(iterator, &length)
            let key = [UInt8](UnsafeRawBufferPointer(start: keyStart, count: length))
            let inside = reversed ? !key.lexicographicallyPrecedes(start) : key.lexicographicallyPrecedes(end)
            guard inside else { break }
            let valueStart = leveldb_iter_value(iterator, &length)
            found.append((key, [UInt8](UnsafeRawBufferPointer(start: valueStart, count: length))))
            left -= 1
            if reversed { leveldb_iter_prev(iterator) } else { leveldb_iter_next(iterator) }
        }
    }

    // MARK: snapshots and upkeep

    func createSnapshot() -> OpaquePointer? { leveldb_create_snapshot(native) }

    func release(_ snapshot: OpaquePointer) { if let native { leveldb_release_snapshot(native, snapshot) } }

    func compact() { leveldb_compact_range(native, nil, 0, nil, 0) }

    func property(_ name: String) -> String? {
        guard let text = leveldb_property_value(native, name) else { return nil }
        defer { leveldb_free(text) }
        return String(cString: text)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var chars: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}
