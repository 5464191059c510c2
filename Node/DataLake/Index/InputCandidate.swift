package import Chain
internal import ContractKit
package import Primitives
package import Trading

/// A batch that a period may be computed from, as lake and chain have it.
package struct InputCandidate: Hashable, Sendable {
    package let entry: BatchEntry
    /// Whether the meter's data provider anchored it as readings.
    package let isAnchored: Bool
    /// The batch that it corrects; nil unless it is anchored.
    package let supersedes: Digest?
    /// Erased here, or declared deleted by the meter's data provider.
    package let isGone: Bool
}

/// Changes whenever lake or chain have something new that periods are computed from.
package struct InputStamp: Hashable, Sendable {
    private let catalogue: UInt64
    private let events: UInt64?

    fileprivate init(catalogue: UInt64, events: UInt64?) {
        self.catalogue = catalogue
        self.events = events
    }
}

/// The lake lists more batches of the meters than were to be looked at.
package struct TooManyEntries: Error, Hashable, Sendable {}

extension DataLake {
    /// As the view has it.
    package func inputStamp(_ chain: ChainView) throws(StorageFailure) -> InputStamp {
        var number: UInt64?
        if let events = chain.events { number = try chain.cache.events.follow(events, from: nil).next }
        return InputStamp(catalogue: catalogue.changes.next, events: number)
    }

    /// Meters that have batches in the day (UTC) that contains [from, to), in no order.
    package func meters(from: Timestamp, to: Timestamp) throws -> [MeterNumber] {
        try index.meters(from: from, to: to, catalogue)
    }

    /// Batches of the meters that overlap [from, to), by meter and digest; the meters ascend.
    ///
    /// From the index, where the view's height is known and the span is within one day (UTC); else, and where the index
    /// does not have it, from the catalogue and the state.
    package func candidates(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, chain: ChainView
    ) throws -> [InputCandidate] {
        if let found = try index.candidates(of: meters, from: from, to: to, catalogue, chain) { return found }
        return try candidatesOfState(of: meters, from: from, to: to, chain: chain)
    }

    /// The same without the index: each record is read from the catalogue and the state. Of other meters nothing is read.
    /// Throws `TooManyEntries` before it asks the state about more than `entriesMax` batches, whatever became of them.
    package func candidatesOfState(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, chain: ChainView, entriesMax: Int = Int.max - 1
    ) throws -> [InputCandidate] {
        let providers = Dictionary(
            zip(meters, try chain.dataProviders(of: meters)), uniquingKeysWith: { first, _ in first })
        let entries = try catalogue.entries(of: meters, from: from, to: to, limit: entriesMax + 1)
        guard entries.count <= entriesMax else { throw TooManyEntries() }
        let anchors = try chain.anchors(entries.map(\.digest))
        let deleted = try chain.deleted(among: entries.map(\.digest))
        return zip(entries, anchors).map { entry, anchor in
            let provider = providers[entry.meter] ?? nil
            let isAnchored = anchor.map { $0.owner == provider && $0.schema == ReadingBatch.schema } ?? false
            return InputCandidate(
                entry: entry, isAnchored: isAnchored, supersedes: isAnchored ? anchor?.supersedes : nil,
                isGone: entry.status == .erased || (isAnchored && deleted.contains(entry.digest)))
        }
    }
}
