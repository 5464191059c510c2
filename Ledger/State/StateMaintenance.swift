package import Chain
package import Primitives

/// Bounded steps of upkeep over the stored state. Each returns a batch to store, durably, before the next step: within
/// a batch history goes before the index (`StorePart`), between batches the steps decide.
package enum StateMaintenance {
    package struct Step: Sendable {
        package let batch: KeyValueBatch
        /// True when the whole task is done once `batch` is stored.
        package let isComplete: Bool
    }

    /// How far pruning has come, so that a step need not walk over what earlier ones removed. A new one starts over.
    package struct PruneCursor: Sendable {
        fileprivate var root = StateRecords.version(0)
        fileprivate var stale = StateRecords.stale(since: 0)
        package init() {}
    }

    /// Removes what only versions below `version` need, about `limit` records in whole parts of a stale list (256 at
    /// least). `version` should be a stored one, at most the newest; afterwards versions below it are not readable.
    ///
    /// Roots go first, in batches of their own: no version may look readable while its nodes go. Then each batch removes
    /// records and the parts of stale lists that name them: records are history, so they are gone for good before their
    /// list is, and a crash between leaves a list that removes nothing the second time.
    package static func prune(
        _ reader: any KeyValueReader, before version: Height, limit: Int
    ) throws(StorageFailure) -> Step {
        var cursor = PruneCursor()
        return try prune(reader, before: version, limit: limit, from: &cursor)
    }

    /// The same, going on where the cursor stands. Versions must not descend from call to call, and each batch must be
    /// stored.
    package static func prune(
        _ reader: any KeyValueReader, before version: Height, limit: Int, from cursor: inout PruneCursor
    ) throws(StorageFailure) -> Step {
        guard let record = try reader.get(StateRecords.newest) else {
            return Step(batch: KeyValueBatch(), isComplete: true)
        }
        guard let newest = try? StateRecords.decodeNewest(record) else {
            throw StorageFailure("the stored state cannot be pruned: its newest version is damaged")
        }
        let bound = min(version.value, newest.version)
        let limit = max(limit, 1)
        var batch = KeyValueBatch()
        let roots = try reader.scan(
            from: cursor.root, to: StateRecords.version(bound), limit: limit, reversed: false)
        for root in roots { batch.remove(root.key) }
        if let last = roots.last {
            cursor.root = last.key + [0]
            return Step(batch: batch, isComplete: false)
        }
        let partsMax = max(1, limit / StateRecords.stalePartMax)
        let parts = try reader.scan(
            from: cursor.stale, to: StateRecords.stale(since: Height(bound).next.value), limit: partsMax,
            reversed: false)
        for part in parts {
            guard let records = try? StateRecords.records(ofStalePart: part.value) else {
                throw StorageFailure("the state's stale list is damaged; restore the node from its peers")
            }
            for record in records { batch.remove(record) }
            batch.remove(part.key)
        }
        if let last = parts.last { cursor.stale = last.key + [0] }
        return Step(batch: batch, isComplete: parts.count < partsMax)
    }

    /// Removes the whole stored state, at most `limit` records per step, e.g. after a refused rebuild.
    package static func erase(_ reader: any KeyValueReader, limit: Int) throws(StorageFailure) -> Step {
        // The newest version and the roots go first, so that a half erased state is never opened or read.
        let tags = [StateRecords.metaTag, StateRecords.nodeTag, StateRecords.staleTag]
        return try erase(reader, inOrder: tags.map { ([$0], [$0 + 1]) }, limit: limit)
    }
}
