internal import Glibc

/// Why the node's disk did not do what was asked. Local, never part of consensus: after a failed durable write the
/// node stops, because nobody can say what the disk holds.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// Another process holds the folder.
        case locked
        /// A checksum or a structure does not fit.
        case corrupt
        case readOnly
        case full
        case noPermission
        case missing
        case tooLarge
        /// An earlier write failed, or the store is closed; nothing more is accepted.
        case stopped
        case other
    }

    package let kind: Kind
    /// What happened, where, and what to do.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// An error number of the system, in plain words.
    package static func system(_ number: Int32, _ doing: String, _ path: String) -> StorageError {
        let kind: Kind =
            switch number {
            case ENOSPC, EDQUOT: .full
            case EROFS: .readOnly
            case EACCES, EPERM: .noPermission
            case ENOENT, ENOTDIR: .missing
            case EAGAIN: .locked
            default: .other
            }
        let reason = String(cString: strerror(number))
        return StorageError(kind, "\(doing) \(path) failed: \(advice(kind, else: reason))")
    }

    /// A message of LevelDB, in plain words.
    static func levelDB(_ message: String, _ doing: String, _ path: String) -> StorageError {
        func has(_ text: String) -> Bool { message.lowercased().contains(text) }
        let kind: Kind =
            if has("lock") && (has("temporarily unavailable") || has("already held")) {
                .locked
            } else if has("no space left") || has("quota exceeded") {
                .full
            } else if has("read-only file system") {
                .readOnly
            } else if has("permission denied") {
                .noPermission
            } else if has("corruption") || has("checksum") || has("missing files") || has("bad block") {
                .corrupt
            } else if has("no such file") || has("does not exist") {
                .missing
            } else {
                .other
            }
        return StorageError(kind, "\(doing) the store \(path) failed: \(advice(kind, else: message)) (\(message))")
    }

    /// What is missing or wrong, and what to do about it.
    static func corrupt(_ what: String) -> StorageError {
        StorageError(.corrupt, "\(what) \(advice(.corrupt, else: ""))")
    }

    private static func advice(_ kind: Kind, else reason: String) -> String {
        switch kind {
        case .locked: "another process uses it. Stop the other node first; one folder belongs to one process."
        case .corrupt:
            "its checksums do not fit. Keep a copy for diagnosis, delete the store and the journal, and start again: the node fetches everything from its peers."
        case .readOnly: "the file system is read-only. Check the disk, mount it writable, and start again."
        case .full: "the disk is full. Make room and start the node again; nothing acknowledged is lost."
        case .noPermission: "the process may not write there. Give the folder to the user that runs the node."
        case .missing: "it does not exist. Check the path of the data folder."
        case .tooLarge, .stopped, .other: reason
        }
    }
}
