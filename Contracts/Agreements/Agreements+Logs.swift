internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static func logAccess(_ context: Context, _ request: LogAccess) throws(Rejection) -> Nothing {
        // Copies lie on the nodes of validators, too.
        let partner = try context.requirePartner(with: [.dataProvider, .validator])
        var agreement = try agreement(request.agreement, context)
        try require(agreement.dataSets.contains(request.dataSet), dataSetUnknown(request.dataSet.short))
        try require(dataSet(request.dataSet, context).location.names(partner), notStorage())
        let isLog =
            (1...LogAccess.accessesMax).contains(request.accesses) && (0...LogAccess.energyMax).contains(request.energy)
            && (request.energy == 0 || agreement.plan.kind == .perEnergy) && request.from < request.to
            && request.to <= context.time
        try require(isLog, logEmpty())
        let latest = agreement.until.adding(milliseconds: Agreement.logDelayMilliseconds)
        let isInside = agreement.from <= request.from && request.to <= agreement.until && context.time <= latest
        try require(isInside, logOutside())
        // Late logs of earlier accesses count.
        if let closed = agreement.closed { try require(request.to <= closed, logClosed()) }
        let key = Pair(agreement.number, Pair(request.dataSet, partner))
        try require(loggedUntil.get(key, in: context).map { $0 <= request.from } ?? true, logOverlaps())
        try loggedUntil.set(key, request.to, in: context)
        let log = AccessLog(partner: partner, log: request, height: context.height)
        try accessLogs.set(Pair(agreement.number, agreement.logs), log, in: context)
        try context.emit(accessLogged, AccessLogNotice(number: agreement.logs, log: log))
        let before = try checked(
            agreement.plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
        agreement.logs = try checked(agreement.logs.adding(1))
        agreement.accesses = try checked(agreement.accesses.adding(UInt64(request.accesses)))
        agreement.energy = try checked(agreement.energy.adding(request.energy))
        if agreement.plan.kind == .recurring {
            let period = Pair(agreement.number, agreement.period(of: request.from))
            let known = try Directory.periodAccesses.get(period, in: context)?.value ?? 0
            let sum = try checked(known.adding(UInt64(request.accesses)))
            try Directory.periodAccesses.set(period, Height(sum), in: context)
        }
        try countCeiling(&agreement, before: before, context)
        try Directory.agreements.set(agreement.number, agreement, in: context)
        return Nothing()
    }

    /// Usage above what both signed for a period could not be billed, so it is not logged.
    private static func countCeiling(
        _ agreement: inout Agreement, before: Amount, _ context: Context
    ) throws(Rejection) {
        guard agreement.plan.countsUsage else { return }
        let period = agreement.billingPeriod(at: context.time)
        if period != agreement.period {
            agreement.period = period
            agreement.charged = before
        }
        let after = try checked(agreement.plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
        let sum = try checked(after.subtracting(agreement.charged))
        try require(sum <= agreement.plan.ceiling, ceilingReached("\(agreement.plan.ceiling) micro-units"))
    }
}
