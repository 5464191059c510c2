internal import ContractKit
package import DataLake
package import Primitives
package import Trading

/// Readings of meters in a span of time, as a lake has them and the chain vouches for them: anchored by the meter's data
/// provider, neither superseded nor deleted. Whoever computes and whoever recomputes run the same selection: that is how a
/// withheld batch shows.
package enum AnchoredReadings {
    /// By meter. What the lake lists and the chain says of it is looked up for all meters at once. A batch that is gone and
    /// has no correction is an error, unless `omitsDeleted`: then one that its owner declared deleted is left out.
    /// `usesIndex` false reads all from catalogue and state, to the same result; then `entriesMax` bounds what the lake may
    /// list of the meters, before any of it is looked at. Throws `tooManyBatches` above each of the bounds.
    package static func batches(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, lake: DataLake, chain: ChainView,
        perMeterMax: Int = DataLake.batchesPerMeterMax, countMax: Int, entriesMax: Int = Int.max - 1,
        omitsDeleted: Bool = false, usesIndex: Bool = true
    ) throws(SettlementRefusal) -> [(digest: Digest, batch: ReadingBatch)] {
        var own: [InputCandidate]
        do {
            own =
                usesIndex
                ? try lake.candidates(of: meters, from: from, to: to, chain: chain)
                : try lake.candidatesOfState(
                    of: meters, from: from, to: to, chain: chain, entriesMax: entriesMax)
            // What others anchored, or nobody did, takes no place and closes nothing.
            own.removeAll { !$0.isAnchored }
            if omitsDeleted {
                let deleted = try chain.deleted(among: own.filter(\.isGone).map(\.entry.digest))
                own.removeAll { deleted.contains($0.entry.digest) }
            }
        } catch let error as LakeError {
            throw .lake(error)
        } catch is TooManyEntries {
            throw .tooManyBatches
        } catch {
            throw .chain("\(error)")
        }
        let inMemory = lake.batchesInMemory(own.map(\.entry.digest))
        var found: [(digest: Digest, batch: ReadingBatch)] = []
        found.reserveCapacity(own.count)
        var start = 0
        // They ascend by meter.
        while start < own.count {
            let meter = own[start].entry.meter
            var end = start + 1
            while end < own.count, own[end].entry.meter == meter { end += 1 }
            guard end - start <= perMeterMax else { throw .tooManyBatches }
            try add(own[start..<end], of: meter, from, to, lake, inMemory, countMax, &found)
            start = end
        }
        return found
    }

    private static func add(
        _ candidates: ArraySlice<InputCandidate>, of meter: MeterNumber, _ from: Timestamp, _ to: Timestamp,
        _ lake: DataLake, _ inMemory: [ReadingBatch?], _ countMax: Int,
        _ found: inout [(digest: Digest, batch: ReadingBatch)]
    ) throws(SettlementRefusal) {
        // Nearly every meter has one batch.
        let superseded =
            candidates.count == 1 && candidates.first?.supersedes == nil
            ? [] : Set(candidates.compactMap(\.supersedes))
        for (place, candidate) in zip(candidates.indices, candidates) where !candidate.isGone {
            let digest = candidate.entry.digest
            do throws(LakeError) {
                if candidate.entry.status == .corrupted { throw .corrupted(digest, path: "") }
                if superseded.contains(digest) { continue }
                let batch = if let known = inMemory[place] { known } else { try lake.batch(of: candidate.entry) }
                if !batch.readings(from: from, to: to).isEmpty { found.append((digest, batch)) }
                // More than one message can name is not read into memory first.
                guard found.count <= countMax else { break }
            } catch {
                if case .corrupted(let digest, _) = error { throw .damaged(batch: digest, meter) }
                throw .lake(error)
            }
        }
        guard found.count <= countMax else { throw .tooManyBatches }
        // An erased batch closes its period, unless a correction took its place.
        for candidate in candidates where candidate.isGone && !superseded.contains(candidate.entry.digest) {
            throw .closed(batch: candidate.entry.digest, meter)
        }
    }
}
