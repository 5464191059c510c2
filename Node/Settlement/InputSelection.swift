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
        let found = try AnchoredReadings.batches(
            of: active?.meters ?? [], from: start, to: end, lake: lake, chain: chain,
            countMax: SettlementBatches.countMax,
            usesIndex: usesIndex)
        // Digests are moved about, not batches.
        let order = found.enumerated().map { (digest: $0.element.digest, place: $0.offset) }.sorted {
            $0.digest < $1.digest
        }
        batches = order.map { found[$0.place] }
        named = SettlementBatches(order.map(\.digest))
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
