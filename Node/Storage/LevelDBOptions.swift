internal import CLevelDB
internal import Chain

/// What the databases of a store share, freed after them.
final class SharedCache {
    let cache: OpaquePointer?
    let filter: OpaquePointer?

    init(_ settings: KeyValueStoreOptions) {
        cache = leveldb_cache_create_lru(settings.blockCacheBytes)
        filter = leveldb_filterpolicy_create_bloom(Int32(clamping: settings.bloomBitsPerKey))
    }

    deinit {
        leveldb_cache_destroy(cache)
        leveldb_filterpolicy_destroy(filter)
    }
}

/// LevelDB's option objects of one database, freed after it.
final class LevelDBOptions {
    let options = leveldb_options_create()
    let reading = leveldb_readoptions_create()
    let writing = leveldb_writeoptions_create()
    let syncWriting = leveldb_writeoptions_create()
    private let shared: SharedCache

    init(_ settings: KeyValueStoreOptions, _ part: StorePart, isNew: Bool, _ shared: SharedCache) {
        self.shared = shared
        leveldb_options_set_create_if_missing(options, isNew ? 1 : 0)
        leveldb_options_set_paranoid_checks(options, 1)
        leveldb_options_set_cache(options, shared.cache)
        leveldb_options_set_filter_policy(options, shared.filter)
        leveldb_options_set_write_buffer_size(options, settings.writeBufferBytes(part))
        leveldb_options_set_max_file_size(options, settings.tableBytesMax)
        leveldb_options_set_block_size(options, settings.blockBytes)
        leveldb_options_set_max_open_files(options, Int32(clamping: settings.filesOpenMax(part)))
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
    }
}

/// Takes a message that LevelDB allocated, nil when there is none.
func takeLevelDBMessage(_ message: inout UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = message else { return nil }
    defer { leveldb_free(text) }
    message = nil
    return String(cString: text)
}
