package import Primitives

/// Binary Merkle tree over a list, shaped and tagged as RFC 6962 section 2.1: leaf `H(00 || data)`, inner
/// `H(01 || left || right)`, the left subtree as large a power of two as fits. The empty list has `H("")`.
package enum MerkleTree {
    package static func leaf(_ data: [UInt8]) -> Digest { leaf(data[...]) }

    package static func leaf(_ data: ArraySlice<UInt8>) -> Digest { SHA256.hash(prefix: leafTag, data) }

    /// The leaf of a digest: `H(00 || digest)`.
    package static func leaf(_ digest: Digest) -> Digest { SHA256.hash(prefix: leafTag, digest, []) }
    private static let leafTag: [UInt8] = [0]

    /// Root over leaf digests (already hashed with `leaf`). O(n) hashes.
    package static func root(_ leaves: [Digest]) -> Digest {
        if leaves.isEmpty { return SHA256.hash([]) }
        var level = leaves
        while level.count > 1 { level = parents(of: level) }
        return level[0]
    }

    /// The level above one of two nodes or more. An odd last node moves up unchanged, which gives the tree of RFC 6962.
    static func parents(of level: [Digest]) -> [Digest] {
        var next: [Digest] = []
        next.reserveCapacity((level.count + 1) / 2)
        for index in stride(from: 0, to: level.count - 1, by: 2) {
            next.append(SHA256.node(tag: 1, level[index], level[index + 1]))
        }
        if level.count % 2 == 1 { next.append(level[level.count - 1]) }
        return next
    }

    /// Siblings from leaf to root; nil when `index` is outside the list. O(n) hashes: whoever gives many paths keeps
    /// `MerkleLevels`.
    package static func path(_ leaves: [Digest], index: Int) -> [Digest]? {
        leaves.indices.contains(index) ? MerkleLevels(leaves).path(index) : nil
    }

    /// Whether `leaf` is entry `index` of the `count` entries under `root`. Never traps; O(log n) hashes.
    package static func verify(leaf: Digest, index: Int, count: Int, path: [Digest], root: Digest) -> Bool {
        guard index >= 0, count > 0, index < count else { return false }
        var digest = leaf
        var position = index
        var width = count
        var siblings = path[...]
        while width > 1 {
            if position ^ 1 < width {
                guard let sibling = siblings.popFirst() else { return false }
                digest =
                    position & 1 == 0
                    ? SHA256.node(tag: 1, digest, sibling) : SHA256.node(tag: 1, sibling, digest)
            }
            position /= 2
            width = width / 2 + width % 2
        }
        return siblings.isEmpty && digest == root
    }
}
