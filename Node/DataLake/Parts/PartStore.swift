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
/// listed after its files are whole. A part's status and files change under the lock of its folder only.
package struct PartStore: Sendable {
    let root: URL
    let database: DatabaseQueue
    let locks = FolderLocks()
    private let log: Logger

    init(folder: URL, log: Logger) throws(LakeError) {
        let root = folder.appending(path: "parts")
        self.root = root
        self.log = log
        let arriving = root.appending(path: "arriving")
        try BatchFiles.attempt("prepare \(arriving.path)") {
            try? FileManager.default.removeItem(at: arriving)
            try FileManager.default.createDirectory(at: arriving, withIntermediateDirectories: true)
            try BatchFiles.makePrivate(folder: root)
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
            // Retention ends for damaged parts, too.
            migrator.registerMigration("3") { database in
                try database.execute(
                    sql: """
                        DROP INDEX partByRetention;
                        CREATE INDEX partByRetention ON part (keepUntil) WHERE status IN (0, 2) AND keepUntil IS NOT NULL;
                        """)
            }
            migrator.registerMigration("4", migrate: WithdrawnTable.create)
            try migrator.migrate(database)
        }
        do throws(LakeError) { try finishErasing() } catch {
            log.warning("erased parts could not be removed, and will be tried again: \(error.description)")
        }
    }

    func path(_ digest: Digest, _ ending: String) -> URL {
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
        try locks.with(manifest.digest) { () throws(LakeError) in
            try storeAlone(
                manifest, owner: owner, dataSet: dataSet, keepUntil: keepUntil, now: now, write: write)
        }
    }

    /// Only with the folder's lock.
    private func storeAlone(
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
            reason: nil, stored: known?.stored ?? now, keepUntil: keepUntil ?? known?.keepUntil, erased: nil,
            isAnchored: known?.isAnchored ?? false)
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
        _ = FileManager.default.createFile(
            atPath: aside.path, contents: nil, attributes: [.posixPermissions: 0o600])
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
        let bytes = try BatchFiles.attempt("read \(url.path)") {
            try BatchFiles.contents(of: url.path, bytesMax: PartStore.manifestBytesMax)
        }
        guard let bytes, let manifest = try? Manifest(bcs: bytes), manifest.digest == digest else {
            throw try damaged(digest)
        }
        return manifest
    }

    /// A longer file is no manifest.
    private static let manifestBytesMax = 64 * 1_048_576

    /// Reads chunks of a part one after the other.
    package func chunks(of manifest: Manifest) throws(LakeError) -> ChunkFile {
        let digest = manifest.digest
        let url = path(digest, "content")
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // Too many open files or a missing right say nothing about the file.
            guard errno == ENOENT else { throw PartStore.failure(errno, url) }
            throw try damaged(digest)
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return ChunkFile(file, url, manifest) { (try? damaged(digest)) ?? .partCorrupted(digest) }
    }

    private static func failure(_ code: Int32, _ url: URL) -> LakeError {
        .storage("could not read \(url.path): \(String(cString: strerror(code)))")
    }

    /// Chunks of one part, each checked as it is read.
    package struct ChunkFile: Sendable {
        private let file: FileHandle
        private let url: URL
        private let manifest: Manifest
        /// Has the damage marked; what to throw.
        private let onDamage: @Sendable () -> LakeError

        init(
            _ file: FileHandle, _ url: URL, _ manifest: Manifest, onDamage: @escaping @Sendable () -> LakeError
        ) {
            self.file = file
            self.url = url
            self.manifest = manifest
            self.onDamage = onDamage
        }

        package func chunk(_ index: Int) throws(LakeError) -> [UInt8] {
            guard manifest.chunks.indices.contains(index) else { throw .malformed("the part has no chunk \(index)") }
            let descriptor = manifest.chunks[index]
            let wanted = Int(descriptor.byteCount)
            var problem: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                while count < wanted {
                    let place = off_t(descriptor.offset) + off_t(count)
                    let got = pread(file.fileDescriptor, buffer.baseAddress! + count, wanted - count, place)
                    if got < 0, errno == EINTR { continue }
                    if got < 0 { problem = errno }
                    if got <= 0 { break }
                    count += got
                }
            }
            guard problem == 0 else { throw PartStore.failure(problem, url) }
            guard bytes.count == wanted,
                ChunkDescriptor.digest(salt: manifest.header.salt, bytes[...]) == descriptor.digest
            else {
                throw onDamage()
            }
            return bytes
        }
    }

    /// Marks a held part as damaged; what to throw. One that was erased meanwhile stays erased.
    private func damaged(_ digest: Digest) throws(LakeError) -> LakeError {
        if try entry(digest)?.status == .erased { return .partErased(digest) }
        log.error("part \(digest) is damaged on disk", metadata: ["path": "\(path(digest, "content").path)"])
        try SQL.attempt("mark a part") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE part SET status = 2 WHERE digest = ? AND status = 0", arguments: [SQL.blob(digest)])
            }
        }
        return .partCorrupted(digest)
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
