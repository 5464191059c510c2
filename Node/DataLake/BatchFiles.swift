internal import Foundation
internal import LedgerCrypto
internal import Primitives
internal import Trading

/// Files named by the SHA-256 of their bytes: `<root>/<first two digits>/<64 digits>`.
///
/// A file appears whole or not at all (written aside, flushed, renamed, folder flushed), and every read checks its digest.
struct BatchFiles: Sendable {
    let root: URL

    init(root: URL) throws(LakeError) {
        self.root = root
        try BatchFiles.attempt("create \(root.path)") {
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
            try BatchFiles.makePrivate(folder: root)
        }
    }

    /// Makes a file that only this user may read, or takes that right from others. By its name: closing a database that is
    /// open elsewhere in this process would drop its locks.
    static func makePrivate(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 {
            close(file)
        } else if errno != EEXIST || chmod(path, 0o600) != 0 {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }

    /// Nobody else enters the folder, so the modes of the many files in it do not matter.
    static func makePrivate(folder: URL) throws {
        guard chmod(folder.path, 0o700) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    func path(_ digest: Digest) -> URL {
        let name = digest.description
        return root.appending(path: String(name.prefix(2))).appending(path: name)
    }

    /// Durable when it returns; without `flushes`, once `flushAll` returns.
    func write(_ bytes: [UInt8], digest: Digest, flushes: Bool = true) throws(LakeError) {
        try BatchFiles.write(bytes, to: path(digest), flushes: flushes)
        if flushes { try BatchFiles.attempt("write below \(root.path)") { try BatchFiles.flush(root) } }
    }

    /// Writes a file whole or not at all; durable when it returns, up to its folder.
    static func write(_ bytes: [UInt8], to target: URL, flushes: Bool = true) throws(LakeError) {
        let folder = target.deletingLastPathComponent()
        try attempt("write \(target.path)") {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let aside = folder.appending(
                path: ".\(target.lastPathComponent.prefix(8))-\(UInt64.random(in: 0 ... .max))")
            defer { try? FileManager.default.removeItem(at: aside) }
            try BatchFiles.write(bytes, to: aside.path)
            try move(aside, to: target, flushes: flushes)
        }
    }

    /// Puts a finished file into its place, flushed.
    static func move(_ aside: URL, to target: URL, flushes: Bool = true) throws {
        if flushes { try flush(aside) }
        guard rename(aside.path, target.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        if flushes { try flush(target.deletingLastPathComponent()) }
    }

    /// Writes to the disk what was written without flushing.
    func flushAll() { sync() }

    func exists(_ digest: Digest) -> Bool { FileManager.default.fileExists(atPath: path(digest).path) }

    /// Nil when there is no such file.
    func read(_ digest: Digest) throws(LakeError) -> [UInt8]? {
        let url = path(digest)
        guard let bytes = try BatchFiles.attempt("read \(url.path)", { try BatchFiles.contents(of: url.path) }) else {
            return nil
        }
        guard SHA256.hash(bytes) == digest else { throw .corrupted(digest, path: url.path) }
        return bytes
    }

    /// Durable when it returns. Nothing happens when there is no such file.
    func remove(_ digest: Digest) throws(LakeError) { try BatchFiles.remove([path(digest)]) }

    /// Removes files of one folder, as far as they are there; durable when it returns.
    static func remove(_ urls: [URL]) throws(LakeError) {
        guard let folder = urls.first?.deletingLastPathComponent() else { return }
        try attempt("remove \(urls[0].path)") {
            for url in urls where unlink(url.path) != 0 && errno != ENOENT {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
            if access(folder.path, F_OK) == 0 { try flush(folder) }
        }
    }

    /// Removes the files of a folder that nothing belongs to any more: those of digests that are not in `kept`, and what an
    /// interrupted write left. Only with the folder's lock. Other files are left alone. Gives how many went.
    static func sweep(_ root: URL, folder: UInt8, kept: Set<Digest>, endings: [String]) throws(LakeError) -> Int {
        let path = root.appending(path: Hex.encode([folder]))
        let gone = try attempt("list \(path.path)") { () -> [URL] in
            guard let names = try list(path.path) else { return [] }
            return names.filter { isOrphan($0, kept, endings) }.map { path.appending(path: $0) }
        }
        if !gone.isEmpty { try remove(gone) }
        return gone.count
    }

    private static func isOrphan(_ name: String, _ kept: Set<Digest>, _ endings: [String]) -> Bool {
        // As `write` names what it writes aside.
        if name.hasPrefix("."), name.utf8.count > 10, name.dropFirst(9).first == "-" { return true }
        for ending in endings where name.hasSuffix(ending) {
            let digits = name.dropLast(ending.count)
            guard digits.utf8.count == 64, let digest = Hex.decode(String(digits)).flatMap({ Digest($0) }) else {
                continue
            }
            return !kept.contains(digest)
        }
        return false
    }

    /// Nil when there is no such folder.
    private static func list(_ path: String) throws -> [String]? {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return nil }
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// Nil when there is no such file; every other failure is thrown and says nothing about the file.
    static func contents(of path: String, bytesMax: Int = ReadingBatch.byteCountMax) throws -> [UInt8]? {
        let file = open(path, O_RDONLY)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        var filled = 0
        while true {
            if filled == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
            let count = bytes[filled...].withUnsafeMutableBytes { Foundation.read(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            // What is longer is no batch, and has another digest.
            if count == 0 || filled > bytesMax { break }
            filled += max(0, count)
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    // Foundation's own way of writing flushes every file.
    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            written += max(0, count)
        }
    }

    static func flush(_ url: URL) throws {
        let file = open(url.path, O_RDONLY)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    static func attempt<Value>(_ what: String, _ body: () throws -> Value) throws(LakeError) -> Value {
        do { return try body() } catch let error as LakeError { throw error } catch {
            throw .storage("could not \(what): \(error.localizedDescription)")
        }
    }
}
