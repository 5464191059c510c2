internal import Glibc

/// What a journal's folder says of itself, for whoever checks before a start.
package enum JournalCondition: Hashable, Sendable {
    /// No folder, or an empty one: a validator that starts with it abstains.
    case missing
    /// The genesis ceremony prepared it, and the node never started.
    case prepared
    /// A node that may vote used it.
    case used
    /// It counts as lost; the text says why. A validator that starts with it abstains.
    case lost(String)
    /// It belongs to other keys or another network; a node refuses to start with it.
    case foreign
}

extension Journal {
    /// Reads the marker of the journal in a folder. Changes nothing and makes no folder, so it may run beside a node.
    package static func inspect(_ path: String, owner: JournalOwner) throws(StorageError) -> JournalCondition {
        guard access(path, F_OK) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .missing }
            throw StorageError.system(errno, "reading", path)
        }
        let folder = try DiskFolder(path)
        guard let bytes = try folder.contents(markerName) else {
            let isUsed = try folder.names().contains { $0.hasPrefix("segment-") }
            return isUsed ? .lost("it has no marker") : .missing
        }
        guard let marker = JournalMarker(bytes) else { return .lost("its marker is damaged") }
        guard marker.owner == owner else { return .foreign }
        guard marker.fileIdentity == (try folder.fileIdentity(markerName)) else {
            return .lost("it is a copy: restored from a backup, or moved to another disk")
        }
        switch marker.state {
        case .fresh: return .prepared
        case .established: return .used
        case .lost: return .lost("it was lost at an earlier start, and that is not yet settled")
        }
    }
}
