internal import Chain
internal import ContractKit
internal import DataLake
internal import Primitives
internal import Trading

/// Whether a settled period would come out of other readings now.
package enum PeriodChange: Hashable, Sendable {
    case same
    case changed
    /// The salts of the current version are not here, so it cannot be told.
    case unknown
}

extension SettlementEngine {
    /// Compares what the current settlement was computed from with what lake and chain have now. Where this node has no
    /// record of that, it computes the current version again; when the inputs are found, results and salts are stored, so
    /// that a node that was down while another one settled can write statements. What it attested counts from then on.
    package func change(in selection: InputSelection) throws(SettlementRefusal) -> PeriodChange {
        guard let current = selection.previous else { return .changed }
        let (address, period, version) = (selection.community.address, selection.period, current.claim.version)
        do {
            let used = try lake.results.settled(
                of: address, period: period, version: version, inputs: current.inputs)
            if let used {
                // The salts first: without them here, those that are the partner's are still found.
                if let origin = used.origin {
                    try lake.secrets.promote(origin, of: address, period: period, version: version)
                    try lake.results.promote(origin, of: address, period: period, version: version)
                }
                return used.stored.batches == selection.named ? .same : .changed
            }
            guard let salts = try salts(selection, version: version) else { return .unknown }
            let result = try selection.task(salts: salts, repeating: current).run()
            let inputs = SettlementInputs(
                rules: selection.community.head.rules, members: selection.community.head.members,
                batches: selection.named, salts: salts.digest, previous: current.previous ?? .zero,
                contractVersion: Community.version)
            if inputs.digest == current.inputs, result.claim.root == current.claim.root {
                try lake.secrets.store(salts, of: address, period: period, version: version)
                try lake.results.store(result, inputs: inputs, batches: selection.named, of: address)
            }
            return result.claim.root == current.claim.root ? .same : .changed
        } catch let error as SettlementError {
            throw .computation(error)
        } catch let error as LakeError {
            throw .lake(error)
        } catch {
            throw .chain("\(error)")
        }
    }
}

extension InputSelection {
    /// Whether a provisional settlement becomes final by one made now, even if the balances are the same.
    func makesFinal(_ record: SettlementRecord) throws(SettlementRefusal) -> Bool {
        guard record.claim.stage == .provisional else { return false }
        if isDeadlineOver { return true }
        do throws(SettlementError) { return try !lack().lacksReadings } catch { throw .computation(error) }
    }

    /// The task that a settlement on the chain came from, if it was computed from these readings. Stages do not enter the
    /// balances.
    fileprivate func task(salts: SaltList, repeating record: SettlementRecord) -> SettlementTask {
        SettlementTask(
            repeating: record, of: community, isDeadlineOver: isDeadlineOver, members: members, values: values,
            batches: batches.map(\.batch), salts: salts)
    }
}

extension SettlementTask {
    /// What a settlement on the chain was computed by, over these inputs.
    init(
        repeating record: SettlementRecord, of community: CommunityView, isDeadlineOver: Bool, members: [Member],
        values: [Amount?], batches: [ReadingBatch], salts: SaltList
    ) {
        let claim = record.claim
        self.init(
            community: community.address, rules: community.rules, period: claim.period, version: claim.version,
            previousStage: claim.stage == .corrected ? .final : nil, isDeadlineOver: isDeadlineOver, members: members,
            values: values, batches: batches, salts: salts)
    }
}
