import Storage
import TestSupport

/// A folder in memory that behaves like a disk which loses power: what was not synced survives in parts of 512 bytes,
/// each or not; and that can fail from a chosen write on.
final class FaultyFolder: JournalFolder, @unchecked Sendable {
    final class Content {
        var durable: [UInt8] = []
        var current: [UInt8] = []
        let identity: UInt64
        init(identity: UInt64) { self.identity = identity }
    }

    let path = "memory"
    var files: [String: Content] = [:]
    /// Writes and syncs so far.
    var operations = 0
    /// The operation that fails, and all after it.
    var failAt = Int.max
    /// Bytes written since the last sync of any file, and the most there ever were.
    private(set) var unsynced = 0 { didSet { unsyncedMax = max(unsyncedMax, unsynced) } }
    private(set) var unsyncedMax = 0
    private var nextIdentity: UInt64 = 1
    /// Removed since the last durable renaming: a power loss may bring them back.
    private var removed: [String: Content] = [:]

    init() {}

    func operation() throws(StorageError) {
        operations += 1
        if operations > failAt { throw StorageError(.full, "no space left in memory") }
    }

    func wrote(_ bytes: Int) { unsynced += bytes }
    func synced() { unsynced = 0 }

    func names() throws(StorageError) -> [String] { files.keys.sorted() }
    func contents(_ name: String) throws(StorageError) -> [UInt8]? { files[name]?.current }

    func open(_ name: String) throws(StorageError) -> any JournalFile {
        if let content = files[name] { return FaultyFile(self, content) }
        let content = Content(identity: nextIdentity)
        nextIdentity += 1
        files[name] = content
        removed[name] = nil
        return FaultyFile(self, content)
    }

    func openForRecords(_ name: String) throws(StorageError) -> any JournalFile { try open(name) }

    func rename(_ old: String, to new: String) throws(StorageError) {
        try operation()
        files[new] = files.removeValue(forKey: old)
        removed = [:]
    }

    func remove(_ name: String) throws(StorageError) {
        if let content = files.removeValue(forKey: name) { removed[name] = content }
    }

    func fileIdentity(_ name: String) throws(StorageError) -> [UInt8]? {
        files[name].map { withUnsafeBytes(of: $0.identity) { Array($0) } }
    }

    /// What a power loss now would leave.
    func afterPowerLoss(_ random: inout SeededGenerator) -> FaultyFolder {
        let next = FaultyFolder()
        next.nextIdentity = nextIdentity
        let back = removed.keys.sorted().filter { _ in Bool.random(using: &random) }
        let found = files.merging(back.compactMap { name in removed[name].map { (name, $0) } }) { here, _ in here }
        for name in found.keys.sorted() {
            guard let content = found[name] else { continue }
            let kept = Content(identity: content.identity)
            kept.durable = content.durable
            kept.durable += [UInt8](repeating: 0, count: max(0, content.current.count - content.durable.count))
            for start in stride(from: 0, to: content.current.count, by: 512) where Bool.random(using: &random) {
                let end = min(start + 512, content.current.count)
                kept.durable.replaceSubrange(start..<end, with: content.current[start..<end])
            }
            kept.current = kept.durable
            next.files[name] = kept
        }
        return next
    }

    /// A backup put back: same bytes, other files.
    func copied() -> FaultyFolder {
        let next = FaultyFolder()
        next.nextIdentity = nextIdentity + 1000
        for (name, content) in files {
            let kept = Content(identity: next.nextIdentity)
            next.nextIdentity += 1
            kept.durable = content.current
            kept.current = content.current
            next.files[name] = kept
        }
        return next
    }
}

final class FaultyFile: JournalFile, @unchecked Sendable {
    private let folder: FaultyFolder
    private let content: FaultyFolder.Content

    init(_ folder: FaultyFolder, _ content: FaultyFolder.Content) {
        self.folder = folder
        self.content = content
    }

    var size: Int { get throws(StorageError) { content.current.count } }

    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        try folder.operation()
        let missing = offset + bytes.count - content.current.count
        if missing > 0 { content.current += [UInt8](repeating: 0, count: missing) }
        content.current.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        folder.wrote(bytes.count)
    }

    func sync() throws(StorageError) {
        try folder.operation()
        content.durable = content.current
        folder.synced()
    }

    func identity() throws(StorageError) -> [UInt8] { withUnsafeBytes(of: content.identity) { Array($0) } }
    func close() {}
}
