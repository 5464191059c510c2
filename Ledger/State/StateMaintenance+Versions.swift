package import Chain
package import Primitives

// Bounded steps around a state that is rebuilt beside an older one.

extension StateMaintenance {
    /// Removes what a rebuild of `version` wrote that was given up. No block of that version may be stored before it is
    /// complete. Only the caller's marker names these records: it may go in the last step's batch, which removes them first.
    package static func eraseVersion(
        _ reader: any KeyValueReader, _ version: Height, limit: Int
    ) throws(StorageFailure) -> Step {
        let found = try reader.scan(
            from: bound(version), to: bound(version.next), limit: max(1, limit), reversed: false)
        return step(removing: found, limit: limit)
    }

    /// The keys of all nodes and leaves above `version`, or of all when there is none.
    package static func versions(above version: Height?) -> (start: [UInt8], end: [UInt8]) {
        (version.map { bound($0.next) } ?? [StateRecords.nodeTag], [StateRecords.nodeTag + 1])
    }

    /// The same in two ranges without those of `kept`, a version above it that is removed otherwise.
    package static func versions(
        above version: Height?, except kept: Height
    ) -> [(start: [UInt8], end: [UInt8])] {
        let all = versions(above: version)
        if let version, kept <= version { return [all] }
        return [(all.start, bound(kept)), (bound(kept.next), all.end)]
    }

    /// Removes all versions below `version` and all stale lists. Each batch holds records of one kind, so that the order of
    /// steps is that of the disk: what names records goes before them, and after a crash the caller's marker makes the
    /// rest go, which is found by version and needs no list.
    package static func eraseOlder(
        _ reader: any KeyValueReader, than version: Height, limit: Int
    ) throws(StorageFailure) -> Step {
        let ranges: [(from: [UInt8], to: [UInt8])] = [
            // Roots first: a version must not look readable while its nodes go.
            (StateRecords.version(0), StateRecords.version(version.value)),
            ([StateRecords.staleTag], [StateRecords.staleTag + 1]),
            ([StateRecords.nodeTag], bound(version)),
        ]
        return try erase(reader, inOrder: ranges, limit: limit)
    }

    /// Removes what is in the first range that is not empty; complete when all are.
    static func erase(
        _ reader: any KeyValueReader, inOrder ranges: [(from: [UInt8], to: [UInt8])], limit: Int
    ) throws(StorageFailure) -> Step {
        for range in ranges {
            let found = try reader.scan(from: range.from, to: range.to, limit: max(1, limit), reversed: false)
            if !found.isEmpty {
                return Step(batch: step(removing: found, limit: limit).batch, isComplete: false)
            }
        }
        return Step(batch: KeyValueBatch(), isComplete: true)
    }

    /// Below all nodes and leaves of `version`.
    private static func bound(_ version: Height) -> [UInt8] {
        Array(StateRecords.node(.root, version.value).prefix(9))
    }

    private static func step(removing found: [(key: [UInt8], value: [UInt8])], limit: Int) -> Step {
        var batch = KeyValueBatch()
        for entry in found { batch.remove(entry.key) }
        return Step(batch: batch, isComplete: found.count < max(1, limit))
    }
}
