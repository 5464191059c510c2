package import Primitives

/// Why the lake cannot do what was asked, in words for the operator.
package enum LakeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The lake has never seen it.
    case notHeld(Digest)
    /// It was erased; the catalogue keeps the tombstone.
    case erased(Digest)
    /// The file's bytes no longer have the digest that names it.
    case corrupted(Digest, path: String)
    case malformed(String)
    /// A part of a data set, as `notHeld`, `erased` and `corrupted` are for batches.
    case partNotHeld(Digest)
    case partErased(Digest)
    case partCorrupted(Digest)
    /// Disk or database.
    case storage(String)

    package var description: String {
        switch self {
        case .notHeld(let digest): "batch \(digest.short) is not in this lake; fetch it from a partner of its policy"
        case .erased(let digest): "batch \(digest.short) was erased, which closes its periods to correction"
        case .corrupted(let digest, let path):
            "batch \(digest.short) is damaged on disk (\(path)); it is no longer served: fetch it again from a partner"
        case .malformed(let why): "not a valid batch: \(why)"
        case .partNotHeld(let digest):
            "part \(digest.short) is not in this lake; ask the node of its owner or of another partner that may hold it"
        case .partErased(let digest): "part \(digest.short) was erased"
        case .partCorrupted(let digest):
            "part \(digest.short) is damaged on disk; it is no longer served: fetch it again from a partner that holds it"
        case .storage(let why): "the lake's storage failed: \(why)"
        }
    }
}
