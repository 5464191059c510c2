internal import Chain
internal import DataLake
internal import Primitives
internal import Trading

/// What a settler has done, does, and waits for: for the administrator, as JSON. Periods are numbers of the community's
/// resolution; times are milliseconds since 1970 (UTC). Meters are pseudonymous numbers.
package struct SettlerReport: Codable, Sendable {
    /// Consecutive periods that wait for the same.
    package struct Wait: Codable, Sendable, Hashable {
        package internal(set) var from: UInt64
        /// The first period that no longer waits for this.
        package internal(set) var to: UInt64
        package internal(set) var start: UInt64
        package internal(set) var end: UInt64
        /// "open", "provisional", or the stage of a settlement that will be corrected.
        package let stage: String
        /// Meters without readings, and with estimated ones; at most `metersMax` each.
        package let missing: [UInt64]
        package let missingCount: Int
        package let estimated: [UInt64]
        package let estimatedCount: Int
        /// Price series without a value, by position.
        package let series: [Int]
        /// When the last of these periods is settled all the same.
        package internal(set) var until: UInt64?
        /// What else it waits for, in words.
        package let reason: String?
    }

    /// A period that could not be settled; it is tried again.
    package struct Trouble: Codable, Sendable, Hashable {
        package let period: UInt64
        package let start: UInt64
        package let reason: String
        package let attempts: Int
        package let retryAt: UInt64
    }

    package struct Community: Codable, Sendable {
        package let community: String
        package let name: String
        package let administrator: String
        package let periodMinutes: UInt64
        /// Every period before this one is final; nil while there are no members.
        package let finalBefore: UInt64?
        package let lastSettled: UInt64?
        /// Periods that are over and not settled, and provisional ones; there are more when `hasMore`.
        package let unsettled: Int
        package let provisional: Int
        package let hasMore: Bool
        /// Final periods whose readings are still to be compared with the settlement.
        package let toCompare: Int
        /// Since the node started: settled here, corrected here, and settled by another settler in the meantime.
        package let settled: Int
        package let corrected: Int
        package let overtaken: Int
        /// Attempts that failed since the node started; each is repeated.
        package let failed: Int
        package let waits: [Wait]
        package let troubles: [Trouble]
        package let problem: String?
    }

    package static let metersMax = 64
    package static let runsMax = 200

    package let partner: String
    /// Whether the node settles by itself; else this is only what is to be done.
    package internal(set) var isRunning: Bool
    /// Block time of the last look.
    package let time: UInt64
    package let communities: [Community]
}

extension SettlerReport.Community {
    /// Seconds since the end of the oldest period that is not final, at the time of the report; 0 when all are.
    package func oldestUnsettledSeconds(at time: UInt64) -> UInt64 {
        guard unsettled + provisional > 0, let first = finalBefore else { return 0 }
        let (end, overflow) = (first &+ 1).multipliedReportingOverflow(by: periodMinutes * 60_000)
        return overflow || end > time ? 0 : (time - end) / 1_000
    }
}

extension SettlerReport.Wait {
    init(
        _ period: PeriodNumber, rules: CommunityRules, stage: SettlementStage?, lack: PeriodLack, until: Timestamp?,
        reason: String?
    ) {
        self.init(
            from: period.value, to: period.value &+ 1, start: rules.period.start(of: period)?.value ?? 0,
            end: rules.period.end(of: period)?.value ?? 0, stage: stage.map { "\($0)" } ?? "open",
            missing: lack.missing.prefix(SettlerReport.metersMax).map(\.value), missingCount: lack.missing.count,
            estimated: lack.estimated.prefix(SettlerReport.metersMax).map(\.value),
            estimatedCount: lack.estimated.count, series: lack.unpriced, until: until?.value, reason: reason)
    }

    /// Whether `next` follows at once and waits for the same.
    private func isContinued(by next: Self) -> Bool {
        to == next.from && stage == next.stage && missing == next.missing && missingCount == next.missingCount
            && estimated == next.estimated && estimatedCount == next.estimatedCount && series == next.series
            && reason == next.reason
    }

    /// Runs of periods that wait for the same; `waits` ascend.
    static func runs(_ waits: [Self]) -> [Self] {
        var runs: [Self] = []
        for wait in waits {
            if let last = runs.indices.last, runs[last].isContinued(by: wait) {
                runs[last].to = wait.to
                runs[last].end = wait.end
                runs[last].until = wait.until
            } else {
                runs.append(wait)
            }
        }
        return Array(runs.prefix(SettlerReport.runsMax))
    }
}
