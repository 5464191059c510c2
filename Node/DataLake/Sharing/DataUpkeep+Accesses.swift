internal import Agreements
internal import ContractKit
internal import Logging
internal import Primitives

extension DataUpkeep {
    /// How long after an agreement's end its last accesses are waited for.
    static let lateMillisecondsMax: UInt64 = 10_000
    /// An access is kept for so many days: the longest billing period, then 60 days to dispute its invoice and 60 to decide.
    package static let accessDaysKept: UInt64 = UInt64(PricePlan.daysMax) + 60 + 60
    /// Logs of an agreement that are looked through for one of this node's.
    private static let logsMax: UInt64 = 4_096

    /// Says what became of a batch whose span the chain has by now: it is there, or another one of this partner is, and then
    /// its accesses go into a later batch.
    func settle(_ batch: AccessLogStore.Batch, _ chain: ChainView) throws {
        if try isOnChain(batch, chain) {
            try service.accesses.markAnchored(batch.number)
        } else {
            log.warning(
                "the time of batch \(batch.number) of the access log was logged before: its accesses go into the next")
            try service.accesses.reopen(batch.number)
        }
    }

    /// Whether the chain has this very log. Where that cannot be found out, it is taken to: nothing is billed twice.
    private func isOnChain(_ batch: AccessLogStore.Batch, _ chain: ChainView) throws -> Bool {
        let number = batch.log.agreement
        guard let agreement = try chain.read(Directory.agreements, number, of: WellKnown.agreements) else {
            return true
        }
        let oldest = agreement.logs - min(agreement.logs, DataUpkeep.logsMax)
        for place in (oldest..<agreement.logs).reversed() {
            guard let found = try chain.read(Agreements.accessLogs, Pair(number, place), of: WellKnown.agreements),
                found.partner == service.partner, found.log.dataSet == batch.log.dataSet
            else { continue }
            if found.log == batch.log { return true }
            // Spans of one partner and data set ascend.
            if found.log.to <= batch.log.from { return false }
        }
        return oldest > 0
    }

    /// Removes accesses that nothing can be asked about any more.
    package func pruneAccesses() throws {
        let now = service.now().value
        let kept = DataUpkeep.accessDaysKept * Timestamp.dayMilliseconds
        let removed = try service.accesses.prune(before: Timestamp(now - min(now, kept)))
        if removed > 0 {
            log.info("\(removed) accesses of more than \(DataUpkeep.accessDaysKept) days ago were removed")
        }
    }
}
