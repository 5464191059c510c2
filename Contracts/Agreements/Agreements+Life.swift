internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static func revoke(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let provider = try context.authorise(request, as: revoke.number, needing: .governOwn, scope: .givesBack)
        let agreement = try agreement(request.body.agreement, context)
        try require(agreement.provider == provider, notProvider())
        try require(request.body.reason > 0, reasonMissing())
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        let end = Ending(creditsFrom: context.time, reason: request.body.reason)
        try take(.revoke, agreement, until: context.time, end, context)
        return Nothing()
    }

    static func terminate(_ context: Context, _ request: Signed<EndAgreement>) throws(Rejection) -> Nothing {
        let agreement = try agreement(request.body.agreement, context)
        let isByProvider = agreement.provider == request.act.account
        let party = try context.authorise(
            request, as: terminate.number, needing: .contracting, scope: isByProvider ? .givesBack : .takesBack)
        try require(isByProvider || agreement.user == party, notParty())
        try require(request.body.reason > 0, reasonMissing())
        // An agreement whose time is over waits for its scheduled call only.
        try require(context.time < agreement.until, stepForbidden("its time is over"))
        let lost = isByProvider ? nil : try lostSince(agreement, context)
        guard agreement.noticeDays > 0, lost == nil else {
            let end = Ending(creditsFrom: isByProvider ? context.time : lost, reason: request.body.reason)
            try take(.terminate, agreement, until: context.time, end, context)
            return Nothing()
        }
        let until = min(agreement.until, context.time.adding(days: agreement.noticeDays))
        let end = Ending(creditsFrom: isByProvider ? until : nil, reason: request.body.reason)
        try take(.giveNotice, agreement, until: until, end, context)
        return Nothing()
    }

    /// From when on a user that cannot read a data set of the agreement, for want of a data owner's consent, its own apart,
    /// is credited: since it could read none of them, or from now where it still reads others. So is one whose payments no
    /// longer reach the provider. Nil while it can read all and pay for it.
    private static func lostSince(_ agreement: Agreement, _ context: Context) throws(Rejection) -> Timestamp? {
        var losses: [Timestamp] = []
        for id in agreement.dataSets {
            let dataSet = try dataSet(id, context)
            var first: Timestamp?
            var given: [Consent] = []
            for owner in dataSet.description.owners where owner != agreement.user {
                let consent = try consents.get(Pair(id, owner), in: context)
                if let consent { given.append(consent) }
                guard let lost = lostSince(consent, agreement, dataSet, context.time) else { continue }
                first = min(first ?? lost, lost)
            }
            if let apart = apartSince(given, agreement) { first = min(first ?? apart, apart) }
            if let first { losses.append(first) }
        }
        guard let last = losses.max() else {
            // What no payment can open again is not kept closed.
            return try context.isReachable(agreement.provider) ? nil : max(agreement.from, context.time)
        }
        return max(agreement.from, losses.count == agreement.dataSets.count ? last : context.time)
    }

    /// Since when consents together allow no purpose of the agreement: one after the other as they came, to the one that
    /// left none. What was given before or after that, and stood in nobody's way, does not move the moment. Nil while they
    /// allow one.
    private static func apartSince(_ consents: [Consent], _ agreement: Agreement) -> Timestamp? {
        var common = agreement.purposes
        for consent in consents.sorted(by: { $0.from < $1.from }) {
            common.formIntersection(consent.purposes)
            if common.isEmpty { return consent.from }
        }
        return nil
    }

    private static func lostSince(
        _ consent: Consent?, _ agreement: Agreement, _ dataSet: SharedDataSet, _ time: Timestamp
    ) -> Timestamp? {
        guard let consent else { return agreement.from }
        // What it was before it was given to other purposes is not known.
        if consent.purposes.isDisjoint(with: agreement.purposes) { return consent.from }
        var lost = consent.until <= time ? consent.until : nil
        if let withdrawn = consent.withdrawn, withdrawn <= time { lost = min(lost ?? withdrawn, withdrawn) }
        // The revision that asked for more is the newest change of the data set, or came before.
        if consent.version < dataSet.asked { lost = min(lost ?? dataSet.changed, dataSet.changed) }
        return lost
    }

    static func due(_ context: Context, _ id: AgreementID) throws(Rejection) -> Nothing {
        let agreement = try agreement(id.number, context)
        // Ended by what came before.
        guard !agreement.state.isEnded else { return Nothing() }
        try context.requireSchedule(of: agreement.due)
        guard agreement.until <= context.time else { return Nothing() }
        let step: AgreementStep = agreement.state == .noticed ? .terminate : .expire
        try take(step, agreement, until: agreement.until, nil, context)
        return Nothing()
    }

    static func setPayment(_ context: Context, _ change: PaymentChange) throws(Rejection) -> Nothing {
        try require(context.caller.origin == .instance(WellKnown.billing), notBilling())
        var agreement = try agreement(change.agreement, context)
        guard !agreement.state.isEnded, agreement.payment != change.payment else { return Nothing() }
        agreement.setPayment(change.payment, at: context.time)
        agreement.changed = context.time
        try store(agreement, context)
        return Nothing()
    }

    // MARK: Parts

    static func agreement(_ number: UInt64, _ context: Context) throws(Rejection) -> Agreement {
        guard let agreement = try Directory.agreements.get(number, in: context) else {
            throw agreementUnknown("\(number)")
        }
        return agreement
    }

    /// That a party ends an agreement, and from when on what was billed goes back.
    private struct Ending {
        let creditsFrom: Timestamp?
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
        // What a provider takes back it does not keep the money for, and nothing is kept for access that never opened.
        if agreement.plan.kind != .free, ending != nil || agreement.payment != .clear {
            let standing = try context.send(
                BillingMessages.end, to: WellKnown.billing,
                BillingEnd(
                    agreement: agreement.number, until: changed.until, creditsFrom: ending?.creditsFrom,
                    reason: ending?.reason ?? BillingEnd.expired))
            changed.setPayment(standing, at: context.time)
        }
        try store(changed, context)
    }

    static func store(_ agreement: Agreement, _ context: Context) throws(Rejection) {
        try Directory.agreements.set(agreement.number, agreement, in: context)
        try context.emit(agreementChanged, agreement)
    }
}
