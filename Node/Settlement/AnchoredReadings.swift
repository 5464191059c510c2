internal import ContractKit
package import DataLake
package import Primitives
package import Trading

/// Readings of meters in a span of time, as a lake has them and the chain vouches for them: anchored by the meter's data
/// provider, neither superseded nor deleted. Whoever computes and whoever recomputes run the same selection: that is how a
/// withheld batch shows.
package enum AnchoredReadings {
    /// By meter. What the lake lists and the chain says of it is read for all meters at once. A batch that is gone and has
    /// no correction is an error, unless `omitsDeleted`: then one that its owner declared deleted is left out.
    package static func batches(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, lake: DataLake, chain: ChainView,
        perMeterMax: Int = DataLake.batchesPerMeterMax, omitsDeleted: Bool = false
    ) throws(SettlementRefusal) -> [(digest: Digest, batch: ReadingBatch)] {
        let own: [ListedEntry]
        do {
            let providers = Dictionary(
                zip(meters, try chain.dataProviders(of: meters)), uniquingKeysWith: { first, _ in first })
            let entries = try lake.entries(from: from, to: to).filter { providers[$0.meter] != nil }
            let anchors = try chain.anchors(entries.map(\.digest))
            let deleted = try chain.deleted(among: entries.map(\.digest))
            own = zip(entries, anchors).compactMap { (entry, anchor) -> ListedEntry? in
                if omitsDeleted, deleted.contains(entry.digest) { return nil }
                let isOwn =
                    anchor.map { $0.owner == providers[entry.meter] && $0.schema == ReadingBatch.schema } ?? false
                return ListedEntry(
                    entry: entry, anchor: isOwn ? anchor : nil,
                    isGone: entry.status == .erased || deleted.contains(entry.digest))
            }
        } catch let error as LakeError {
            throw .lake(error)
        } catch {
            throw .chain("\(error)")
        }
        var found: [(digest: Digest, batch: ReadingBatch)] = []
        found.reserveCapacity(own.count)
        var start = 0
        // Entries ascend by meter.
        while start < own.count {
            let meter = own[start].entry.meter
            var end = start + 1
            while end < own.count, own[end].entry.meter == meter { end += 1 }
            guard end - start <= perMeterMax else { throw .tooManyBatches }
            try add(own[start..<end], of: meter, from, to, lake, &found)
            start = end
        }
        return found
    }

    /// An entry of the lake's list with what the chain says of it.
    private struct ListedEntry {
        let entry: BatchEntry
        /// Nil unless the meter's data provider anchored it as readings.
        let anchor: BatchAnchor?
        /// An erased batch closes its period, unless a correction took its place.
        let isGone: Bool
    }

    private static func add(
        _ entries: ArraySlice<ListedEntry>, of meter: MeterNumber, _ from: Timestamp, _ to: Timestamp, _ lake: DataLake,
        _ found: inout [(digest: Digest, batch: ReadingBatch)]
    ) throws(SettlementRefusal) {
        let superseded = Set(entries.compactMap { $0.anchor?.supersedes })
        for listed in entries where listed.anchor != nil && !listed.isGone {
            let digest = listed.entry.digest
            do throws(LakeError) {
                if listed.entry.status == .corrupted { throw .corrupted(digest, path: "") }
                if superseded.contains(digest) { continue }
                let batch = try lake.batch(of: listed.entry)
                if !batch.readings(from: from, to: to).isEmpty { found.append((digest, batch)) }
            } catch {
                if case .corrupted(let digest, _) = error { throw .damaged(batch: digest, meter) }
                throw .lake(error)
            }
        }
        for listed in entries where listed.isGone && !superseded.contains(listed.entry.digest) {
            throw .closed(batch: listed.entry.digest, meter)
        }
    }
}
