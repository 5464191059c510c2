package import Chain
package import Primitives

/// The state that one block left: a root, the store below it, and in memory the layers of blocks that are not stored
/// yet. A value: copies and forks are cheap (they share their layers) and never change.
///
/// Life of a snapshot: `open` the last checkpoint (or `empty`), `applying` the changes of each executed block; when a
/// block is final and enough layers lie below it, `checkpoint()` its snapshot, store the batch, and once that is durable
/// call `rebased(onto:)` on every snapshot kept. Only one checkpoint may be in flight.
///
/// Reads of a snapshot that is older than the newest stored checkpoint, or not its descendant, are undefined unless it
/// was opened with `historic`: drop such snapshots.
package struct StateSnapshot: StateReader, Sendable {
    /// Height of the block whose state this is.
    package let version: Height
    /// The ICS-23 SmtSpec root; 32 zero bytes when there is no key.
    package let root: Digest

    /// Blocks that are in memory only.
    package var layerCount: Int { 0 }

    /// A state without keys above an empty store; its changes get versions from 0 on.
    package static func empty(over reader: any KeyValueReader) -> StateSnapshot { fatalError() }

    /// The newest checkpoint of the store; nil when it holds none.
    package static func open(_ reader: any KeyValueReader) throws(StorageFailure) -> StateSnapshot? { nil }

    /// The state at a stored version (a height that was checkpointed and not pruned); nil when it is not there. Its
    /// reads go through the tree and stay right while later checkpoints are written, until pruning.
    package static func historic(
        _ reader: any KeyValueReader, at version: Height
    ) throws(StorageFailure) -> StateSnapshot? { nil }

    /// The value under `key`, nil when absent: the layers, then one get.
    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { nil }

    /// The state after a block changed `changes` (ascending by key, each key once). `version` must be above this one.
    /// O(k log n) hashes for k changes over n keys. Unknown or damaged nodes and malformed changes throw.
    package func applying(
        _ changes: [StateChange], version: Height
    ) throws(StorageFailure) -> StateSnapshot { self }

    /// A proof that `key` has its value, or that it is absent, under `root`; nil when the state has no key at all.
    package func prove(_ key: [UInt8]) throws(StorageFailure) -> CommitmentProof? { nil }

    /// All layers of this snapshot folded into one batch, which makes this version the newest of the store.
    package func checkpoint() throws(StorageFailure) -> StateCheckpoint { fatalError() }

    /// This snapshot without the layers that a durable checkpoint holds; nil when it does not descend from it. O(layers).
    package func rebased(onto checkpoint: StateCheckpoint) -> StateSnapshot? { self }

    /// Up to `limit` entries in the order of SHA-256(key), those above `after`. Fewer than `limit` means the end.
    package func leaves(
        after: Digest?, limit: Int
    ) throws(StorageFailure) -> [StateLeaf] { [] }
}

/// One entry of the state, as snapshots are sent in.
package struct StateLeaf: Hashable, Sendable {
    package let key: [UInt8]
    package let value: [UInt8]
    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// What has to be stored, in one batch, for a version to be the newest of the store.
package struct StateCheckpoint: Sendable {
    package let version: Height
    package let root: Digest
    package let batch: KeyValueBatch
}

/// Builds the stored form of a state from its leaves in the order of SHA-256(key), e.g. those of a peer's snapshot.
/// Memory is bounded by the depth of the tree. Nothing may be served until `finish` has accepted the root.
package struct StateRebuilder: Sendable {
    package init(version: Height) {}

    /// SHA-256 of the last key added: what to ask for next.
    package var last: Digest? { nil }

    /// The writes for the next leaves. Throws when they are malformed or not in ascending order of SHA-256(key).
    package mutating func add(_ leaves: [StateLeaf]) throws(StateRebuildError) -> KeyValueBatch { KeyValueBatch() }

    /// The last writes, which make the version the store's newest. Throws when the root is another one: then the
    /// store's part must be emptied with `StateMaintenance.erase`.
    package consuming func finish(root: Digest) throws(StateRebuildError) -> KeyValueBatch { KeyValueBatch() }
}

package enum StateRebuildError: Error, Hashable, Sendable {
    case malformedLeaf
    case notAscending
    case otherRoot(found: Digest)
}

/// Bounded steps of upkeep over the stored state; each returns a batch and whether more is left to do.
package enum StateMaintenance {
    package struct Step: Sendable {
        package let batch: KeyValueBatch
        /// True when the whole task is done once `batch` is stored.
        package let isComplete: Bool
    }

    /// Removes what only versions below `version` need: at most `limit` records.
    package static func prune(
        _ reader: any KeyValueReader, before version: Height, limit: Int
    ) throws(StorageFailure) -> Step { Step(batch: KeyValueBatch(), isComplete: true) }

    /// Removes the whole stored state, at most `limit` records, e.g. after a refused rebuild.
    package static func erase(_ reader: any KeyValueReader, limit: Int) throws(StorageFailure) -> Step {
        Step(batch: KeyValueBatch(), isComplete: true)
    }
}
