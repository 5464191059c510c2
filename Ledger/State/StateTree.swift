internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What one block changed, in memory. Never changes once made, so forks share it.
final class StateLayer: Sendable {
    let version: UInt64
    let nodes: [NodePath: RadixNode]
    /// Values written, by SHA-256 of the key.
    let leaves: [Digest: StateLeaf]
    /// Records of earlier versions that this block replaced or removed.
    let stale: [StaleRecord]
    let removed: [(keyHash: Digest, key: [UInt8])]

    init(
        version: UInt64, nodes: [NodePath: RadixNode], leaves: [Digest: StateLeaf], stale: [StaleRecord],
        removed: [(keyHash: Digest, key: [UInt8])]
    ) {
        self.version = version
        self.nodes = nodes
        self.leaves = leaves
        self.stale = stale
        self.removed = removed
    }
}

enum StaleRecord: Sendable {
    case node(NodePath, version: UInt64)
    case leaf(Digest, version: UInt64)

    var version: UInt64 {
        switch self {
        case .node(_, let version), .leaf(_, let version): version
        }
    }

    var storeKey: [UInt8] {
        switch self {
        case .node(let path, let version): StateRecords.node(path, version)
        case .leaf(let keyHash, let version): StateRecords.leaf(keyHash, version)
        }
    }
}

/// One version of the tree: its root, the layers in memory, and the store below them.
///
/// Invariants: layers ascend by version; a node or leaf of version >= `firstUnstored` is in the layer of that version,
/// any other one is in the store.
struct StateTree: Sendable {
    let reader: any KeyValueReader
    /// The store's newest version + 1; 0 when nothing is stored.
    var firstUnstored: UInt64
    var layers: [StateLayer]
    var root: Subtree

    func isStored(_ version: UInt64) -> Bool { version < firstUnstored }

    func layer(_ version: UInt64) -> StateLayer? {
        guard let first = layers.first, version >= first.version else { return nil }
        // Heights are normally consecutive: then the place is known at once.
        let guess = version - first.version
        if guess < UInt64(layers.count), layers[Int(guess)].version == version { return layers[Int(guess)] }
        return layers.first { $0.version == version }
    }

    func node(at path: NodePath, version: UInt64) throws(StorageFailure) -> RadixNode {
        if !isStored(version) {
            guard let node = layer(version)?.nodes[path] else { throw missing("node", path.prefix, version) }
            return node
        }
        guard let record = try reader.get(StateRecords.node(path, version)) else {
            throw missing("node", path.prefix, version)
        }
        guard let node = RadixNode(record: record, at: path) else { throw damaged("node", path.prefix, version) }
        return node
    }

    func leaf(_ keyHash: Digest, version: UInt64) throws(StorageFailure) -> StateLeaf {
        if !isStored(version) {
            guard let leaf = layer(version)?.leaves[keyHash] else { throw missing("leaf", keyHash, version) }
            return leaf
        }
        guard let record = try reader.get(StateRecords.leaf(keyHash, version)) else {
            throw missing("leaf", keyHash, version)
        }
        guard let leaf = try? StateRecords.decodeLeaf(record), SHA256.hash(leaf.key) == keyHash else {
            throw damaged("leaf", keyHash, version)
        }
        return leaf
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

    /// The leaf of `keyHash`: its version, nil when absent. O(log n) nodes.
    func find(_ keyHash: Digest) throws(StorageFailure) -> UInt64? {
        var subtree = root
        var path = NodePath.root
        while case .inner(_, let version) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            subtree = try node(at: path, version: version)[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        guard case .leaf(_, let version, let found) = subtree, found == keyHash else { return nil }
        return version
    }
}
