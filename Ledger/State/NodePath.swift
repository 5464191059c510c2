internal import Primitives

/// Where a node stands in the tree: the first `depth` nibbles of the SHA-256 digests of all keys below it.
struct NodePath: Hashable, Sendable {
    /// A node at this depth would have leaves only below; deeper ones cannot exist.
    static let depthMax = 63
    static let root = NodePath(depth: 0, prefix: .zero)

    let depth: Int
    /// Zero beyond `depth` nibbles.
    let prefix: Digest

    private init(depth: Int, prefix: Digest) {
        self.depth = depth
        self.prefix = prefix
    }

    /// The path of `depth` (0 to 63) nibbles towards `keyHash`.
    init(towards keyHash: Digest, depth: Int) {
        self.depth = depth
        prefix = keyHash.keepingNibbles(depth)
    }

    func child(_ nibble: Int) -> NodePath { NodePath(depth: depth + 1, prefix: prefix.setting(nibble, at: depth)) }

    func contains(_ keyHash: Digest) -> Bool { keyHash.keepingNibbles(depth) == prefix }
}

extension Digest {
    /// The first `count` (0 to 64) nibbles, zero beyond them.
    func keepingNibbles(_ count: Int) -> Digest {
        var words = words
        withUnsafeMutableBytes(of: &words) { bytes in
            var index = count / 2
            if count % 2 == 1 {
                bytes[index] &= 0xf0
                index += 1
            }
            while index < Digest.byteCount {
                bytes[index] = 0
                index += 1
            }
        }
        return Digest(words: words)
    }

    /// With nibble `index` (0 to 63), which must be zero, set to `nibble` (0 to 15).
    func setting(_ nibble: Int, at index: Int) -> Digest {
        var words = words
        withUnsafeMutableBytes(of: &words) { bytes in
            bytes[index / 2] |= UInt8(truncatingIfNeeded: index % 2 == 0 ? nibble << 4 : nibble)
        }
        return Digest(words: words)
    }
}
