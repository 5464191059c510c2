package import Primitives

/// A `MerkleTree` with all its levels, for whoever gives many paths: each costs no hash. At most 2n + log n digests.
package struct MerkleLevels: Hashable, Sendable {
    /// Leaves first, the root alone last. One level without a node is the empty tree.
    private let levels: [[Digest]]
    package let root: Digest

    /// Of leaf digests (already hashed with `MerkleTree.leaf`). O(n) hashes.
    package init(_ leaves: [Digest]) {
        var levels = [leaves]
        var level = leaves
        while level.count > 1 {
            level = MerkleTree.parents(of: level)
            levels.append(level)
        }
        self.levels = levels
        root = level.first ?? SHA256.hash([])
    }

    /// Siblings from leaf to root; nil when `index` is outside the list.
    package func path(_ index: Int) -> [Digest]? {
        guard levels[0].indices.contains(index) else { return nil }
        var position = index
        var siblings: [Digest] = []
        for level in levels.dropLast() {
            let sibling = position ^ 1
            if sibling < level.count { siblings.append(level[sibling]) }
            position /= 2
        }
        return siblings
    }
}
