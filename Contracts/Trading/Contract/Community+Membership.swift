internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Community {
    static func admitMember(_ context: Context, _ admission: Admission) throws(Rejection) -> MemberNumber {
        var head = try requireAdministrator(context)
        let rules = try rules(context)
        let terms = admission.terms
        try require(head.memberCount < membersMax, communityFull())
        let number = MemberNumber(head.memberCount + 1)
        let holder = Consent.holder(admission.consent.key)
        let member = Member(
            number: number, meters: terms.meters, settings: terms.settings, plant: terms.plant, holder: holder,
            consent: admission.consent.credential, from: terms.from)
        if let problem = member.problem { throw memberInvalid(problem) }
        try checkSettings(terms.settings, rules)
        if let plant = terms.plant { try checkPlant(plant, head, context) }
        try requireUnsettled(terms.from, head)
        guard let start = rules.period.start(of: terms.from), rules.period.end(of: terms.from) != nil else {
            throw memberInvalid("the first period is out of range")
        }
        try requireNear(start, context)
        try check(admission.consent, of: number, terms: terms, rules: rules, context)
        for meter in terms.meters {
            _ = try context.send(
                MeterMessages.join, to: WellKnown.identity,
                JoinMeter(meter: meter.value, holder: holder, from: start))
        }
        head.memberCount += 1
        head.openMemberships += 1
        try store(member, &head, context)
        try context.emit(admitted, member)
        return number
    }

    /// From a period on that has not begun: what was delivered under the member's terms is settled under them.
    static func endMember(_ context: Context, _ request: MembershipEnd) throws(Rejection) -> Nothing {
        var head = try requireAdministrator(context)
        let member = try requireMember(request.member, context)
        try require(member.until == nil, membershipEnded("member \(request.member)"))
        try requireUnsettled(request.until, head)
        let rules = try rules(context)
        try requireNotBegun(request.until, rules, context)
        if let end = rules.period.start(of: request.until) { try requireNear(end, context) }
        return try end(member, at: request.until, rules, &head, context)
    }

    /// Needs nobody but the member: whoever holds the key may send it, or have it sent.
    static func withdrawConsent(_ context: Context, _ withdrawal: Withdrawal) throws(Rejection) -> Nothing {
        var head = try requireHead(context)
        let member = try requireMember(withdrawal.member, context)
        let digest = Withdrawal.signingDigest(
            network: context.network, community: context.instance, member: member.number, consent: member.consent)
        try requireSignature(withdrawal.signature, of: member, over: digest, context)
        let rules = try rules(context)
        let next = rules.period.period(at: context.time).next
        let until = max(next, member.from)
        if let end = member.until {
            try require(until < end, membershipEnded("member \(member.number)"))
            if let release = try releases.get(member.number, in: context) { try context.cancel(release) }
        }
        return try end(member, at: until, rules, &head, context)
    }

    private static func end(
        _ member: Member, at until: PeriodNumber, _ rules: CommunityRules, _ head: inout CommunityHead,
        _ context: Context
    ) throws(Rejection) -> Nothing {
        var member = member
        member.until = until
        if let problem = member.problem { throw memberInvalid(problem) }
        guard let end = rules.period.start(of: until) else { throw memberInvalid("the last period is out of range") }
        if until <= member.from {
            // It never begins: nothing of it is ever settled, and nobody waits for it.
            try releases.remove(member.number, in: context)
            try free(member, at: Timestamp(0), &head, context)
        } else {
            // What was delivered is settled, and corrected, before the community may end.
            if let day = rules.windowDay(finalAt: rules.deadline(afterEnd: end)) { try keepOpen(until: day, context) }
            let release = try context.schedule(releaseMeters.message, member.number, at: end)
            try releases.set(member.number, release, in: context)
        }
        try store(member, &head, context)
        try context.emit(ended, member)
        return Nothing()
    }

    /// Once for each membership: what is released waits no longer. A refused call would leave its meters in the community,
    /// and that without an end.
    static func release(_ context: Context, _ number: MemberNumber) throws(Rejection) -> Nothing {
        let member = try requireMember(number, context)
        guard let waiting = try releases.get(number, in: context) else {
            // Freed by what came before; or there is no end to wait for.
            try require(member.until != nil, HostRejection.notPermitted("the membership has no end"))
            return Nothing()
        }
        try context.requireSchedule(of: waiting)
        var head = try requireHead(context)
        try free(member, at: waiting.time, &head, context)
        try releases.remove(number, in: context)
        try Community.head.set(head, in: context)
        return Nothing()
    }

    static func requireMember(_ number: MemberNumber, _ context: Context) throws(Rejection) -> Member {
        guard let member = try members.get(number, in: context) else { throw memberUnknown("member \(number)") }
        return member
    }

    static func requireSignature(
        _ signature: MemberSignature, of member: Member, over digest: Digest, _ context: Context
    ) throws(Rejection) {
        try require(Consent.holder(signature.key) == member.holder, memberSignature())
        try context.spend(Context.signatureWork(signature.key.scheme))
        try require(SignatureVerifier.verify(signature.signature, by: signature.key, over: digest), memberSignature())
    }

    static func checkSettings(_ settings: MemberSettings, _ rules: CommunityRules) throws(Rejection) {
        if let series = settings.tariff?.series?.series, Int(series) >= rules.series.count {
            throw memberInvalid("the tariff follows a series that the rules do not name")
        }
    }

    private static func checkPlant(
        _ plant: PlantTerms, _ head: CommunityHead, _ context: Context
    ) throws(Rejection) {
        try require(try context.partner(plant.agent) != nil, agentUnknown(plant.agent))
        for owner in plant.owners where owner.member.value == 0 || owner.member.value > head.memberCount {
            throw memberUnknown("owner \(owner.member)")
        }
    }

    private static func free(
        _ member: Member, at end: Timestamp, _ head: inout CommunityHead, _ context: Context
    ) throws(Rejection) {
        for meter in member.meters {
            _ = try context.send(
                MeterMessages.leave, to: WellKnown.identity, LeaveMeter(meter: meter.value, until: end))
        }
        // The membership was counted when it began.
        head.openMemberships -= min(head.openMemberships, 1)
    }

    static func requireUnsettled(_ period: PeriodNumber, _ head: CommunityHead) throws(Rejection) {
        if let settled = head.lastSettled {
            try require(period > settled, startSettled("period \(settled) is settled"))
        }
    }

    private static func requireNear(_ time: Timestamp, _ context: Context) throws(Rejection) {
        try require(
            time <= context.time.adding(days: daysAheadMax),
            memberInvalid("a membership begins and ends within 400 days"))
    }

    static func requireNotBegun(
        _ period: PeriodNumber, _ rules: CommunityRules, _ context: Context
    ) throws(Rejection) {
        let running = rules.period.period(at: context.time)
        try require(period > running, periodBegun("period \(running) is running"))
    }

    private static func store(_ member: Member, _ head: inout CommunityHead, _ context: Context) throws(Rejection) {
        head.members = MemberLog.appending(member, to: head.members)
        try members.set(member.number, member, in: context)
        try Community.head.set(head, in: context)
    }

    private static func check(
        _ consent: Consent, of number: MemberNumber, terms: MembershipTerms, rules: CommunityRules, _ context: Context
    ) throws(Rejection) {
        try require(consent.attesters == rules.attestation.attesters, consentOtherAttesters())
        let digest = terms.signingDigest(
            network: context.network, community: context.instance, credential: consent.credential,
            attesters: consent.attesters)
        try context.spend(Context.signatureWork(consent.key.scheme))
        try require(
            SignatureVerifier.verify(consent.signature, by: consent.key, over: digest), consentSignature())
        // Once: who left by withdrawing it is not taken back with it.
        if let former = try consents.get(digest, in: context) { throw consentUsed("it admitted member \(former)") }
        try consents.set(digest, number, in: context)
    }
}
