package import Chain
internal import LedgerCrypto
package import Primitives

/// Why leaves from a peer are not the state that was asked for.
package enum StateRebuildError: Error, Hashable, Sendable {
    /// An empty or too long key or value.
    case malformedLeaf
    /// Not above the leaf before it in the order of SHA-256(key).
    case notAscending
    /// All leaves together give another root than the certified one.
    case otherRoot(found: Digest)
}

/// Builds the stored form of a state from its leaves in the order of SHA-256(key), e.g. those of a peer's snapshot.
/// Memory is bounded by the depth of the tree. The store must hold no state before, or only older versions, and nothing
/// of it may be served until `finish` has accepted the root.
package struct StateRebuilder: Sendable {
    private let version: UInt64
    /// The leaf that was added last: its place is known only when the next one is.
    private(set) var pending: (keyHash: Digest, hash: Digest)?
    /// Nibbles that the pending leaf shares with the one before it.
    private var sharedBefore = 0
    /// Unfinished nodes on the way to the pending leaf: index d stands at depth d.
    private(set) var open: [RadixNode] = [RadixNode()]

    package init(version: Height) { self.version = version.value }

    /// SHA-256 of the last key added: what to ask for next.
    package var last: Digest? { pending?.keyHash }

    /// The writes for the next leaves. Throws when they are malformed or not in ascending order of SHA-256(key).
    package mutating func add(_ leaves: [StateLeaf]) throws(StateRebuildError) -> KeyValueBatch {
        var batch = KeyValueBatch()
        for leaf in leaves {
            guard (1...StateChange.keyBytesMax).contains(leaf.key.count),
                (1...StateChange.valueBytesMax).contains(leaf.value.count)
            else { throw .malformedLeaf }
            let keyHash = SHA256.hash(leaf.key)
            if let pending {
                guard pending.keyHash < keyHash else { throw .notAscending }
                let shared = StateRebuilder.sharedNibbles(pending.keyHash, keyHash)
                place(pending, sharedAfter: shared, into: &batch)
                sharedBefore = shared
            }
            pending = (keyHash, SHA256.node(tag: 0, keyHash, SHA256.hash(leaf.value)))
            batch.put {
                StateRecords.encodeLeafKey(keyHash, version, to: &$0)
            } value: {
                StateRecords.encodeLeafRecord(key: leaf.key, value: leaf.value, to: &$0)
            }
        }
        return batch
    }

    /// The last writes, which make the version the store's newest. Throws when the root is another one: then the
    /// store's part must be emptied with `StateMaintenance.erase` or, beside an older version, `eraseVersion`.
    package consuming func finish(root expected: Digest) throws(StateRebuildError) -> KeyValueBatch {
        var batch = KeyValueBatch()
        var root = Subtree.empty
        if let pending {
            if open.count == 1, open[0].count == 0 {
                root = .leaf(hash: pending.hash, version: version, keyHash: pending.keyHash, place: 0)
            } else {
                place(pending, sharedAfter: 0, into: &batch)
                root = .inner(hash: open[0].hash, version: version, place: 0)
                StateRebuilder.put(open[0], at: .root, version, into: &batch)
            }
        }
        guard root.hash == expected else { throw .otherRoot(found: root.hash) }
        batch.put(StateRecords.version(version), StateRecords.root(root))
        batch.put(StateRecords.newest, StateRecords.newest(version: version, root: root))
        return batch
    }

    /// Hangs the pending leaf where it is alone, and finishes the nodes that the next leaf is not below.
    private mutating func place(
        _ leaf: (keyHash: Digest, hash: Digest), sharedAfter: Int, into batch: inout KeyValueBatch
    ) {
        let depth = max(sharedBefore, sharedAfter)
        while open.count <= depth { open.append(RadixNode()) }
        let pointer = Subtree.leaf(hash: leaf.hash, version: version, keyHash: leaf.keyHash, place: 0)
        open[depth].append(pointer, at: Int(leaf.keyHash.nibble(depth)))
        while open.count > sharedAfter + 1 {
            let node = open.removeLast()
            let path = NodePath(towards: leaf.keyHash, depth: open.count)
            StateRebuilder.put(node, at: path, version, into: &batch)
            let finished = Subtree.inner(hash: node.hash, version: version, place: 0)
            open[open.count - 1].append(finished, at: Int(leaf.keyHash.nibble(open.count - 1)))
        }
    }

    private static func put(
        _ node: RadixNode, at path: NodePath, _ version: UInt64, into batch: inout KeyValueBatch
    ) {
        batch.put {
            StateRecords.encodeNodeKey(path, version, to: &$0)
        } value: {
            node.encodeRecord(to: &$0)
        }
    }

    /// Length of the common prefix of two different digests, in nibbles: 0 to 63.
    private static func sharedNibbles(_ left: Digest, _ right: Digest) -> Int {
        (0..<NodePath.depthMax).first { left.nibble($0) != right.nibble($0) } ?? NodePath.depthMax
    }
}
