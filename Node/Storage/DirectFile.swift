internal import CLevelDB
internal import Glibc

/// A file written past the page cache (O_DIRECT, O_DSYNC): one system call makes a record durable, without the
/// write-back machinery that adds up to milliseconds to fdatasync. Only whole blocks can be written so; the last,
/// partly filled one is kept here and written again with what follows it. Used by one thread at a time.
final class DirectFile: JournalFile, @unchecked Sendable {
    private static let blockBytes = 4096
    /// A larger buffer than this is not kept between writes.
    private static let keptBytesMax = 4 * 1024 * 1024

    private let path: String
    private var descriptor: Int32
    private var buffer: UnsafeMutableRawPointer?
    private var capacity = 0
    /// The block that was written last and is not full: its offset and the bytes in use, at the start of `tail`.
    private var tailOffset = -1
    private var tail: [UInt8] = []

    /// Nil when the file system does not offer it (memory file systems do not); its errors come with the buffered open.
    init?(_ path: String) {
        self.path = path
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_DSYNC | CW_O_DIRECT, 0o600)
        guard descriptor >= 0 else { return nil }
        // Some file systems take the flag and refuse the write: try with what is there.
        guard reserve(DirectFile.blockBytes), let buffer, pread(descriptor, buffer, DirectFile.blockBytes, 0) >= 0
        else {
            close()
            return nil
        }
    }

    deinit {
        close()
        free(buffer)
    }

    var size: Int {
        get throws(StorageError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw StorageError.system(errno, "reading", path) }
            return Int(status.st_size)
        }
    }

    private func reserve(_ bytes: Int) -> Bool {
        guard bytes > capacity else { return true }
        free(buffer)
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, DirectFile.blockBytes, bytes) == 0 else {
            buffer = nil
            capacity = 0
            return false
        }
        buffer = memory
        capacity = bytes
        return true
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        let block = DirectFile.blockBytes
        let start = offset / block * block
        let end = (offset + bytes.count + block - 1) / block * block
        guard reserve(end - start), let buffer else { throw StorageError.system(ENOMEM, "writing", path) }
        memset(buffer, 0, end - start)
        try fillHead(buffer, start: start, offset: offset)
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { memcpy(buffer + (offset - start), base, source.count) }
        }
        try writeAll(buffer, end - start, at: start)
        tailOffset = (offset + bytes.count) / block * block
        let used = offset + bytes.count - tailOffset
        tail = used == 0 ? [] : [UInt8](UnsafeRawBufferPointer(start: buffer + (tailOffset - start), count: used))
        if capacity > DirectFile.keptBytesMax {
            free(buffer)
            self.buffer = nil
            capacity = 0
        }
    }

    /// What stands in the first block before `offset`: remembered, or read back.
    private func fillHead(_ buffer: UnsafeMutableRawPointer, start: Int, offset: Int) throws(StorageError) {
        let count = offset - start
        guard count > 0 else { return }
        if tailOffset == start, tail.count == count {
            tail.withUnsafeBytes { source in
                if let base = source.baseAddress { memcpy(buffer, base, source.count) }
            }
            return
        }
        guard pread(descriptor, buffer, DirectFile.blockBytes, off_t(start)) >= 0 else {
            throw StorageError.system(errno, "reading", path)
        }
    }

    private func writeAll(_ buffer: UnsafeMutableRawPointer, _ count: Int, at offset: Int) throws(StorageError) {
        var done = 0
        while done < count {
            let written = pwrite(descriptor, buffer + done, count - done, off_t(offset + done))
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw StorageError.system(errno, "writing", path) }
            done += written
        }
    }

    /// Every write was durable when it returned.
    func sync() throws(StorageError) {}

    func identity() throws(StorageError) -> [UInt8] { try DiskFile(path).identity() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}
