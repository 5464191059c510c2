package import Chain
package import ContractKit
package import Primitives
package import Trading

/// Whose word counts: the owner's, and not that of whoever anchored a digest first.
extension ChainView {
    /// The tombstone of a batch of readings, when it is the meter's data provider that declared it deleted.
    package func tombstone(_ batch: Digest, of meter: MeterNumber) throws(StorageFailure) -> Tombstone? {
        guard let tombstone = try tombstone(batch), let provider = try self.meter(meter)?.dataProvider,
            try anchor(batch)?.owner == provider
        else { return nil }
        return tombstone
    }
}
