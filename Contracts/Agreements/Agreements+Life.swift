internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static func revoke(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let provider = try context.authorise(request, as: revoke.number, needing: .governOwn, takesBack: true)
        let agreement = try agreement(request.body.agreement, context)
        try require(agreement.provider == provider, notProvider())
        try require(request.body.reason > 0, reasonMissing())
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        try take(.revoke, agreement, until: context.time, context)
        return Nothing()
    }

    static func terminate(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let party = try context.authorise(request, as: terminate.number, needing: .contracting, takesBack: true)
        let agreement = try agreement(request.body.agreement, context)
        try require(agreement.provider == party || agreement.user == party, notParty())
        try require(request.body.reason > 0, reasonMissing())
        // An agreement whose time is over waits for its scheduled call only.
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        guard agreement.noticeDays > 0 else {
            try take(.terminate, agreement, until: context.time, context)
            return Nothing()
        }
        let end = context.time.adding(days: agreement.noticeDays)
        try take(.giveNotice, agreement, until: end, context)
        return Nothing()
    }

    static func due(_ context: Context, _ id: AgreementID) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        let agreement = try agreement(id.number, context)
        guard !agreement.state.isEnded, agreement.until <= context.time else { return Nothing() }
        try take(agreement.state == .noticed ? .terminate : .expire, agreement, until: agreement.until, context)
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
        try require(dataSet(request.dataSet, context).location.names(partner), notStorage())
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
        try context.emit(accessLogged, AccessLogNotice(number: agreement.logs, log: log))
        agreement.logs = try checked(agreement.logs.adding(1))
        agreement.accesses = try checked(agreement.accesses.adding(UInt64(request.accesses)))
        agreement.energy = try checked(agreement.energy.adding(request.energy))
        // Usage that could not be billed is not logged.
        _ = try checked(agreement.plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
        try Directory.agreements.set(agreement.number, agreement, in: context)
        return Nothing()
    }

    // MARK: Parts

    static func agreement(_ number: UInt64, _ context: Context) throws(Rejection) -> Agreement {
        guard let agreement = try Directory.agreements.get(number, in: context) else {
            throw agreementUnknown("\(number)")
        }
        return agreement
    }

    private static func take(
        _ step: AgreementStep, _ agreement: Agreement, until end: Timestamp, _ context: Context
    ) throws(Rejection) {
        guard let state = agreement.state.after(step) else { throw stepForbidden("\(agreement.state)") }
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
        try store(changed, context)
    }

    static func store(_ agreement: Agreement, _ context: Context) throws(Rejection) {
        try Directory.agreements.set(agreement.number, agreement, in: context)
        try context.emit(agreementChanged, agreement)
    }
}
