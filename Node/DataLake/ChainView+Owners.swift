package import Chain
package import ContractKit
package import Primitives
package import Trading

/// Whose word counts: the owner's, and not that of whoever anchored a digest first.
extension ChainView {
    /// Whether an anchor is of a meter's readings: its data provider's, in the format of readings. Anybody may anchor
    /// batches of any meter, and those of other partners count for nothing.
    package func isReadings(_ anchor: BatchAnchor, of meter: MeterNumber) throws(StorageFailure) -> Bool {
        guard anchor.schema == ReadingBatch.schema else { return false }
        return try isProvided(anchor, meter)
    }

    /// The tombstone of a batch of readings, when it is the meter's data provider that declared it deleted.
    package func tombstone(_ batch: Digest, of meter: MeterNumber) throws(StorageFailure) -> Tombstone? {
        guard let tombstone = try tombstone(batch), let anchor = try anchor(batch), try isProvided(anchor, meter)
        else { return nil }
        return tombstone
    }

    private func isProvided(_ anchor: BatchAnchor, _ meter: MeterNumber) throws(StorageFailure) -> Bool {
        try dataProviders(of: [meter])[0] == anchor.owner
    }
}
