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
        guard let first = layers.first, version >= first.version else { return nil }
        // Heights are consecutive: then the place is known at once.
        if let guess = Int(exactly: version - first.version), guess < layers.count, layers[guess].version == version {
            return guess
        }
        return layers.firstIndex { $0.version == version }
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
