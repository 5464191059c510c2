package import Foundation
internal import LedgerCrypto
package import Logging
package import Primitives
package import Trading

/// The data lake of one node: reading batches by content address, who they belong to, results, and secrets apart.
///
/// On disk, under its folder: `batches/` (see `BatchFiles`), `catalogue.sqlite`, `results.sqlite`, `secrets.sqlite`, and what `PartStore` has.
/// Invariants: a batch is served only when its bytes have its digest; an erased batch is never stored again. A batch's
/// status and file change under the lock of its folder only.
package struct DataLake: Sendable {
    /// Batches of one meter that overlap one period, whatever their status.
    package static let batchesPerMeterMax = 64

    package let secrets: SecretStore
    package let results: ResultStore
    package let arrivals = ArrivalLog()
    /// Settlements that this node computed itself.
    package let computed = ComputedSettlements()
    /// Data sets beyond readings.
    package let parts: PartStore
    let catalogue: Catalogue
    let index = LakeIndex()
    let files: BatchFiles
    let locks = FolderLocks()
    let cache = ReadingCache()
    let log: Logger

    /// Opens the lake in `folder`, which is made when missing.
    package init(folder: URL, log: Logger = Logger(label: "lake")) throws(LakeError) {
        files = try BatchFiles(root: folder.appending(path: "batches"))
        catalogue = try Catalogue(path: folder.appending(path: "catalogue.sqlite").path)
        results = try ResultStore(path: folder.appending(path: "results.sqlite").path)
        secrets = try SecretStore(path: folder.appending(path: "secrets.sqlite").path)
        parts = try PartStore(folder: folder, log: log)
        self.log = log
        do throws(LakeError) { try finishErasing() } catch {
            log.warning("erased batches could not be removed, and will be tried again: \(error.description)")
        }
    }

    /// Stores the bytes of a batch, durably; its content address. Storing again changes nothing, but heals a damaged file.
    @discardableResult
    package func store(_ bytes: [UInt8]) throws(LakeError) -> BatchEntry { try keep(bytes, of: nil) }

    /// The same for what a provider handed in, which waits for its anchor from `since` on.
    func store(_ bytes: [UInt8], waitingFor provider: String, since: Timestamp) throws(LakeError) -> BatchEntry {
        try keep(bytes, of: (provider: provider, since: since))
    }

    private func keep(
        _ bytes: [UInt8], of waiting: (provider: String, since: Timestamp)?
    ) throws(LakeError) -> BatchEntry {
        guard bytes.count <= ReadingBatch.byteCountMax else { throw .malformed("it is too large") }
        let batch: ReadingBatch
        do { batch = try ReadingBatch(bcs: bytes) } catch { throw .malformed(error.description) }
        let digest = SHA256.hash(bytes)
        guard let span = batch.span else { throw .malformed("it has no readings") }
        let entry = BatchEntry(digest: digest, meter: batch.meter, from: span.from, to: span.to, status: .held)
        try locks.with(digest) { () throws(LakeError) in
            let known = try catalogue.entry(digest)
            if known?.status == .erased { throw .erased(digest) }
            if known?.status != .held || !files.exists(digest) { try files.write(bytes, digest: digest) }
            try catalogue.add(
                entry,
                waiting: waiting.map {
                    WaitingBatch(
                        digest: digest, provider: $0.provider, since: $0.since, byteCount: UInt64(bytes.count))
                })
            if known?.status != .held { arrivals.note(entry) }
            cache.keep(batch, as: digest)
        }
        return entry
    }

    /// As `store` for many batches of a provider at once: one flush of the disk for all of them instead of some for each.
    package func store(all batches: [[UInt8]]) throws(LakeError) {
        try locks.withAll { () throws(LakeError) in try storeAll(batches) }
    }

    private func storeAll(_ batches: [[UInt8]]) throws(LakeError) {
        var entries: [BatchEntry] = []
        for bytes in batches {
            guard bytes.count <= ReadingBatch.byteCountMax else { throw .malformed("it is too large") }
            let batch: ReadingBatch
            do { batch = try ReadingBatch(bcs: bytes) } catch { throw .malformed(error.description) }
            guard let span = batch.span else { throw .malformed("it has no readings") }
            let digest = SHA256.hash(bytes)
            if try catalogue.entry(digest)?.status == .erased { throw .erased(digest) }
            try files.write(bytes, digest: digest, flushes: false)
            entries.append(
                BatchEntry(digest: digest, meter: batch.meter, from: span.from, to: span.to, status: .held))
        }
        files.flushAll()
        try catalogue.add(entries)
    }

    /// The bytes of a batch. A damaged file is reported, marked, and refused from then on.
    package func bytes(_ digest: Digest) throws(LakeError) -> [UInt8] {
        guard let entry = try catalogue.entry(digest) else { throw .notHeld(digest) }
        return try bytes(of: entry)
    }

    private func bytes(of entry: BatchEntry) throws(LakeError) -> [UInt8] {
        let digest = entry.digest
        if entry.status == .erased { throw .erased(digest) }
        do throws(LakeError) {
            guard let bytes = try files.read(digest) else {
                // Erased since the entry was read.
                if try catalogue.entry(digest)?.status == .erased { throw LakeError.erased(digest) }
                throw LakeError.corrupted(digest, path: files.path(digest).path)
            }
            return bytes
        } catch {
            if case .corrupted = error {
                log.error("\(error.description)", metadata: ["batch": "\(digest)", "meter": "\(entry.meter)"])
                try catalogue.markCorrupted(digest)
                cache.remove(digest)
            }
            throw error
        }
    }

    package func batch(_ digest: Digest) throws(LakeError) -> ReadingBatch {
        let bytes = try bytes(digest)
        do { return try ReadingBatch(bcs: bytes) } catch { throw .malformed(error.description) }
    }

    /// The batch of a held entry, from memory when it was stored or read lately.
    package func batch(of entry: BatchEntry) throws(LakeError) -> ReadingBatch {
        if let known = cache[entry.digest] { return known }
        return try locks.with(entry.digest) { () throws(LakeError) in
            let bytes = try bytes(of: entry)
            do {
                let read = try ReadingBatch(bcs: bytes)
                cache.keep(read, as: entry.digest)
                return read
            } catch {
                throw LakeError.malformed("\(error)")
            }
        }
    }

    /// The same of many entries, in their order: what is in memory, and nil for what would have to be read.
    package func batchesInMemory(_ digests: [Digest]) -> [ReadingBatch?] { cache.batches(digests) }

    package func entry(_ digest: Digest) throws(LakeError) -> BatchEntry? { try catalogue.entry(digest) }

    /// Batches of a meter that overlap [from, to), whatever their status, ascending by digest.
    package func entries(
        of meter: MeterNumber, from: Timestamp, to: Timestamp, limit: Int = LakeMessage.listMax
    ) throws(LakeError) -> [BatchEntry] {
        try catalogue.entries(of: meter, from: from, to: to, limit: limit)
    }

    /// The same of all meters, ascending by meter and digest.
    package func entries(from: Timestamp, to: Timestamp) throws(LakeError) -> [BatchEntry] {
        try catalogue.entries(from: from, to: to)
    }

    /// Returns when everything that was to be stored later is durable.
    package func flush() throws(LakeError) {
        try secrets.flush()
        try results.flush()
    }
}
