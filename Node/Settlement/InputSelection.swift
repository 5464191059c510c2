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
    /// The settlement that is current.
    package let previous: SettlementRecord?
    package let isDeadlineOver: Bool

    package init(
        community address: Address, period: PeriodNumber, lake: DataLake, chain: ChainView
    ) throws(SettlementRefusal) {
        self.period = period
        let view: CommunityView?
        let closing: Timestamp?
        do throws(StorageFailure) {
            view = try chain.community(address)
            members = try view.map { (view) throws(StorageFailure) in try chain.members(of: view, in: period) } ?? []
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
        var found: [(digest: Digest, batch: ReadingBatch)] = []
        for meter in members.flatMap(\.meters) {
            found += try InputSelection.batches(of: meter, from: start, to: end, lake: lake, chain: chain)
        }
        guard found.count <= SettlementBatches.countMax else { throw .tooManyBatches }
        batches = found.sorted { $0.digest < $1.digest }
    }

    private static func batches(
        of meter: MeterNumber, from: Timestamp, to: Timestamp, lake: DataLake, chain: ChainView
    ) throws(SettlementRefusal) -> [(digest: Digest, batch: ReadingBatch)] {
        do {
            let provider = try chain.meter(meter)?.dataProvider
            var found: [(digest: Digest, batch: ReadingBatch)] = []
            var superseded: Set<Digest> = []
            let entries = try lake.entries(
                of: meter, from: from, to: to, limit: DataLake.batchesPerMeterMax + 1)
            guard entries.count <= DataLake.batchesPerMeterMax else { throw SettlementRefusal.tooManyBatches }
            for entry in entries {
                guard let anchor = try chain.anchor(entry.digest), anchor.owner == provider,
                    anchor.schema == ReadingBatch.schema
                else { continue }
                if let older = anchor.supersedes { superseded.insert(older) }
                // An erased batch closes its period, unless a correction took its place.
                let isGone = try entry.status == .erased || chain.isDeleted(entry.digest)
                if isGone { continue }
                if entry.status == .corrupted { throw SettlementRefusal.damaged(batch: entry.digest, meter) }
                let batch = try lake.batch(entry.digest)
                if !batch.readings(from: from, to: to).isEmpty { found.append((entry.digest, batch)) }
            }
            for entry in entries where !superseded.contains(entry.digest) {
                let isGone = try entry.status == .erased || chain.isDeleted(entry.digest)
                if isGone { throw SettlementRefusal.closed(batch: entry.digest, meter) }
            }
            return found.filter { !superseded.contains($0.digest) }
        } catch let refusal as SettlementRefusal {
            throw refusal
        } catch let error as LakeError {
            if case .corrupted(let digest, _) = error { throw .damaged(batch: digest, meter) }
            throw .lake(error)
        } catch {
            throw .chain("\(error)")
        }
    }

    /// Version that a settlement made now has.
    package var version: UInt32 { (previous?.claim.version ?? 0) &+ 1 }

    /// The batches by digest.
    package var named: SettlementBatches { SettlementBatches(batches.map(\.digest)) }

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
