internal import Chain
internal import LedgerCrypto
internal import Primitives

/// One version of the tree: its root, what of it is in memory, and the store below.
///
/// Invariants: `held` and then `layers` ascend by version and are those of the last blocks up to this one; `layers` are all
/// unstored ones. What a version in memory wrote and this tree still has is in that version's layer; a node or leaf of
/// version < `firstUnstored` is in the store.
struct StateTree: Sendable {
    let reader: any KeyValueReader
    /// The store's newest version + 1; 0 when nothing is stored.
    private(set) var firstUnstored: UInt64
    private(set) var held = HeldLayers.none
    private(set) var layers: [StateLayer] = []
    private(set) var root: Subtree
    /// Nodes and leaves of the unstored layers.
    private(set) var unstoredRecords = 0

    init(reader: any KeyValueReader, firstUnstored: UInt64, root: Subtree) {
        self.reader = reader
        self.firstUnstored = firstUnstored
        self.root = root
    }

    func isStored(_ version: UInt64) -> Bool { version < firstUnstored }

    mutating func append(_ layer: StateLayer, root: Subtree) {
        layers.append(layer)
        unstoredRecords += layer.recordCount
        self.root = root
    }

    /// All layers of versions below `version` are stored now, and `held` is what of them stays in memory.
    mutating func markStored(below version: UInt64, holding held: HeldLayers) {
        firstUnstored = version
        self.held = held
        layers.removeAll { $0.version < version }
        unstoredRecords = layers.reduce(0) { $0 + $1.recordCount }
    }

    private func layer(_ version: UInt64) -> StateLayer? {
        isStored(version) ? StateLayer.find(version, in: held.layers) : StateLayer.find(version, in: layers)
    }

    /// `memo` remembers what had to be read from the store.
    func node(
        at path: NodePath, version: UInt64, place: UInt32, memo: NodeMemo? = nil
    ) throws(StorageFailure) -> RadixNode {
        if let held = layer(version)?.nodes[place] { return held }
        if let held = memo?[path, version] { return held }
        guard isStored(version) else { throw missing("node", path.prefix, version) }
        guard let record = try reader.get(StateRecords.node(path, version)) else {
            throw missing("node", path.prefix, version)
        }
        guard let node = RadixNode(record: record, at: path) else { throw damaged("node", path.prefix, version) }
        memo?[path, version] = node
        return node
    }

    func leaf(_ keyHash: Digest, version: UInt64, place: UInt32) throws(StorageFailure) -> StateLeaf {
        if let held = layer(version)?.leaves[place] { return held }
        guard isStored(version) else { throw missing("leaf", keyHash, version) }
        guard let record = try reader.get(StateRecords.leaf(keyHash, version)) else {
            throw missing("leaf", keyHash, version)
        }
        guard let leaf = try? StateRecords.decodeLeaf(record), SHA256.hash(leaf.key) == keyHash else {
            throw damaged("leaf", keyHash, version)
        }
        return leaf
    }

    /// Writes the record of a leaf that is in memory, as it is stored.
    func encodeLeafRecord(
        _ keyHash: Digest, version: UInt64, place: UInt32, to encoder: inout BCSEncoder
    ) throws(StorageFailure) {
        guard let layer = layer(version), layer.leaves.encodeRecord(place, to: &encoder) else {
            throw missing("leaf", keyHash, version)
        }
    }

    func value(_ key: [UInt8], memo: NodeMemo? = nil) throws(StorageFailure) -> [UInt8]? {
        let keyHash = SHA256.hash(key)
        guard let (version, place) = try find(keyHash, memo: memo) else { return nil }
        if let held = layer(version)?.leaves.value(place) { return held }
        return try leaf(keyHash, version: version, place: place).value
    }

    private func missing(_ what: String, _ place: Digest, _ version: UInt64) -> StorageFailure {
        StorageFailure(
            "state \(what) \(place.short) of version \(version) is missing: the store is damaged, or that version was "
                + "pruned; restore the node from its peers")
    }

    private func damaged(_ what: String, _ place: Digest, _ version: UInt64) -> StorageFailure {
        StorageFailure(
            "state \(what) \(place.short) of version \(version) is damaged; restore the node from its peers")
    }

    /// The leaf of `keyHash`: its version and place; nil when absent. O(log n) nodes.
    func find(
        _ keyHash: Digest, memo: NodeMemo? = nil
    ) throws(StorageFailure) -> (version: UInt64, place: UInt32)? {
        var step = root.step(towards: keyHash)
        var depth = 0
        while case .inner(let version, let place) = step {
            let slot = Int(keyHash.nibble(depth))
            if let held = layer(version)?.nodes.step(place, slot, towards: keyHash) {
                step = held
            } else {
                // Only what has to be fetched needs its path.
                let path = NodePath(towards: keyHash, depth: depth)
                let node = try node(at: path, version: version, place: place, memo: memo)
                step = node.withWords { $0.step(slot, towards: keyHash) }
            }
            if depth < NodePath.depthMax { depth += 1 }
        }
        guard case .leaf(let version, let place) = step else { return nil }
        return (version, place)
    }
}
