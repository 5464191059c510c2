package import Chain
package import Primitives

/// What has to be stored, in one batch, for a version to be the newest of the store.
package struct StateCheckpoint: Sendable {
    package let version: Height
    package let root: Digest
    package let batch: KeyValueBatch
    /// The newest layer folded in; nil when there was none. Tells descendants from other forks.
    let lastLayer: StateLayer?
}

extension StateSnapshot {
    /// All layers of this snapshot folded into one batch, which makes this version the newest of the store. Nodes that
    /// a later layer replaced are not written.
    package func checkpoint() throws(StorageFailure) -> StateCheckpoint {
        guard !isPinned else {
            throw StorageFailure("a pinned state (version \(version)) is for reading, not for checkpoints")
        }
        var batch = KeyValueBatch()
        try fold(tree.root, at: .root, into: &batch)
        for layer in tree.layers {
            for record in layer.stale where tree.isStored(record.version) {
                batch.put(StateRecords.stale(record.storeKey, since: version.value), [])
            }
        }
        for removed in tree.layers.flatMap(\.removed) where try tree.find(removed.keyHash) == nil {
            batch.remove(StateRecords.flat(removed.key))
        }
        batch.put(StateRecords.version(version.value), StateRecords.root(tree.root))
        batch.put(StateRecords.newest, StateRecords.newest(version: version.value, root: tree.root))
        return StateCheckpoint(version: version, root: root, batch: batch, lastLayer: tree.layers.last)
    }

    private func fold(
        _ subtree: Subtree, at path: NodePath, into batch: inout KeyValueBatch
    ) throws(StorageFailure) {
        switch subtree {
        case .empty: return
        case .leaf(_, let version, let keyHash):
            if tree.isStored(version) { return }
            let leaf = try tree.leaf(keyHash, version: version)
            batch.put(StateRecords.leaf(keyHash, version), StateRecords.leafRecord(key: leaf.key, value: leaf.value))
            batch.put(StateRecords.flat(leaf.key), leaf.value)
        case .inner(_, let version):
            if tree.isStored(version) { return }
            let node = try tree.node(at: path, version: version)
            batch.put(StateRecords.node(path, version), node.record)
            for slot in 0..<16 where node.occupied & (1 << UInt16(slot)) != 0 {
                // Only a leaf can hang from the deepest node, and a leaf needs no path.
                try fold(node[slot], at: path.depth < NodePath.depthMax ? path.child(slot) : path, into: &batch)
            }
        }
    }

    /// This snapshot without the layers that a durable checkpoint holds; nil when it does not descend from it.
    /// O(layers).
    package func rebased(onto checkpoint: StateCheckpoint) -> StateSnapshot? {
        guard !isPinned, let last = checkpoint.lastLayer else { return self }
        guard let index = tree.layers.firstIndex(where: { $0 === last }) else { return nil }
        var next = tree
        next.firstUnstored = checkpoint.version.next.value
        next.layers = Array(tree.layers[(index + 1)...])
        return StateSnapshot(version: version, tree: next)
    }
}
