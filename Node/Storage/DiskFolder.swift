internal import CLevelDB
internal import Glibc
internal import Primitives

/// A real folder.
package struct DiskFolder: JournalFolder {
    package let path: String

    /// Creates the folder (mode 0700) when it is missing; its parent must exist.
    package init(_ path: String) throws(StorageError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw StorageError.system(errno, "creating", path) }
    }

    private func full(_ name: String) -> String { path + "/" + name }

    package func names() throws(StorageError) -> [String] {
        guard let folder = opendir(path) else { throw StorageError.system(errno, "reading", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    package func contents(_ name: String) throws(StorageError) -> [UInt8]? {
        let descriptor = Glibc.open(full(name), O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw StorageError.system(errno, "opening", full(name))
        }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StorageError.system(errno, "reading", full(name)) }
        var problem: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            while count < buffer.count {
                let got = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(count))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { problem = errno }
                if got <= 0 { break }
                count += got
            }
        }
        if problem != 0 { throw StorageError.system(problem, "reading", full(name)) }
        return bytes
    }

    package func open(_ name: String) throws(StorageError) -> any JournalFile { try DiskFile(full(name)) }

    package func openForRecords(_ name: String) throws(StorageError) -> any JournalFile {
        if let direct = DirectFile(full(name)) { return direct }
        return try DiskFile(full(name))
    }

    package func rename(_ old: String, to new: String) throws(StorageError) {
        guard Glibc.rename(full(old), full(new)) == 0 else { throw StorageError.system(errno, "renaming", full(old)) }
        try syncFolder()
    }

    package func remove(_ name: String) throws(StorageError) {
        if unlink(full(name)) != 0, errno != ENOENT { throw StorageError.system(errno, "removing", full(name)) }
    }

    package func fileIdentity(_ name: String) throws(StorageError) -> [UInt8]? {
        guard access(full(name), F_OK) == 0 else { return nil }
        return try DiskFile(full(name)).identity()
    }

    private func syncFolder() throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.system(errno, "opening", path) }
        defer { _ = Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageError.system(errno, "syncing", path) }
    }
}

/// An open file. Used by one thread at a time.
package final class DiskFile: JournalFile, @unchecked Sendable {
    private let path: String
    private var descriptor: Int32

    init(_ path: String) throws(StorageError) {
        self.path = path
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StorageError.system(errno, "opening", path) }
    }

    deinit { close() }

    package var size: Int {
        get throws(StorageError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw StorageError.system(errno, "reading", path) }
            return Int(status.st_size)
        }
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StorageError.system(errno, "writing", path) }
            done += count
        }
    }

    package func sync() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else { throw StorageError.system(errno, "syncing", path) }
    }

    package func identity() throws(StorageError) -> [UInt8] {
        var inode: UInt64 = 0
        var birth: UInt64 = 0
        guard cw_file_identity(descriptor, &inode, &birth) == 0 else {
            throw StorageError.system(errno, "reading", path)
        }
        var encoder = BCSEncoder()
        encoder.u64(inode)
        encoder.u64(birth)
        return encoder.bytes
    }

    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}
