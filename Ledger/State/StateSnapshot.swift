package import Chain
package import Primitives

/// The state that one block left: a root, the store below it, and in memory the layers of blocks that are not stored
/// yet. A value: copies and forks are cheap (they share their layers) and never change.
///
/// Life of a snapshot: `open` the last checkpoint (or `empty`), `applying` the changes of each executed block; when a
/// block is final and enough layers lie below it, `checkpoint()` its snapshot, store the batch, and once that is
/// durable call `rebased(onto:)` on every snapshot kept. Only one checkpoint may be in flight.
///
/// Reads stay right while later versions are applied and stored, until pruning removes a stored version that is read.
package struct StateSnapshot: StateReader, Sendable {
    /// Height of the block whose state this is; 0 also before any block.
    package let version: Height
    let tree: StateTree

    init(version: Height, tree: StateTree) {
        self.version = version
        self.tree = tree
    }

    /// A stored version that is not the newest: for reading only.
    var isHistoric: Bool { tree.firstUnstored == .max }

    /// The ICS-23 SmtSpec root; 32 zero bytes when there is no key.
    package var root: Digest { tree.root.hash }

    /// Nodes and leaves that are in memory only.
    package var unstoredRecordCount: Int { tree.unstoredRecords }

    /// Blocks that are stored and of which something is in memory, and its bytes: see `StateCheckpoint.heldBytesMax`.
    package var heldLayerCount: Int { tree.held.layers.count }
    package var heldBytes: Int { tree.held.byteCount }

    /// A state without keys above an empty store; its changes get versions from 0 on.
    package static func empty(over reader: any KeyValueReader) -> StateSnapshot {
        let tree = StateTree(reader: reader, firstUnstored: 0, root: .empty)
        return StateSnapshot(version: Height(0), tree: tree)
    }

    /// The newest checkpoint of the store; nil when it holds none.
    package static func open(_ reader: any KeyValueReader) throws(StorageFailure) -> StateSnapshot? {
        guard let record = try reader.get(StateRecords.newest) else { return nil }
        do {
            let (version, root) = try StateRecords.decodeNewest(record)
            let tree = StateTree(reader: reader, firstUnstored: Height(version).next.value, root: root)
            return StateSnapshot(version: Height(version), tree: tree)
        } catch {
            throw StorageFailure("the stored state cannot be opened: \(error); restore the node from its peers")
        }
    }

    /// The state at a stored version (a height that was checkpointed and not pruned), for reading only; nil when it is not
    /// there.
    package static func historic(
        _ reader: any KeyValueReader, at version: Height
    ) throws(StorageFailure) -> StateSnapshot? {
        guard let record = try reader.get(StateRecords.version(version.value)) else { return nil }
        do {
            let root = try StateRecords.decodeRoot(record)
            let tree = StateTree(reader: reader, firstUnstored: .max, root: root)
            return StateSnapshot(version: version, tree: tree)
        } catch {
            throw StorageFailure("the stored root of version \(version) is damaged: \(error)")
        }
    }

    /// The newest stored version that is at most `version`, for which `historic` works; nil when there is none.
    package static func newestStored(
        _ reader: any KeyValueReader, atMost version: Height
    ) throws(StorageFailure) -> Height? {
        let end = StateRecords.version(version.value) + [0]
        let found = try reader.scan(from: StateRecords.version(0), to: end, limit: 1, reversed: true)
        return found.first.flatMap { StateRecords.version(ofKey: $0.key) }.map { Height($0) }
    }

    /// The oldest stored version, for which `historic` works; nil when nothing is stored.
    package static func oldestStored(_ reader: any KeyValueReader) throws(StorageFailure) -> Height? {
        let end = StateRecords.version(.max) + [0]
        let found = try reader.scan(from: StateRecords.version(0), to: end, limit: 1, reversed: false)
        return found.first.flatMap { StateRecords.version(ofKey: $0.key) }.map { Height($0) }
    }

    /// The value under `key`, nil when absent. O(log n) nodes, of which the lately written ones are in memory.
    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try tree.value(key) }

    /// The state after a block changed `changes` (each key once, in any order; a change to the present value counts as
    /// none). `version` must be above this one. O(k log n) hashes for k changes over n keys. Missing or damaged nodes
    /// and malformed changes throw.
    package func applying(
        _ changes: [StateChange], version: Height
    ) throws(StorageFailure) -> StateSnapshot { try applying(changes, version: version, memo: nil) }

    func applying(
        _ changes: [StateChange], version: Height, memo: NodeMemo?
    ) throws(StorageFailure) -> StateSnapshot {
        let isFirst = tree.firstUnstored == 0 && tree.layers.isEmpty
        guard isFirst || version > self.version, !isHistoric else {
            throw StorageFailure("the state of version \(self.version) cannot be continued by version \(version)")
        }
        var update = try StateTreeUpdate(tree, changes, version: version.value, memo: memo)
        let (root, layer) = try update.run()
        var next = tree
        next.append(layer, root: root)
        return StateSnapshot(version: version, tree: next)
    }
}

/// One entry of the state, as snapshots are sent in.
package struct StateLeaf: Hashable, Sendable, BCSCodable {
    package let key: [UInt8]
    package let value: [UInt8]

    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.blob(key)
        encoder.blob(value)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try decoder.blob(max: StateChange.keyBytesMax)
        value = try decoder.blob(max: StateChange.valueBytesMax)
        guard !key.isEmpty, !value.isEmpty else { throw decoder.failure(.invalid("an empty key or value")) }
    }
}
