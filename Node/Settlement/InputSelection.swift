package import Chain
internal import ContractKit
package import DataLake
package import Primitives
package import Trading

/// What a period is computed from, as this node's lake and the chain have it. Operator and attester run the same
/// selection: that is how a withheld batch shows.
package struct InputSelection: Sendable {
    package let community: CommunityView
    package let period: PeriodNumber
    /// Active members, ascending, with their settings in the period.
    package let members: [Member]
    /// Values of the rules' price series for the period's hour.
    package let values: [Amount?]
    /// Batches with readings in the period: anchored by the meter's data provider, neither superseded nor deleted;
    /// ascending by digest.
    package let batches: [(digest: Digest, batch: ReadingBatch)]
    /// The same by digest.
    package let named: SettlementBatches
    /// The settlement that is current.
    package let previous: SettlementRecord?
    package let isDeadlineOver: Bool

    /// `usesIndex` false reads all from catalogue and state, to the same result.
    package init(
        community address: Address, period: PeriodNumber, lake: DataLake, chain: ChainView, usesIndex: Bool = true
    ) throws(SettlementRefusal) {
        self.period = period
        let view: CommunityView?
        let closing: Timestamp?
        let active: ActiveMembers?
        do throws(StorageFailure) {
            view = try chain.community(address)
            active = try view.map { (view) throws(StorageFailure) in try chain.activeMembers(of: view, in: period) }
            members = active?.members ?? []
            let start = view?.rules.period.start(of: period)
            values = if let view, let start { try chain.prices(of: view, at: start) } else { [] }
            previous = try chain.settlement(of: address, period: period)
            closing = try chain.windowClosing(of: address, period: period)
        } catch {
            throw .chain(error.description)
        }
        guard let view else { throw .unknownCommunity }
        community = view
        guard !members.isEmpty else { throw .noMembers(period) }
        guard let start = community.rules.period.start(of: period), let end = community.rules.period.end(of: period),
            chain.time >= end
        else { throw .notOver(period) }
        if let closing, chain.time >= closing { throw .windowClosed(period) }
        isDeadlineOver = chain.time >= community.rules.deadline(afterEnd: end)
        let found = try InputSelection.batches(
            of: active?.meters ?? [], from: start, to: end, lake: lake, chain: chain, usesIndex: usesIndex)
        guard found.count <= SettlementBatches.countMax else { throw .tooManyBatches }
        // Digests are moved about, not batches.
        let order = found.enumerated().map { (digest: $0.element.digest, place: $0.offset) }.sorted {
            $0.digest < $1.digest
        }
        batches = order.map { found[$0.place] }
        named = SettlementBatches(order.map(\.digest))
    }

    /// What the lake lists and the chain says of it is looked up for all meters at once.
    private static func batches(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, lake: DataLake, chain: ChainView, usesIndex: Bool
    ) throws(SettlementRefusal) -> [(digest: Digest, batch: ReadingBatch)] {
        let own: [InputCandidate]
        do {
            own =
                usesIndex
                ? try lake.candidates(of: meters, from: from, to: to, chain: chain)
                : try lake.candidatesOfState(of: meters, from: from, to: to, chain: chain)
        } catch let error as LakeError {
            throw .lake(error)
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
            try add(own[start..<end], of: meter, from, to, lake, inMemory, &found)
            start = end
        }
        return found
    }

    private static func add(
        _ candidates: ArraySlice<InputCandidate>, of meter: MeterNumber, _ from: Timestamp, _ to: Timestamp,
        _ lake: DataLake, _ inMemory: [ReadingBatch?], _ found: inout [(digest: Digest, batch: ReadingBatch)]
    ) throws(SettlementRefusal) {
        guard candidates.count <= DataLake.batchesPerMeterMax else { throw .tooManyBatches }
        // Nearly every meter has one batch.
        let superseded =
            candidates.count == 1 && candidates.first?.supersedes == nil
            ? [] : Set(candidates.compactMap(\.supersedes))
        for (place, candidate) in zip(candidates.indices, candidates) where candidate.isAnchored && !candidate.isGone {
            let digest = candidate.entry.digest
            do throws(LakeError) {
                if candidate.entry.status == .corrupted { throw .corrupted(digest, path: "") }
                if superseded.contains(digest) { continue }
                let batch = if let known = inMemory[place] { known } else { try lake.batch(of: candidate.entry) }
                if !batch.readings(from: from, to: to).isEmpty { found.append((digest, batch)) }
            } catch {
                if case .corrupted(let digest, _) = error { throw .damaged(batch: digest, meter) }
                throw .lake(error)
            }
        }
        // An erased batch closes its period, unless a correction took its place.
        for candidate in candidates where candidate.isGone && !superseded.contains(candidate.entry.digest) {
            throw .closed(batch: candidate.entry.digest, meter)
        }
    }

    /// Version that a settlement made now has.
    package var version: UInt32 { (previous?.claim.version ?? 0) &+ 1 }

    package func inputs(salts: SaltList) -> SettlementInputs {
        SettlementInputs(
            rules: community.head.rules, members: community.head.members, batches: named,
            salts: salts.digest, previous: previous?.digest ?? .zero, contractVersion: Community.version)
    }

    package func task(salts: SaltList) -> SettlementTask {
        SettlementTask(
            community: community.address, rules: community.rules, period: period, version: version,
            previousStage: previous?.claim.stage, isDeadlineOver: isDeadlineOver, members: members,
            values: values, batches: batches.map(\.batch), salts: salts)
    }
}
