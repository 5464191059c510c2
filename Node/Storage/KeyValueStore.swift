internal import CLevelDB
package import Chain
internal import Glibc

/// Ordered bytes on disk, one process at a time: three LevelDB databases, `state`, `blocks` and `index`, in one folder, with
/// the keys divided by their first byte (`StorePart`). Callers see one store. Every block has a CRC-32C that each read
/// checks.
///
/// Why three: the keys of history ascend with time, those of the index do not. In one database every table would overlap
/// with all before it, and LevelDB would write them all again, and again one level further down. Tables of history go to
/// their level at once and stay as they are.
///
/// Order: a durable batch is on the disk in the order of its parts, history in writes of a megabyte, the index in one, which
/// makes the batch visible. A batch that is not durable becomes visible in that order, but a loss of power may take back
/// any part of it: it is for tools that begin again.
///
/// Safe to use from several threads: LevelDB synchronises its own calls, the gate only keeps `close` from freeing it
/// under a running one; writes and the taking of snapshots come one after the other. After a failed write every later
/// write is refused (`StorageError.Kind.stopped`).
package final class KeyValueStore: KeyValueReader, @unchecked Sendable {
    package static let scanLimitMax = 100_000

    package let path: String
    /// By `StorePart.rawValue`; empty when closed. Guarded by `gate`.
    private var databases: [StoreDatabase]
    private var failure: StorageError?
    private let gate = Gate()
    /// Held by a whole write, and while a snapshot is taken: it shows each batch whole or not at all.
    private let writing = Gate()

    private init(path: String, databases: [StoreDatabase]) {
        self.path = path
        self.databases = databases
    }

    deinit { close() }

    /// Opens the store in folder `path`, creating it when the options say so.
    package static func open(
        at path: String, options: KeyValueStoreOptions = KeyValueStoreOptions()
    ) throws(StorageError) -> KeyValueStore {
        func exists(_ file: String) -> Bool { access(path + "/" + file, F_OK) == 0 }
        if exists("CURRENT") {
            throw StorageError(
                .other,
                "the store \(path) has the format of an older version, one database instead of three. Move it and the journal away and start again: the node fetches everything from its peers."
            )
        }
        // The index is made last: where it is, a missing part is damage, not a new store.
        let isNew = options.createIfMissing && !exists(KeyValueStore.folder(.index) + "/CURRENT")
        if isNew {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw StorageError.system(errno, "making the store", path)
            }
        }
        for part in StorePart.allCases where !isNew && !exists(KeyValueStore.folder(part) + "/CURRENT") {
            throw exists(KeyValueStore.folder(.index))
                ? StorageError.corrupt("opening the store \(path) failed: \(KeyValueStore.folder(part)) is not there:")
                : StorageError.system(ENOENT, "opening the store", path)
        }
        let shared = SharedCache(options)
        var databases: [StoreDatabase] = []
        for part in StorePart.allCases {
            databases.append(
                try StoreDatabase(
                    path: path + "/" + KeyValueStore.folder(part),
                    options: LevelDBOptions(options, part, isNew: isNew, shared)))
        }
        return KeyValueStore(path: path, databases: databases)
    }

    /// The folder of a part within the store's.
    package static func folder(_ part: StorePart) -> String {
        switch part {
        case .state: "state"
        case .blocks: "blocks"
        case .index: "index"
        }
    }

    /// Waits for running calls, then releases the folder. Calls after it throw.
    package func close() {
        gate.exclusive {
            for database in databases { database.close() }
            databases = []
        }
    }

    // MARK: reading

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try read(key, nil) }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try pairs(from: start, to: end, limit: limit, reversed: reversed, nil)
    }

    fileprivate func read(_ key: [UInt8], _ options: [OpaquePointer?]?) throws(StorageFailure) -> [UInt8]? {
        let part = StorePart(of: key).rawValue
        return try gate.shared { () throws(StorageFailure) in
            guard !databases.isEmpty else { throw StorageFailure(closed.description) }
            return try databases[part].get(key, options?[part] ?? databases[part].reading)
        }
    }

    fileprivate func pairs(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool, _ options: [OpaquePointer?]?
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        let most = min(limit, KeyValueStore.scanLimitMax)
        var found: [(key: [UInt8], value: [UInt8])] = []
        guard most > 0 else { return found }
        let spans = StorePart.spans(from: start, to: end)
        try gate.shared { () throws(StorageFailure) in
            guard !databases.isEmpty else { throw StorageFailure(closed.description) }
            for span in reversed ? spans.reversed() : spans where found.count < most {
                let database = databases[span.part.rawValue]
                try database.scan(
                    from: span.start, to: span.end, limit: most - found.count, reversed: reversed,
                    options?[span.part.rawValue] ?? database.reading, into: &found)
            }
        }
        return found
    }

    /// The store as it is now, between two batches, whatever is written later. Waits for a write that is under way; holds
    /// back compaction while it lives: keep it briefly.
    package func snapshot() throws(StorageFailure) -> KeyValueSnapshot {
        let natives = writing.exclusive { gate.shared { databases.map { $0.createSnapshot() } } }
        guard !natives.isEmpty else { throw StorageFailure(closed.description) }
        return KeyValueSnapshot(store: self, natives: natives)
    }

    fileprivate func release(_ snapshots: [OpaquePointer?]) {
        gate.shared {
            for (database, snapshot) in zip(databases, snapshots) { if let snapshot { database.release(snapshot) } }
        }
    }

    // MARK: writing

    /// Applies the batch part by part, history first. With `durable` each part is on the disk before the next one is
    /// touched, and the whole when this returns.
    package func write(_ batch: KeyValueBatch, durable: Bool) throws(StorageError) {
        if batch.isEmpty && !durable { return }
        let places = batch.placesByPart
        try writing.exclusive { () throws(StorageError) in
            if let failure { throw failure }
            do throws(StorageError) {
                try gate.shared { () throws(StorageError) in
                    guard !databases.isEmpty else { throw closed }
                    for part in StorePart.allCases {
                        let own = places[part.rawValue]
                        guard !own.isEmpty || (batch.isEmpty && part == .index) else { continue }
                        try databases[part.rawValue].write(
                            batch, at: own, inChunks: part != .index, durable: durable)
                    }
                }
            } catch {
                failure = StorageError(.stopped, error.description)
                throw error
            }
        }
    }

    // MARK: upkeep

    /// Merges all tables: slow, for maintenance and tests only.
    package func compact() { gate.shared { for database in databases { database.compact() } } }

    /// A counter or text of LevelDB, e.g. `leveldb.stats`, of each part; nil when it does not know the name.
    package func property(_ name: String) -> String? {
        let texts = gate.shared { databases.map { $0.property(name) } }
        let shown = zip(StorePart.allCases, texts).compactMap { part, text in
            text.map { "\(KeyValueStore.folder(part)): \($0)" }
        }
        return shown.isEmpty ? nil : shown.joined(separator: "\n")
    }

    private var closed: StorageError { StorageError(.stopped, "the store \(path) is closed") }
}

/// A frozen view of a store.
package final class KeyValueSnapshot: KeyValueReader, @unchecked Sendable {
    private let store: KeyValueStore
    private let natives: [OpaquePointer?]
    private let options: [OpaquePointer?]

    fileprivate init(store: KeyValueStore, natives: [OpaquePointer?]) {
        self.store = store
        self.natives = natives
        options = natives.map { native in
            let options = leveldb_readoptions_create()
            leveldb_readoptions_set_verify_checksums(options, 1)
            leveldb_readoptions_set_snapshot(options, native)
            return options
        }
    }

    deinit {
        for options in options { leveldb_readoptions_destroy(options) }
        store.release(natives)
    }

    package func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try store.read(key, options) }

    package func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try store.pairs(from: start, to: end, limit: limit, reversed: reversed, options)
    }
}
