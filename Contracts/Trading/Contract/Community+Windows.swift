internal import Chain
internal import ContractKit
package import Primitives

/// Deadlines and correction windows, which run as scheduled calls.
extension Community {
    static let millisecondsPerDay: UInt64 = 86_400_000

    /// A correction of a final period needs an open window; a provisional one has none yet.
    static func checkWindow(_ current: SettlementClaim, _ context: Context) throws(Rejection) {
        guard let closing = try windows.get(current.period, in: context) else { return }
        try require(context.time < closing, windowClosed("it closed at \(closing.milliseconds) ms"))
    }

    /// Sets the window when a period becomes final, and the deadline's call when it begins as provisional.
    static func openWindow(
        _ claim: SettlementClaim, _ rules: CommunityRules, isFirst: Bool, _ context: Context
    ) throws(Rejection) {
        if claim.stage == .provisional {
            guard isFirst, let end = rules.period.end(of: claim.period) else { return }
            let deadline = rules.deadline(afterEnd: end)
            if let day = rules.windowDay(finalAt: deadline) { try keepOpen(until: day, context) }
            if deadline > context.time { try context.schedule(passDeadline.message, claim.period, at: deadline) }
            return
        }
        guard try windows.get(claim.period, in: context) == nil,
            let closing = rules.windowDay(finalAt: context.time)
        else { return }
        let time = Timestamp(UInt64(closing) * millisecondsPerDay)
        try windows.set(claim.period, time, in: context)
        try keepOpen(until: closing, context)
        let waiting = try closings.get(closing, in: context)
        let count = try checked((waiting?.periods ?? 0).adding(1))
        let entry = ClosedPeriods(day: closing, periods: count)
        try closings.set(closing, entry, in: context)
        if waiting == nil { try context.schedule(closeWindows.message, entry, at: time) }
    }

    static func keepOpen(until day: UInt32, _ context: Context) throws(Rejection) {
        let time = Timestamp(UInt64(day) * millisecondsPerDay)
        if let open = try openUntil.get(in: context), open >= time { return }
        try openUntil.set(time, in: context)
    }

    /// Refused, this one and the next lose their notice only: windows close by `windows`, stages follow block time.
    static func closeDay(_ context: Context, _ day: ClosedPeriods) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        let waiting = try closings.get(day.day, in: context)
        try closings.remove(day.day, in: context)
        try context.emit(closed, waiting ?? day)
        return Nothing()
    }

    static func deadlinePassed(_ context: Context, _ period: PeriodNumber) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        if try settlements.get(period, in: context)?.claim.stage == .provisional {
            try context.emit(overdue, period)
        }
        return Nothing()
    }
}

extension CommunityRules {
    /// Day since 1970 (UTC) at whose beginning the window closes of a period that became final at `time`: the first
    /// midnight after the days of the rules. Nil beyond 32 bits.
    package func windowDay(finalAt time: Timestamp) -> UInt32? {
        UInt32(exactly: time.milliseconds / Community.millisecondsPerDay + UInt64(correctionDays) + 1)
    }
}
