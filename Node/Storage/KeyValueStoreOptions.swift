internal import Chain

/// Settings of the store. The defaults take at most 128 MB: two write buffers of each part, and the cache.
package struct KeyValueStoreOptions: Sendable {
    package var createIfMissing = true
    /// Uncompressed blocks kept in memory, of all parts together.
    package var blockCacheBytes = 64 * 1024 * 1024
    /// Writes gathered in memory before a table is written; two of them may exist at once. Tables of history overlap with
    /// none before them, whatever their size; those of the index are merged, and less often when they are larger.
    package var stateBufferBytes = 16 * 1024 * 1024
    package var blocksBufferBytes = 8 * 1024 * 1024
    package var indexBufferBytes = 8 * 1024 * 1024
    package var tableBytesMax = 32 * 1024 * 1024
    /// LevelDB writes tables block by block, one system call each: small blocks made compaction a fifth of a loaded node's
    /// time. Larger ones cost a read of an uncached value more.
    package var blockBytes = 16 * 1024
    /// Of all parts together; the state has three quarters of them: 12 GB, whose indices and filters take some 130 MB. A read
    /// of a table that is not open reads those first, which made reads among 10,000,000 keys four times slower.
    package var filesOpenMax = 1_024
    /// 10 bits a key make one of a hundred reads of an absent key touch the disk.
    package var bloomBitsPerKey = 10
    /// Most of what is stored are digests, which do not shrink; compressing took a twentieth of a loaded node's time.
    package var compresses = false

    package init() {}

    func writeBufferBytes(_ part: StorePart) -> Int {
        switch part {
        case .state: stateBufferBytes
        case .blocks: blocksBufferBytes
        case .index: indexBufferBytes
        }
    }

    func filesOpenMax(_ part: StorePart) -> Int { part == .state ? filesOpenMax * 3 / 4 : filesOpenMax / 8 }
}
