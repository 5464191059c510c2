package import Chain
internal import LedgerCrypto
package import Primitives

/// The state that one block left: a root, the store below it, and in memory the layers of blocks that are not stored
/// yet. A value: copies and forks are cheap (they share their layers) and never change.
///
/// Life of a snapshot: `open` the last checkpoint (or `empty`), `applying` the changes of each executed block; when a
/// block is final and enough layers lie below it, `checkpoint()` its snapshot, store the batch, and once that is
/// durable call `rebased(onto:)` on every snapshot kept. Only one checkpoint may be in flight.
///
/// A snapshot that the newest stored checkpoint is not an ancestor of (it is older, or on a dropped fork) must not be
/// asked for values, since the flat values moved on. Whoever reads while checkpoints may be written asks `pinned()`
/// instead; proofs and `leaves` never use flat values.
package struct StateSnapshot: StateReader, Sendable {
    /// Height of the block whose state this is; 0 also before any block.
    package let version: Height
    let tree: StateTree
    /// Reads values through the tree, and cannot be continued.
    let isPinned: Bool

    init(version: Height, tree: StateTree, isPinned: Bool = false) {
        self.version = version
        self.tree = tree
        self.isPinned = isPinned
    }

    /// The ICS-23 SmtSpec root; 32 zero bytes when there is no key.
    package var root: Digest { tree.root.hash }

    /// Blocks that are in memory only.
    package var layerCount: Int { tree.layers.count { !tree.isStored($0.version) } }

    /// Nodes and leaves that are in memory only.
    package var unstoredRecordCount: Int { tree.unstoredRecords }

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

    /// The state at a stored version (a height that was checkpointed and not pruned); nil when it is not there. Its
    /// reads go through the tree and stay right while later checkpoints are written, until pruning.
    package static func historic(
        _ reader: any KeyValueReader, at version: Height
    ) throws(StorageFailure) -> StateSnapshot? {
        guard let record = try reader.get(StateRecords.version(version.value)) else { return nil }
        do {
            let root = try StateRecords.decodeRoot(record)
            let tree = StateTree(reader: reader, firstUnstored: .max, root: root)
            return StateSnapshot(version: version, tree: tree, isPinned: true)
        } catch {
            throw StorageFailure("the stored root of version \(version) is damaged: \(error)")
        }
    }

    /// The same state for readers beside the chain's own progress: values come through the tree, in O(log n) gets,
    /// and stay right whatever is checkpointed later, until their version is pruned.
    package func pinned() -> StateSnapshot { StateSnapshot(version: version, tree: tree, isPinned: true) }

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

    /// The value under `key`, nil when absent: the layers, then at most one get. Pinned ones: O(log n) gets.
    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        if isPinned {
            let keyHash = SHA256.hash(key)
            guard let (version, place) = try tree.find(keyHash) else { return nil }
            return try tree.leaf(keyHash, version: version, place: place).value
        }
        if tree.layers.isEmpty { return try tree.reader.get(StateRecords.flat(key)) }
        let keyHash = SHA256.hash(key)
        // Down as far as the nodes are in memory. Below a node that is stored nothing changed since the checkpoint, so the
        // flat value holds.
        var subtree = tree.root
        var depth = 0
        while case .inner(_, let version, let place) = subtree, let node = tree.heldNode(version, place) {
            subtree = node[Int(keyHash.nibble(depth))]
            depth += 1
        }
        switch subtree {
        case .empty: return nil
        case .leaf(_, let version, let found, let place):
            if found != keyHash { return nil }
            if let held = tree.heldLeaf(version, place) { return held.value }
            guard tree.isStored(version) else { break }
            return try tree.reader.get(StateRecords.flat(key))
        case .inner(_, let version, _):
            guard tree.isStored(version) else { break }
            return try tree.reader.get(StateRecords.flat(key))
        }
        throw StorageFailure("a state record is neither in memory nor stored")
    }

    /// The state after a block changed `changes` (each key once, in any order; a change to the present value counts as
    /// none). `version` must be above this one. O(k log n) hashes for k changes over n keys. Missing or damaged nodes
    /// and malformed changes throw.
    package func applying(
        _ changes: [StateChange], version: Height
    ) throws(StorageFailure) -> StateSnapshot {
        let isFirst = tree.firstUnstored == 0 && tree.layers.isEmpty
        guard isFirst || version > self.version, !isPinned else {
            throw StorageFailure("the state of version \(self.version) cannot be continued by version \(version)")
        }
        var update = try StateTreeUpdate(tree, changes, version: version.value)
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
