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
        let member = Member(
            number: number, meters: terms.meters, tariff: terms.tariff, consent: admission.consent.credential,
            from: terms.from)
        if let problem = member.problem { throw memberInvalid(problem) }
        try requireUnsettled(terms.from, head)
        try require(rules.period.end(of: terms.from) != nil, memberInvalid("the first period is out of range"))
        try check(admission.consent, terms: terms, rules: rules, context)
        let holder = Consent.holder(admission.consent.key)
        for meter in terms.meters {
            _ = try context.send(
                MeterMessages.join, to: WellKnown.identity, JoinMeter(meter: meter.value, holder: holder))
        }
        head.memberCount += 1
        head.openMemberships += 1
        try store(member, &head, context)
        try context.emit(admitted, member)
        return number
    }

    static func endMember(_ context: Context, _ request: MembershipEnd) throws(Rejection) -> Nothing {
        var head = try requireAdministrator(context)
        guard var member = try members.get(request.member, in: context) else {
            throw memberUnknown("member \(request.member)")
        }
        try require(member.until == nil, membershipEnded("member \(request.member)"))
        try requireUnsettled(request.until, head)
        member.until = request.until
        if let problem = member.problem { throw memberInvalid(problem) }
        guard let end = try rules(context).period.start(of: request.until) else {
            throw memberInvalid("the last period is out of range")
        }
        if end <= context.time {
            try free(member, &head, context)
        } else {
            try context.schedule(releaseMeters.message, member.number, at: end)
        }
        try store(member, &head, context)
        try context.emit(ended, member)
        return Nothing()
    }

    static func release(_ context: Context, _ number: MemberNumber) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        var head = try requireHead(context)
        guard let member = try members.get(number, in: context) else { throw memberUnknown("member \(number)") }
        try free(member, &head, context)
        try Community.head.set(head, in: context)
        return Nothing()
    }

    private static func free(_ member: Member, _ head: inout CommunityHead, _ context: Context) throws(Rejection) {
        for meter in member.meters {
            _ = try context.send(MeterMessages.leave, to: WellKnown.identity, MeterID(meter: meter.value))
        }
        // The membership was counted when it began.
        head.openMemberships -= min(head.openMemberships, 1)
    }

    private static func requireUnsettled(_ period: PeriodNumber, _ head: CommunityHead) throws(Rejection) {
        if let settled = head.lastSettled {
            try require(period > settled, startSettled("period \(settled) is settled"))
        }
    }

    private static func store(_ member: Member, _ head: inout CommunityHead, _ context: Context) throws(Rejection) {
        head.members = MemberLog.appending(member, to: head.members)
        try members.set(member.number, member, in: context)
        try Community.head.set(head, in: context)
    }

    private static func check(
        _ consent: Consent, terms: MembershipTerms, rules: CommunityRules, _ context: Context
    ) throws(Rejection) {
        try require(consent.attesters == rules.attestation.attesters, consentOtherAttesters())
        let digest = terms.signingDigest(
            network: context.network, community: context.instance, credential: consent.credential,
            attesters: consent.attesters)
        try context.spend(Context.signatureWork)
        try require(
            SignatureVerifier.verify(consent.signature, by: consent.key, over: digest), consentSignature())
    }
}
