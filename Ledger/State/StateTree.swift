internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What one block wrote, in memory. Never changes once made, so forks share it.
final class StateLayer: Sendable {
    let version: UInt64
    let nodes: [RadixNode]
    let leaves: [StateLeaf]
    /// Records of earlier versions that this block replaced or removed.
    let stale: [StaleRecord]

    var recordCount: Int { nodes.count + leaves.count }

    init(version: UInt64, nodes: [RadixNode], leaves: [StateLeaf], stale: [StaleRecord]) {
        self.version = version
        self.nodes = nodes
        self.leaves = leaves
        self.stale = stale
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
/// Invariants: layers ascend by version and are those of the last blocks up to this one, at least all unstored ones; a
/// node or leaf that a layer's version wrote is in that layer, one of version < `firstUnstored` is in the store.
struct StateTree: Sendable {
    let reader: any KeyValueReader
    /// The store's newest version + 1; 0 when nothing is stored.
    var firstUnstored: UInt64
    var layers: [StateLayer]
    var root: Subtree
    /// Nodes and leaves of the unstored layers.
    private(set) var unstoredRecords = 0

    init(reader: any KeyValueReader, firstUnstored: UInt64, layers: [StateLayer] = [], root: Subtree) {
        self.reader = reader
        self.firstUnstored = firstUnstored
        self.layers = layers
        self.root = root
    }

    /// Nodes and leaves that stay in memory although they are stored, so that what was lately written is not read back:
    /// 130 MB at worst (a leaf takes 0.25 KB with the values of today's contracts, a node 0.2 to 1.3 KB).
    static let recordsMax = 100_000

    func isStored(_ version: UInt64) -> Bool { version < firstUnstored }

    mutating func append(_ layer: StateLayer, root: Subtree) {
        layers.append(layer)
        unstoredRecords += layer.recordCount
        self.root = root
    }

    /// All layers of versions below `version` are stored now.
    mutating func markStored(below version: UInt64) {
        firstUnstored = version
        releaseOld()
        unstoredRecords = layers.reduce(0) { isStored($1.version) ? $0 : $0 + $1.recordCount }
    }

    func layer(_ version: UInt64) -> StateLayer? {
        guard let first = layers.first, version >= first.version else { return nil }
        // Heights are consecutive: then the place is known at once.
        let guess = version - first.version
        if guess < UInt64(layers.count), layers[Int(guess)].version == version { return layers[Int(guess)] }
        return layers.first { $0.version == version }
    }

    /// The node, when the block that wrote it is in memory.
    func heldNode(_ version: UInt64, _ place: UInt32) -> RadixNode? {
        guard let nodes = layer(version)?.nodes, Int(place) < nodes.count else { return nil }
        return nodes[Int(place)]
    }

    /// What the slot of a node holds, when the block that wrote the node is in memory. The node is not copied: readers on
    /// several threads would contend for the counts of its references.
    private func heldChild(_ version: UInt64, _ place: UInt32, _ slot: Int) -> Subtree? {
        guard let layer = layer(version), Int(place) < layer.nodes.count else { return nil }
        return layer.nodes[Int(place)][slot]
    }

    func heldLeaf(_ version: UInt64, _ place: UInt32) -> StateLeaf? {
        guard let leaves = layer(version)?.leaves, Int(place) < leaves.count else { return nil }
        return leaves[Int(place)]
    }

    /// Lets go of the oldest stored layers, until `recordsMax` is kept.
    private mutating func releaseOld() {
        var total = layers.reduce(0) { $0 + $1.recordCount }
        var gone = 0
        while total > StateTree.recordsMax, gone < layers.count, isStored(layers[gone].version) {
            total -= layers[gone].recordCount
            gone += 1
        }
        if gone > 0 { layers.removeFirst(gone) }
    }

    /// `memo` remembers what had to be read from the store.
    func node(
        at path: NodePath, version: UInt64, place: UInt32, memo: NodeMemo? = nil
    ) throws(StorageFailure) -> RadixNode {
        if let held = heldNode(version, place) { return held }
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
        if let held = heldLeaf(version, place) { return held }
        guard isStored(version) else { throw missing("leaf", keyHash, version) }
        guard let record = try reader.get(StateRecords.leaf(keyHash, version)) else {
            throw missing("leaf", keyHash, version)
        }
        guard let leaf = try? StateRecords.decodeLeaf(record), SHA256.hash(leaf.key) == keyHash else {
            throw damaged("leaf", keyHash, version)
        }
        return leaf
    }

    func value(_ key: [UInt8], memo: NodeMemo? = nil) throws(StorageFailure) -> [UInt8]? {
        let keyHash = SHA256.hash(key)
        guard let (version, place) = try find(keyHash, memo: memo) else { return nil }
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
        var subtree = root
        var depth = 0
        while case .inner(_, let version, let place) = subtree {
            let slot = Int(keyHash.nibble(depth))
            if let held = heldChild(version, place, slot) {
                subtree = held
            } else {
                // Only what has to be fetched needs its path.
                let path = NodePath(towards: keyHash, depth: depth)
                subtree = try node(at: path, version: version, place: place, memo: memo)[slot]
            }
            if depth < NodePath.depthMax { depth += 1 }
        }
        guard case .leaf(_, let version, let found, let place) = subtree, found == keyHash else { return nil }
        return (version, place)
    }
}
