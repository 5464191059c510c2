internal import Synchronization

/// The file that becomes the next segment of a journal. Filled with zeros, or a pruned segment used again, so that the
/// sync of a record changes no metadata of the file. Safe to use from several threads.
package final class SpareSegment: Sendable {
    private static let name = "spare"
    private static let unfinished = "spare.new"
    private static let chunkBytes = 1024 * 1024

    private let folder: any JournalFolder
    private let segmentBytes: Int
    private let turn = Mutex(())

    init(folder: any JournalFolder, segmentBytes: Int) {
        self.folder = folder
        self.segmentBytes = segmentBytes
    }

    /// Makes the file unless it is there already; then it is cheap. Best called ahead on a thread that may wait.
    package func prepare() throws(StorageError) {
        let result: Result<Void, StorageError> = turn.withLock { _ in
            do throws(StorageError) { return .success(try make()) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// The file under its new name, with the header durable in it.
    func take(as segment: String, writing header: [UInt8]) throws(StorageError) -> any JournalFile {
        let result: Result<any JournalFile, StorageError> = turn.withLock { _ in
            do throws(StorageError) {
                try make()
                let file = try folder.openForRecords(SpareSegment.name)
                try file.write(header, at: 0)
                try file.sync()
                try folder.rename(SpareSegment.name, to: segment)
                return .success(file)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Keeps a pruned segment as the spare one, or removes it when there is one.
    func recycle(_ segment: String) throws(StorageError) {
        let result: Result<Void, StorageError> = turn.withLock { _ in
            do throws(StorageError) {
                if try folder.names().contains(SpareSegment.name) {
                    try folder.remove(segment)
                } else {
                    try folder.rename(segment, to: SpareSegment.name)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func make() throws(StorageError) {
        if try folder.names().contains(SpareSegment.name) {
            let spare = try folder.open(SpareSegment.name)
            defer { spare.close() }
            if try spare.size == segmentBytes { return }
        }
        try folder.remove(SpareSegment.unfinished)
        let file = try folder.open(SpareSegment.unfinished)
        defer { file.close() }
        let chunk = [UInt8](repeating: 0, count: min(SpareSegment.chunkBytes, segmentBytes))
        var offset = 0
        while offset < segmentBytes {
            let part = min(chunk.count, segmentBytes - offset)
            try file.write(part == chunk.count ? chunk : Array(chunk[..<part]), at: offset)
            // One sync of all of it would keep the votes of that moment waiting for some 80 ms.
            try file.sync()
            offset += part
        }
        try folder.rename(SpareSegment.unfinished, to: SpareSegment.name)
    }
}
