package import Chain
package import Primitives

// What the store says of a state that came from peers. Keys continue those of `ChainStore`.

extension ChainStore {
    /// tag -> height of the snapshot with which this node's blocks begin. Absent: they begin with the genesis.
    static let base: [UInt8] = [0x17]
    /// tag, height -> a header alone: the end of an epoch below the base.
    static func header(_ height: Height) -> [UInt8] { key(0x18, height.value) }
    /// tag -> `SnapshotMarker`, while a snapshot is taken over.
    static let marker: [UInt8] = [0x19]
}

/// How far a snapshot has come, for a node that starts again in the middle.
struct SnapshotMarker: BCSCodable, Hashable {
    enum Stage: UInt8 {
        /// Nodes and leaves of this version may be there, and are of no use.
        case receiving = 0
        /// The version is the node's state; records of older ones are not all gone.
        case clearing = 1
    }

    let version: Height
    let stage: Stage

    init(version: Height, stage: Stage) {
        self.version = version
        self.stage = stage
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(version)
        encoder.u8(stage.rawValue)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        version = try Height(from: &decoder)
        let tag = try decoder.u8()
        guard let stage = Stage(rawValue: tag) else { throw decoder.failure(.unknownTag(UInt32(tag))) }
        self.stage = stage
    }

    static func read(_ reader: any KeyValueReader) throws(StorageFailure) -> SnapshotMarker? {
        guard let bytes = try reader.get(ChainStore.marker) else { return nil }
        return try ChainStore.decode(bytes, "marker of a snapshot")
    }
}

extension ChainView {
    /// The height whose state this node took over from peers: blocks and receipts are here from the next height on. 0 when
    /// the node has executed every block since the genesis.
    package func base() throws(StorageFailure) -> Height {
        guard let bytes = try reader.get(ChainStore.base) else { return Height(0) }
        return try ChainStore.decode(bytes, "height of the snapshot")
    }
}
