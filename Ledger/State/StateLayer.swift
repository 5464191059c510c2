internal import Primitives

/// What one block wrote, in memory. Never changes once made, so forks share it.
final class StateLayer: Sendable {
    let version: UInt64
    let nodes: LayerRecords<RadixNode>
    /// Of each node, at the same place.
    let inner: LayerRecords<InnerDigests>
    let leaves: LayerRecords<StateLeaf>
    /// Records of earlier versions that this block replaced or removed. Empty once the layer is stored.
    let stale: [StaleRecord]

    var recordCount: Int { nodes.count + leaves.count }

    init(
        version: UInt64, nodes: LayerRecords<RadixNode>, inner: LayerRecords<InnerDigests>,
        leaves: LayerRecords<StateLeaf>, stale: [StaleRecord]
    ) {
        self.version = version
        self.nodes = nodes
        self.inner = inner
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

    var storeKey: [UInt8] {
        switch self {
        case .node(let path, let version, _): StateRecords.node(path, version)
        case .leaf(let keyHash, let version, _): StateRecords.leaf(keyHash, version)
        }
    }
}

/// Records of a layer by their places, 0 to `count` - 1 at first; some may be let go later.
struct LayerRecords<Record: Sendable>: Sendable {
    private var records: [Record]
    /// The places of `records`, ascending; nil while none is missing.
    private var places: [UInt32]?

    var count: Int { records.count }

    init(_ records: [Record]) { self.records = records }

    /// Nil when nothing is there, or no longer.
    subscript(place: UInt32) -> Record? {
        index(of: place).map { records[$0] }
    }

    private func index(of place: UInt32) -> Int? {
        guard let places else { return Int(place) < records.count ? Int(place) : nil }
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low < places.count && places[low] == place ? low : nil
    }

    /// Without the records at the places of `gone`, which come in any order. O(count + k log k).
    func without(_ gone: [UInt32]) -> LayerRecords {
        if gone.isEmpty { return self }
        let gone = gone.sorted()
        var rest = LayerRecords([])
        var restPlaces: [UInt32] = []
        let left = max(0, count - gone.count)
        rest.records.reserveCapacity(left)
        restPlaces.reserveCapacity(left)
        var next = 0
        for (index, record) in records.enumerated() {
            let place = places?[index] ?? UInt32(clamping: index)
            while next < gone.count, gone[next] < place { next += 1 }
            if next < gone.count, gone[next] == place { continue }
            rest.records.append(record)
            restPlaces.append(place)
        }
        rest.places = restPlaces
        return rest
    }

    func sum(_ size: (Record) -> Int) -> Int { records.reduce(0) { $0 + size($1) } }
}

extension LayerRecords<RadixNode> {
    /// What the slot of a node holds. The node is not copied: readers on several threads would contend for the count of its
    /// references.
    func child(_ place: UInt32, _ slot: Int) -> Subtree? { index(of: place).map { records[$0][slot] } }
}
