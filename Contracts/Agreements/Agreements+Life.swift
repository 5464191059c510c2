internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static func revoke(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let provider = try context.authorise(request, as: revoke.number, needing: .governOwn, scope: .takesBack)
        let agreement = try agreement(request.body.agreement, context)
        try require(agreement.provider == provider, notProvider())
        try require(request.body.reason > 0, reasonMissing())
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        let end = Ending(isByProvider: true, reason: request.body.reason)
        try take(.revoke, agreement, until: context.time, end, context)
        return Nothing()
    }

    static func terminate(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let party = try context.authorise(request, as: terminate.number, needing: .contracting, scope: .takesBack)
        let agreement = try agreement(request.body.agreement, context)
        try require(agreement.provider == party || agreement.user == party, notParty())
        try require(request.body.reason > 0, reasonMissing())
        // An agreement whose time is over waits for its scheduled call only.
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        let end = Ending(isByProvider: agreement.provider == party, reason: request.body.reason)
        guard agreement.noticeDays > 0 else {
            try take(.terminate, agreement, until: context.time, end, context)
            return Nothing()
        }
        try take(.giveNotice, agreement, until: context.time.adding(days: agreement.noticeDays), end, context)
        return Nothing()
    }

    static func due(_ context: Context, _ id: AgreementID) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        let agreement = try agreement(id.number, context)
        guard !agreement.state.isEnded, agreement.until <= context.time else { return Nothing() }
        let step: AgreementStep = agreement.state == .noticed ? .terminate : .expire
        try take(step, agreement, until: agreement.until, nil, context)
        return Nothing()
    }

    static func setPayment(_ context: Context, _ change: PaymentChange) throws(Rejection) -> Nothing {
        try require(context.caller.origin == .instance(WellKnown.billing), notBilling())
        var agreement = try agreement(change.agreement, context)
        guard !agreement.state.isEnded, agreement.payment != change.payment else { return Nothing() }
        agreement.payment = change.payment
        agreement.changed = context.time
        try store(agreement, context)
        return Nothing()
    }

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

    // MARK: Parts

    static func agreement(_ number: UInt64, _ context: Context) throws(Rejection) -> Agreement {
        guard let agreement = try Directory.agreements.get(number, in: context) else {
            throw agreementUnknown("\(number)")
        }
        return agreement
    }

    /// That a party ends an agreement, and which.
    private struct Ending {
        let isByProvider: Bool
        let reason: UInt16
    }

    private static func take(
        _ step: AgreementStep, _ agreement: Agreement, until end: Timestamp, _ ending: Ending?, _ context: Context
    ) throws(Rejection) {
        guard let state = agreement.state.after(step) else { throw stepForbidden(agreement.state.word) }
        var changed = agreement
        changed.state = state
        changed.until = min(agreement.until, end)
        changed.changed = context.time
        // One call waits for the end of an agreement, and none for one that has ended.
        if changed.until < agreement.until || state.isEnded {
            try context.cancel(agreement.due)
            if !state.isEnded {
                changed.due = try context.schedule(due.message, AgreementID(changed.number), at: changed.until)
            }
        }
        if state.isEnded {
            let running = try runningCounts.get(agreement.user, in: context)?.previous ?? Height(0)
            try runningCounts.set(agreement.user, running, in: context)
        }
        // What a provider takes back it does not keep the money for.
        if agreement.plan.kind != .free, ending != nil || agreement.payment == .awaited {
            changed.payment = try context.send(
                BillingMessages.end, to: WellKnown.billing,
                BillingEnd(
                    agreement: agreement.number, until: changed.until, isCredited: ending?.isByProvider ?? false,
                    reason: ending?.reason ?? BillingEnd.expired))
        }
        try store(changed, context)
    }

    static func store(_ agreement: Agreement, _ context: Context) throws(Rejection) {
        try Directory.agreements.set(agreement.number, agreement, in: context)
        try context.emit(agreementChanged, agreement)
    }
}
