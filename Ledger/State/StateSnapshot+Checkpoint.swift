package import Chain
package import Primitives

/// A version on its way to be the newest of the store.
package struct StateCheckpoint: Sendable {
    /// Estimated bytes of stored blocks that stay in memory at most.
    package static let heldBytesMax = 128 * 1024 * 1024

    /// Bytes of a block's records in the store for each node and leaf that it wrote, blocks and receipts included.
    fileprivate static let recordBytesUsual = 256

    private let snapshot: StateSnapshot
    /// What stays in memory once it is stored.
    let held: HeldLayers

    package var version: Height { snapshot.version }
    package var root: Digest { snapshot.root }
    /// The newest layer folded in; nil when there was none. Tells descendants from other forks.
    var lastLayer: StateLayer? { snapshot.tree.layers.last }

    fileprivate init(_ snapshot: StateSnapshot, heldBytesMax: Int) {
        self.snapshot = snapshot
        held = snapshot.tree.held.adding(snapshot.tree.layers, bytesMax: heldBytesMax)
    }

    /// What has to be stored, in one batch: all layers folded, without the nodes that a later layer replaced. Long work
    /// over values that never change, so it may be done in another thread.
    package func batch() throws(StorageFailure) -> KeyValueBatch { try snapshot.folded() }
}

extension StateSnapshot {
    /// Makes this version the newest of the store, once its batch is stored.
    package func checkpoint(
        heldBytesMax: Int = StateCheckpoint.heldBytesMax
    ) throws(StorageFailure) -> StateCheckpoint {
        guard !isHistoric else {
            throw StorageFailure("a stored state (version \(version)) is for reading, not for checkpoints")
        }
        return StateCheckpoint(self, heldBytesMax: heldBytesMax)
    }

    fileprivate func folded() throws(StorageFailure) -> KeyValueBatch {
        let records = tree.unstoredRecords
        var batch = KeyValueBatch(entries: records, bytes: records * StateCheckpoint.recordBytesUsual)
        try fold(tree.root, at: .root, into: &batch)
        let stale = tree.layers.flatMap { $0.stale.filter { tree.isStored($0.version) } }
        var part: UInt32 = 0
        for start in stride(from: 0, to: stale.count, by: StateRecords.stalePartMax) {
            let records = stale[start..<min(stale.count, start + StateRecords.stalePartMax)]
            batch.put(StateRecords.stale(since: version.value, part: part), StateRecords.stalePart(records))
            part += 1
        }
        batch.put(StateRecords.version(version.value), StateRecords.root(tree.root))
        batch.put(StateRecords.newest, StateRecords.newest(version: version.value, root: tree.root))
        return batch
    }

    private func fold(
        _ subtree: Subtree, at path: NodePath, into batch: inout KeyValueBatch
    ) throws(StorageFailure) {
        switch subtree {
        case .empty: return
        case .leaf(_, let version, let keyHash, let place):
            if tree.isStored(version) { return }
            try batch.put {
                StateRecords.encodeLeafKey(keyHash, version, to: &$0)
            } value: { (encoder: inout BCSEncoder) throws(StorageFailure) in
                try tree.encodeLeafRecord(keyHash, version: version, place: place, to: &encoder)
            }
        case .inner(_, let version, let place):
            if tree.isStored(version) { return }
            let node = try tree.node(at: path, version: version, place: place)
            batch.put {
                StateRecords.encodeNodeKey(path, version, to: &$0)
            } value: {
                node.encodeRecord(to: &$0)
            }
            var slot = -1
            while let next = node.occupiedSlot(above: slot) {
                slot = next
                // Only a leaf can hang from the deepest node, and a leaf needs no path.
                try fold(node[slot], at: path.depth < NodePath.depthMax ? path.child(slot) : path, into: &batch)
            }
        }
    }

    /// This snapshot without the layers that a durable checkpoint holds; nil when it does not descend from it.
    /// O(layers that are not stored).
    package func rebased(onto checkpoint: StateCheckpoint) -> StateSnapshot? {
        guard !isHistoric, let last = checkpoint.lastLayer else { return self }
        guard tree.layers.contains(where: { $0 === last }) else { return nil }
        var next = tree
        next.markStored(below: checkpoint.version.next.value, holding: checkpoint.held)
        return StateSnapshot(version: version, tree: next)
    }
}
