internal import Primitives

/// What a slot of a node, or the root, points at. `version` is the block height that wrote it, `place` where the record
/// stands in that block's `StateLayer`, of meaning only while the layer is in memory.
enum Subtree: Sendable {
    case empty
    /// A lone leaf: wherever it hangs, its record is found by (version, keyHash).
    case leaf(hash: Digest, version: UInt64, keyHash: Digest, place: UInt32)
    case inner(hash: Digest, version: UInt64, place: UInt32)

    /// SmtSpec digest of the subtree; 32 zero bytes when it is empty.
    var hash: Digest {
        switch self {
        case .empty: .zero
        case .leaf(let hash, _, _, _), .inner(let hash, _, _): hash
        }
    }

    /// Where a way down to `keyHash` begins or goes on.
    func step(towards keyHash: Digest) -> NodeStep {
        switch self {
        case .inner(_, let version, let place): .inner(version: version, place: place)
        case .leaf(_, let version, let found, let place) where found == keyHash: .leaf(version: version, place: place)
        default: .nothing
        }
    }

    /// The same content, written by the same block.
    func isSame(as other: Subtree) -> Bool {
        switch (self, other) {
        case (.empty, .empty): true
        case (.leaf(let hash, let version, let key, _), .leaf(let otherHash, let otherVersion, let otherKey, _)):
            hash == otherHash && version == otherVersion && key == otherKey
        case (.inner(let hash, let version, _), .inner(let otherHash, let otherVersion, _)):
            hash == otherHash && version == otherVersion
        default: false
        }
    }

    /// What a record of the store says: u64 version, 32-byte hash and, for a leaf, the 32-byte SHA-256 of its key.
    func encodePointer(to encoder: inout BCSEncoder) {
        switch self {
        case .empty: break
        case .leaf(let hash, let version, let keyHash, _):
            encoder.u64(version)
            encoder.fixed(hash)
            encoder.fixed(keyHash)
        case .inner(let hash, let version, _):
            encoder.u64(version)
            encoder.fixed(hash)
        }
    }

    init(pointer decoder: inout BCSDecoder, isLeaf: Bool) throws(BCSError) {
        let version = try decoder.u64()
        let hash = try decoder.digest()
        self =
            isLeaf
            ? .leaf(hash: hash, version: version, keyHash: try decoder.digest(), place: 0)
            : .inner(hash: hash, version: version, place: 0)
    }

    func canHang(in slot: Int, of path: NodePath) -> Bool {
        switch self {
        case .empty: false
        case .leaf(_, _, let keyHash, _): path.contains(keyHash) && Int(keyHash.nibble(path.depth)) == slot
        case .inner: path.depth < NodePath.depthMax
        }
    }
}
