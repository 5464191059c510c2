package import DataSets
internal import Foundation
internal import GRDB
internal import Logging
package import Primitives

/// Parts of data sets by content address.
///
/// On disk, under the lake's folder: `parts.sqlite`, `parts/<two digits>/<64 digits>.manifest` and `.content` (the chunks
/// one behind the other), and `parts/arriving/`, which is emptied when the lake is opened. Names come from digests alone:
/// no text from outside is ever part of a path.
///
/// Invariants: a chunk is served only when its bytes have its digest; an erased part is never stored again; a part is
/// listed after its files are whole.
package struct PartStore: Sendable {
    private let root: URL
    let database: DatabaseQueue
    private let log: Logger

    init(folder: URL, log: Logger) throws(LakeError) {
        root = folder.appending(path: "parts")
        self.log = log
        let arriving = root.appending(path: "arriving")
        try BatchFiles.attempt("prepare \(arriving.path)") {
            try? FileManager.default.removeItem(at: arriving)
            try FileManager.default.createDirectory(at: arriving, withIntermediateDirectories: true)
        }
        database = try SQL.open(path: folder.appending(path: "parts.sqlite").path, isSecret: false)
        try SQL.attempt("prepare the list of parts") {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: PartEntry.table + """
                        CREATE TABLE document (digest BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) WITHOUT ROWID;
                        """)
            }
            // Whether the chain was seen to name it: what waits for its anchor is bounded apart.
            migrator.registerMigration("2") { database in
                try database.execute(sql: "ALTER TABLE part ADD COLUMN isAnchored INTEGER NOT NULL DEFAULT 0")
            }
            try migrator.migrate(database)
        }
    }

    private func path(_ digest: Digest, _ ending: String) -> URL {
        let name = digest.description
        return root.appending(path: String(name.prefix(2))).appending(path: "\(name).\(ending)")
    }

    // MARK: storing

    /// Stores a part, durably. `content` is what its chunks hold; both must belong together, which the caller has checked
    /// or this does with `PartBuilder`. Storing again changes nothing, but heals damaged files.
    @discardableResult
    package func store(
        _ manifest: Manifest, content: [UInt8], owner: String, dataSet: String, keepUntil: Timestamp? = nil,
        now: Timestamp
    ) throws(LakeError) -> PartEntry {
        guard content.count == Int(manifest.header.byteCount) else {
            throw .malformed("the content has another length")
        }
        return try store(manifest, owner: owner, dataSet: dataSet, keepUntil: keepUntil, now: now) {
            (target) throws(LakeError) in
            try BatchFiles.write(content, to: target)
        }
    }

    private func store(
        _ manifest: Manifest, owner: String, dataSet: String, keepUntil: Timestamp?, now: Timestamp,
        write: (URL) throws(LakeError) -> Void
    ) throws(LakeError) -> PartEntry {
        let digest = manifest.digest
        let known = try entry(digest)
        if known?.status == .erased { throw .partErased(digest) }
        if let known, known.status == .held, FileManager.default.fileExists(atPath: path(digest, "content").path) {
            return known
        }
        try write(path(digest, "content"))
        try BatchFiles.write(manifest.bcs, to: path(digest, "manifest"))
        try BatchFiles.attempt("write below \(root.path)") { try BatchFiles.flush(root) }
        let header = manifest.header
        let entry = PartEntry(
            digest: digest, owner: owner, dataSet: dataSet, zone: header.zone, mediaType: header.content.mediaType,
            from: header.from, to: header.to, byteCount: header.byteCount, rows: header.rows, status: .held,
            reason: nil, stored: known?.stored ?? now, keepUntil: keepUntil ?? known?.keepUntil, erased: nil)
        try SQL.attempt("list a part") {
            try database.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
                        ON CONFLICT (digest) DO UPDATE SET status = 0 WHERE status = 2
                        """, arguments: entry.arguments)
            }
        }
        return entry
    }

    /// Takes a part chunk by chunk, from a peer; nothing of it stays when `next` throws or a chunk is not the right one.
    /// At the end the manifest is made anew from the content, as if it had been handed in here: rows, cuts, times and
    /// energy are then what it says. Holds the content in memory.
    package func receive(
        _ manifest: Manifest, owner: String, dataSet: String, keepUntil: Timestamp? = nil, now: Timestamp,
        next: (Int) async throws -> [UInt8]
    ) async throws -> PartEntry {
        let aside = root.appending(path: "arriving").appending(
            path: "\(manifest.digest)-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: aside) }
        _ = FileManager.default.createFile(atPath: aside.path, contents: nil)
        let file = try FileHandle(forWritingTo: aside)
        defer { try? file.close() }
        var content = manifest.header.content.head
        content.reserveCapacity(content.count + Int(clamping: manifest.header.byteCount))
        for (index, descriptor) in manifest.chunks.enumerated() {
            let bytes = try await next(index)
            guard bytes.count == Int(descriptor.byteCount),
                ChunkDescriptor.digest(salt: manifest.header.salt, bytes[...]) == descriptor.digest
            else { throw LakeError.malformed("chunk \(index) is not the one of the manifest") }
            try file.write(contentsOf: bytes)
            content += bytes
        }
        do throws(PartProblem) {
            guard try PartBuilder.manifest(of: content, like: manifest.header).digest == manifest.digest else {
                throw PartProblem("the same content gives another manifest")
            }
        } catch {
            throw LakeError.malformed("part \(manifest.digest.short): \(error)")
        }
        return try store(manifest, owner: owner, dataSet: dataSet, keepUntil: keepUntil, now: now) {
            (target) throws(LakeError) in
            try BatchFiles.attempt("write \(target.path)") {
                try FileManager.default.createDirectory(
                    at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
                try BatchFiles.move(aside, to: target)
            }
        }
    }

    // MARK: reading

    /// Throws when the part is not held, erased or damaged.
    package func manifest(_ digest: Digest) throws(LakeError) -> Manifest {
        guard let entry = try entry(digest) else { throw .partNotHeld(digest) }
        switch entry.status {
        case .erased: throw .partErased(digest)
        case .corrupted: throw .partCorrupted(digest)
        case .held: break
        }
        let url = path(digest, "manifest")
        guard let data = FileManager.default.contents(atPath: url.path),
            let manifest = try? Manifest(bcs: [UInt8](data)),
            manifest.digest == digest
        else {
            try damaged(digest)
            throw .partCorrupted(digest)
        }
        return manifest
    }

    /// Reads chunks of a part one after the other.
    package func chunks(of manifest: Manifest) throws(LakeError) -> ChunkFile {
        let url = path(manifest.digest, "content")
        guard let file = FileHandle(forReadingAtPath: url.path) else {
            try damaged(manifest.digest)
            throw .partCorrupted(manifest.digest)
        }
        let digest = manifest.digest
        return ChunkFile(file, manifest) { try? damaged(digest) }
    }

    /// Chunks of one part, each checked as it is read.
    package struct ChunkFile: Sendable {
        private let file: FileHandle
        private let manifest: Manifest
        private let onDamage: @Sendable () -> Void

        init(_ file: FileHandle, _ manifest: Manifest, onDamage: @escaping @Sendable () -> Void) {
            self.file = file
            self.manifest = manifest
            self.onDamage = onDamage
        }

        package func chunk(_ index: Int) throws(LakeError) -> [UInt8] {
            guard manifest.chunks.indices.contains(index) else { throw .malformed("the part has no chunk \(index)") }
            let descriptor = manifest.chunks[index]
            let wanted = Int(descriptor.byteCount)
            let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                count = max(0, pread(file.fileDescriptor, buffer.baseAddress, wanted, off_t(descriptor.offset)))
            }
            guard bytes.count == wanted,
                ChunkDescriptor.digest(salt: manifest.header.salt, bytes[...]) == descriptor.digest
            else {
                onDamage()
                throw .partCorrupted(manifest.digest)
            }
            return bytes
        }
    }

    private func damaged(_ digest: Digest) throws(LakeError) {
        log.error("part \(digest) is damaged on disk", metadata: ["path": "\(path(digest, "content").path)"])
        try SQL.attempt("mark a part") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE part SET status = 2 WHERE digest = ? AND status = 0", arguments: [SQL.blob(digest)])
            }
        }
    }

    package func entry(_ digest: Digest) throws(LakeError) -> PartEntry? {
        try entries("WHERE digest = ?", [SQL.blob(digest)]).first
    }

    /// Parts of a data set that overlap [from, to), whatever their status, by time.
    package func entries(
        of owner: String, _ dataSet: String, from: Timestamp = Timestamp(0), to: Timestamp = Timestamp(.max),
        limit: Int = 4_096
    ) throws(LakeError) -> [PartEntry] {
        try entries(
            "WHERE owner = ? AND dataSet = ? AND first < ? AND last > ? ORDER BY first, digest LIMIT ?",
            [owner, dataSet, SQL.integer(to), SQL.integer(from), limit])
    }

    func entries(_ condition: String, _ arguments: StatementArguments) throws(LakeError) -> [PartEntry] {
        try SQL.attempt("list parts") {
            try database.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM part \(condition)", arguments: arguments)
                    .compactMap { PartEntry(row: $0) }
            }
        }
    }
}

// MARK: deleting

extension PartStore {
    /// Every part whose files are here, by digest.
    package func held() throws(LakeError) -> [PartEntry] { try entries("WHERE status != 1 ORDER BY digest", []) }

    /// Held parts whose retention is over.
    package func expired(_ now: Timestamp) throws(LakeError) -> [PartEntry] {
        try entries(
            "WHERE status = 0 AND keepUntil IS NOT NULL AND keepUntil <= ? ORDER BY keepUntil, digest",
            [SQL.integer(now)])
    }

    /// What was erased in [from, to), oldest first: the report of deletions.
    package func erasures(from: Timestamp, to: Timestamp, limit: Int = 4_096) throws(LakeError) -> [PartEntry] {
        try entries(
            "WHERE status = 1 AND erased >= ? AND erased < ? ORDER BY erased, digest LIMIT ?",
            [SQL.integer(from), SQL.integer(to), limit])
    }

    /// Erases a part for good; the list keeps when and why.
    package func erase(_ digest: Digest, reason: UInt16, now: Timestamp) throws(LakeError) {
        guard let entry = try entry(digest) else { throw .partNotHeld(digest) }
        // The mark first: a crash in between leaves files that are no longer served, and erasing again removes them.
        try SQL.attempt("mark a part") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE part SET status = 1, reason = ?, erased = ? WHERE digest = ? AND status != 1",
                    arguments: [Int64(reason), SQL.integer(now), SQL.blob(digest)])
            }
        }
        try removeFiles(entry.digest)
    }

    /// Forgets a part that was never anchored.
    package func forget(_ digest: Digest) throws(LakeError) {
        try SQL.attempt("forget a part") {
            try database.write { database in
                try database.execute(
                    sql: "DELETE FROM part WHERE digest = ? AND status != 1", arguments: [SQL.blob(digest)])
            }
        }
        try removeFiles(digest)
    }

    private func removeFiles(_ digest: Digest) throws(LakeError) {
        let urls = [path(digest, "content"), path(digest, "manifest")]
        try BatchFiles.attempt("remove part \(digest.short)") {
            for url in urls where FileManager.default.fileExists(atPath: url.path) {
                try FileManager.default.removeItem(at: url)
                try BatchFiles.flush(url.deletingLastPathComponent())
            }
        }
    }
}

// MARK: documents

extension PartStore {
    package static let documentBytesMax = 65_536

    /// Keeps a text (a description, terms) by the digest of its bytes.
    package func keep(document bytes: [UInt8], digest: Digest) throws(LakeError) {
        try SQL.attempt("keep a document") {
            try database.write { database in
                try database.execute(
                    sql: "INSERT OR IGNORE INTO document VALUES (?, ?)", arguments: [SQL.blob(digest), Data(bytes)])
            }
        }
    }

    package func document(_ digest: Digest) throws(LakeError) -> [UInt8]? {
        try SQL.attempt("read a document") {
            try database.read { database in
                try Data.fetchOne(
                    database, sql: "SELECT bytes FROM document WHERE digest = ?", arguments: [SQL.blob(digest)]
                ).map { [UInt8]($0) }
            }
        }
    }
}
