internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static func logAccess(_ context: Context, _ request: LogAccess) throws(Rejection) -> Nothing {
        // Copies lie on the nodes of validators, too.
        let partner = try context.requirePartner(with: [.dataProvider, .validator])
        var agreement = try agreement(request.agreement, context)
        try require(agreement.dataSets.contains(request.dataSet), dataSetUnknown(request.dataSet.short))
        let dataSet = try dataSet(request.dataSet, context)
        try require(dataSet.location.names(partner), notStorage())
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
        let isFree = agreement.plan.countsUsage && dataSet.description.sharingClass == .open
        if !isFree { try count(request, &agreement, context) }
        try context.emit(
            accessLogged,
            AccessLogNotice(
                number: agreement.logs, log: log, accesses: agreement.accesses, energy: agreement.energy))
        agreement.logs = try checked(agreement.logs.adding(1))
        // What comes later than logs may lag proves nothing about its period: Billing judges disputes by these.
        let isTimely =
            context.time <= agreement.end(ofPeriodAt: request.from).adding(milliseconds: Agreement.logDelayMilliseconds)
        if agreement.plan.kind == .recurring, isTimely {
            let period = Pair(agreement.number, agreement.period(of: request.from))
            let known = try Directory.periodAccesses.get(period, in: context)?.value ?? 0
            let sum = try checked(known.adding(UInt64(request.accesses)))
            try Directory.periodAccesses.set(period, Height(sum), in: context)
        }
        try Directory.agreements.set(agreement.number, agreement, in: context)
        return Nothing()
    }

    /// What plans bill by counts up to the ceiling that both signed for a period; what is above it was served free.
    private static func count(
        _ log: LogAccess, _ agreement: inout Agreement, _ context: Context
    ) throws(Rejection) {
        var (accesses, energy) = (UInt64(log.accesses), log.energy)
        let plan = agreement.plan
        if plan.countsUsage {
            let period = agreement.billingPeriod(at: context.time)
            if period != agreement.period {
                agreement.period = period
                agreement.charged = try checked(
                    plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
            }
            let most = plan.usageMax(charge: try checked(agreement.charged.adding(plan.ceiling)))
            if plan.kind == .perAccess {
                accesses = min(accesses, max(UInt64(clamping: most), agreement.accesses) - agreement.accesses)
            } else {
                energy = min(energy, max(most, agreement.energy) - agreement.energy)
            }
        }
        agreement.accesses = try checked(agreement.accesses.adding(accesses))
        agreement.energy = try checked(agreement.energy.adding(energy))
    }
}
