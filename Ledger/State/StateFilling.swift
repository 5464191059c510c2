package import Chain
internal import LedgerCrypto
package import Primitives

/// Bounded steps around a state that was rebuilt beside an older one: first nodes and leaves of its version, then, once
/// it is the newest, the values by key.
package enum StateFilling {
    /// Removes what a rebuild of `version` wrote that was given up. No block of that version may be stored before it is
    /// complete.
    package static func eraseVersion(
        _ reader: any KeyValueReader, _ version: Height, limit: Int
    ) throws(StorageFailure) -> StateMaintenance.Step {
        let found = try reader.scan(
            from: bound(version), to: bound(version.next), limit: max(1, limit), reversed: false)
        return step(removing: found, limit: limit)
    }

    /// Removes all versions below `version`, their stale list, and every value by key.
    package static func eraseOlder(
        _ reader: any KeyValueReader, than version: Height, limit: Int
    ) throws(StorageFailure) -> StateMaintenance.Step {
        let limit = max(1, limit)
        let ranges = [
            // Roots first: a version must not look readable while its nodes go.
            (StateRecords.version(0), StateRecords.version(version.value)),
            ([StateRecords.flatTag], [StateRecords.flatTag + 1]),
            ([StateRecords.staleTag], [StateRecords.staleTag + 1]),
            ([StateRecords.nodeTag], bound(version)),
        ]
        for (from, to) in ranges {
            let found = try reader.scan(from: from, to: to, limit: limit, reversed: false)
            if !found.isEmpty {
                return StateMaintenance.Step(batch: step(removing: found, limit: limit).batch, isComplete: false)
            }
        }
        return StateMaintenance.Step(batch: KeyValueBatch(), isComplete: true)
    }

    /// The values by key of the next `limit` leaves above `after` of a version that was rebuilt whole, and where to go on;
    /// nil at the end.
    package static func fill(
        _ reader: any KeyValueReader, _ version: Height, after: Digest?, limit: Int
    ) throws(StorageFailure) -> (batch: KeyValueBatch, last: Digest?) {
        let limit = max(1, limit)
        let start = after.map { StateRecords.leaf($0, version.value) + [0] } ?? StateRecords.leaf(.zero, version.value)
        let found = try reader.scan(from: start, to: bound(version.next), limit: limit, reversed: false)
        var batch = KeyValueBatch()
        var last: Digest?
        for entry in found {
            guard let leaf = try? StateRecords.decodeLeaf(entry.value) else {
                throw StorageFailure("a leaf of state version \(version) is damaged; restore the node from its peers")
            }
            batch.put(StateRecords.flat(leaf.key), leaf.value)
            last = SHA256.hash(leaf.key)
        }
        return (batch, found.count == limit ? last : nil)
    }

    /// Below all nodes and leaves of `version`.
    private static func bound(_ version: Height) -> [UInt8] {
        Array(StateRecords.node(.root, version.value).prefix(9))
    }

    private static func step(removing found: [(key: [UInt8], value: [UInt8])], limit: Int) -> StateMaintenance.Step {
        var batch = KeyValueBatch()
        for entry in found { batch.remove(entry.key) }
        return StateMaintenance.Step(batch: batch, isComplete: found.count < max(1, limit))
    }
}
