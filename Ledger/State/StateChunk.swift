package import Chain
internal import LedgerCrypto
package import Primitives

/// A run of a state's leaves in the order of SHA-256(key), as snapshots are sent in, with what shows that the run is
/// the state's own: the siblings of its last leaf. Unverified: see `StateRebuilder.check`.
package struct StateChunk: Hashable, Sendable, BCSCodable {
    package static let leavesMax = 4_096
    /// Leaves are added while their bytes are below this; one is always there.
    package static let leafBytesMax = 512 * 1024
    /// A path in the tree is as long as SHA-256(key) has bits.
    package static let siblingsMax = 256

    package let leaves: [StateLeaf]
    /// From the root down to where the last leaf hangs; 32 zero bytes for an empty one.
    package let siblings: [Digest]

    package init(leaves: [StateLeaf], siblings: [Digest]) {
        self.leaves = leaves
        self.siblings = siblings
    }

    /// Bytes of keys and values.
    package var leafBytes: Int { leaves.reduce(0) { $0 + $1.key.count + $1.value.count } }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(leaves)
        encoder.vector(siblings)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        leaves = try decoder.vector(max: StateChunk.leavesMax)
        siblings = try decoder.vector(max: StateChunk.siblingsMax)
    }
}

extension StateSnapshot {
    /// The leaves above `after` (all when nil), as many as a chunk takes; nil when there is none above it. O(leaves + log n)
    /// gets.
    package func chunk(
        after: Digest?, leavesMax: Int = StateChunk.leavesMax, leafBytesMax: Int = StateChunk.leafBytesMax
    ) throws(StorageFailure) -> StateChunk? {
        // Read in pages, so that few are read in vain where values are large.
        let page = 256
        var found: [StateLeaf] = []
        var bytes = 0
        var cursor = after
        reading: while found.count < leavesMax {
            let wanted = min(page, leavesMax - found.count)
            let leaves = try leaves(after: cursor, limit: wanted)
            for leaf in leaves {
                found.append(leaf)
                bytes += leaf.key.count + leaf.value.count
                if bytes >= leafBytesMax { break reading }
            }
            guard leaves.count == wanted, let last = leaves.last else { break }
            cursor = SHA256.hash(last.key)
        }
        guard let last = found.last else { return nil }
        return StateChunk(leaves: found, siblings: try siblings(of: SHA256.hash(last.key)))
    }

    /// Siblings from the root down to the leaf `keyHash`, which must be there.
    private func siblings(of keyHash: Digest) throws(StorageFailure) -> [Digest] {
        var subtree = tree.root
        var path = NodePath.root
        var found: [Digest] = []
        while case .inner(_, let version, let place) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            let node = try tree.node(at: path, version: version, place: place)
            found += node.siblings(of: slot).map(\.digest)
            subtree = node[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        return found
    }
}

/// What the leaves so far are, beside a certified root.
package enum StateRange: Hashable, Sendable {
    /// Not the state's first leaves.
    case wrong
    /// Exactly the state's leaves up to the last one; more follow.
    case part
    /// All leaves of the state.
    case whole
}

extension StateRebuilder {
    /// Compares all leaves added so far with `root`, by the siblings of the last one. The path is hashed up to the root,
    /// so the siblings are those of the state; those on the left hold exactly the leaves below the last one, so they
    /// must be what was built here; none on the right means that nothing follows. A wrong leaf, one left out and one too
    /// many are found with the chunk that they come in. At most some 256 hashes, and those of one node per depth.
    package func check(_ siblings: [Digest], root: Digest) -> StateRange {
        guard let pending, siblings.count <= StateChunk.siblingsMax else { return .wrong }
        var digest = pending.hash
        for level in siblings.indices.reversed() {
            digest =
                pending.keyHash.bit(level)
                ? SHA256.node(tag: 1, siblings[level], digest) : SHA256.node(tag: 1, digest, siblings[level])
        }
        guard digest == root else { return .wrong }
        let built = leftSiblings(of: pending.keyHash)
        // Where the state has this leaf alone, nothing else may have come.
        guard built.dropFirst(siblings.count).allSatisfy({ $0 == .zero }) else { return .wrong }
        var isWhole = true
        for level in siblings.indices {
            if !pending.keyHash.bit(level) {
                isWhole = isWhole && siblings[level] == .zero
            } else if siblings[level] != (level < built.count ? built[level] : .zero) {
                return .wrong
            }
        }
        return isWhole ? .whole : .part
    }

    /// What hangs on the left of the path to the pending leaf, by level; zero where nothing does or the path goes left.
    private func leftSiblings(of keyHash: Digest) -> [Digest] {
        var found = [Digest](repeating: .zero, count: open.count * 4)
        for (depth, finished) in open.enumerated() {
            let slot = Int(keyHash.nibble(depth))
            var node = finished
            // Something must stand in the slot itself; what it is does not matter for its left side.
            node.append(.inner(hash: .zero, version: 0, place: 0), at: slot)
            for (step, sibling) in node.siblings(of: slot).enumerated() where sibling.isLeft {
                found[depth * 4 + step] = sibling.digest
            }
        }
        return found
    }
}
