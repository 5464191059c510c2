internal import Primitives

/// What one block wrote, in memory. Never changes once made, so forks share it.
final class StateLayer: Sendable {
    let version: UInt64
    let nodes: NodeTable
    let leaves: LeafTable
    /// Records of earlier versions that this block replaced or removed. Empty once the layer is stored.
    let stale: [StaleRecord]

    var recordCount: Int { nodes.count + leaves.count }

    init(version: UInt64, nodes: NodeTable, leaves: LeafTable, stale: [StaleRecord]) {
        self.version = version
        self.nodes = nodes
        self.leaves = leaves
        self.stale = stale
    }

    /// The layer of `version` among `layers`, which ascend by version.
    static func find(_ version: UInt64, in layers: [StateLayer]) -> StateLayer? {
        index(of: version, in: layers).map { layers[$0] }
    }

    static func index(of version: UInt64, in layers: [StateLayer]) -> Int? {
        guard let first = layers.first, let last = layers.last, version >= first.version, version <= last.version else {
            return nil
        }
        // Heights are consecutive, but for blocks of which nothing is left, and those are old: mostly the place counted
        // from the end is right, and else the one looked for is between it and the place counted from the start.
        var end = Int(clamping: min(version - first.version, UInt64(layers.count - 1)))
        var start = max(0, layers.count - 1 - Int(clamping: last.version - version))
        while start < end, layers[start].version != version {
            let middle = (start + end + 1) / 2
            if layers[middle].version > version { end = middle - 1 } else { start = middle }
        }
        return layers[start].version == version ? start : nil
    }
}

/// A record that is no longer part of the state. `place` has a meaning only while the layer of `version` is in memory.
enum StaleRecord: Sendable {
    case node(NodePath, version: UInt64, place: UInt32)
    case leaf(Digest, version: UInt64, place: UInt32)

    var version: UInt64 {
        switch self {
        case .node(_, let version, _), .leaf(_, let version, _): version
        }
    }

    /// Its key in the store without the tag, as a blob: as stale lists have it.
    func encodeListed(to encoder: inout BCSEncoder) {
        switch self {
        case .node(let path, let version, _): encoder.blob(StateRecords.node(path, version).dropFirst())
        case .leaf(let keyHash, let version, _): encoder.blob(StateRecords.leaf(keyHash, version).dropFirst())
        }
    }
}
