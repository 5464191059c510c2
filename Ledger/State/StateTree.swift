internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What one block left for the next checkpoint beside its nodes and leaves, which hang from the root. Never changes once
/// made, so forks share it.
final class StateLayer: Sendable {
    let version: UInt64
    /// Records of earlier versions that this block replaced or removed.
    let stale: [StaleRecord]
    let removed: [(keyHash: Digest, key: [UInt8])]

    init(version: UInt64, stale: [StaleRecord], removed: [(keyHash: Digest, key: [UInt8])]) {
        self.version = version
        self.stale = stale
        self.removed = removed
    }
}

/// How far back records stay in memory although they are stored: as far as at most some `recordsMax` nodes and leaves
/// hang from the root. What is older is let go when the node above it is written anew.
struct HeldRecords: Sendable {
    /// Some 100 MB at worst: a leaf takes 0.25 KB with the values of today's contracts, a node 0.2 to 1.4 KB.
    static let recordsMax = 200_000

    /// Versions below this one are let go.
    private(set) var first: UInt64 = 0

    /// `count` records hang from the root that `version` left.
    mutating func adapt(to count: Int, version: UInt64) {
        guard count > HeldRecords.recordsMax, version > first else { return }
        first += (version - first) / 16 + 1
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
/// Invariants: layers ascend by version; a node or leaf of version >= `firstUnstored` is held by the pointer to it, any
/// other one is in the store, and may be held as well.
struct StateTree: Sendable {
    let reader: any KeyValueReader
    /// The store's newest version + 1; 0 when nothing is stored.
    var firstUnstored: UInt64
    var layers: [StateLayer]
    var root: Subtree
    var held = HeldRecords()

    func isStored(_ version: UInt64) -> Bool { version < firstUnstored }

    func node(at path: NodePath, version: UInt64, held: HeldNode?) throws(StorageFailure) -> RadixNode {
        if let held { return held.node }
        guard isStored(version) else { throw missing("node", path.prefix, version) }
        guard let record = try reader.get(StateRecords.node(path, version)) else {
            throw missing("node", path.prefix, version)
        }
        guard let node = RadixNode(record: record, at: path) else { throw damaged("node", path.prefix, version) }
        return node
    }

    func leaf(_ keyHash: Digest, version: UInt64, held: HeldLeaf?) throws(StorageFailure) -> StateLeaf {
        if let held { return held.leaf }
        guard isStored(version) else { throw missing("leaf", keyHash, version) }
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

    /// The leaf of `keyHash`: its version and, where it is in memory, itself; nil when absent. O(log n) nodes.
    func find(_ keyHash: Digest) throws(StorageFailure) -> (version: UInt64, held: HeldLeaf?)? {
        var subtree = root
        var path = NodePath.root
        while case .inner(_, let version, let held) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            subtree = try node(at: path, version: version, held: held)[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        guard case .leaf(_, let version, let found, let held) = subtree, found == keyHash else { return nil }
        return (version, held)
    }
}
