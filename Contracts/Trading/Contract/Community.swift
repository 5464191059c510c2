package import Chain
package import ContractKit
package import Primitives

/// An energy community: its rules, its members, and the settled periods. One instance each.
///
/// Invariants (checked by `CommunityTests`):
/// - rules never change; member numbers are 1, 2, 3, … and are never given out twice;
/// - a membership begins and ends after every settled period, settings and prices are set for later periods only: what a
///   settled period was computed with is fixed;
/// - a published price is never changed;
/// - without the member's signature a membership ends, and keys change, from a period on that has not begun;
/// - a withdrawal needs the member's signature and nobody's consent; it takes effect with the next period;
/// - a consent admits once;
/// - every meter of a member was confirmed by its grid operator for the key that signed the consent, and Identity keeps
///   it in this community, and in no other one, until the membership is over;
/// - every stored settlement was attested under the policy, over exactly the stored digest of inputs and claim;
/// - a period has versions 1, 2, 3, …; each names the digest of the one before; nothing is overwritten: what is replaced
///   stays under `replaced`;
/// - stages move provisional -> final -> corrected, and never back;
/// - only a version that is `final` may show open totals: those of provisional and corrected ones are sealed, since the
///   difference of two versions is what changed;
/// - a period that became final can be corrected until its window closes, at a midnight that is set then, and not after;
/// - open totals satisfy production - consumption = sold - bought, and their money sums to zero.
package enum Community: Contract {
    package static let name = "trading"
    package static let version: UInt32 = 2
    package static let summary = "An energy community that settles shared energy period by period."
    package static let isInstantiable = true

    package static let membersMax: UInt32 = 131_072
    /// How far ahead of block time a price may be published, and a membership begin or end: farther, a slip of the pen would hold
    /// meters for ever.
    static let daysAheadMax: UInt32 = 400

    // MARK: Storage

    package static let head = StorageValue<CommunityHead>(1, "head")
    /// The rules' BCS bytes in parts of 1,000.
    package static let rulesParts = StorageMap<UInt16, RulesPart>(2, "rulesParts")
    package static let members = StorageMap<MemberNumber, Member>(3, "members")
    /// The current settlement of each period.
    package static let settlements = StorageMap<PeriodNumber, SettlementRecord>(4, "settlements")
    /// Settlements that a later version replaced.
    package static let replaced = StorageMap<Pair<PeriodNumber, UInt32>, SettlementRecord>(5, "replaced")

    /// Amendments of a member by their number, from 0.
    package static let changes = StorageMap<Pair<MemberNumber, UInt16>, SettingsChange>(6, "changes")
    /// Published prices by position of the series and day since 1970 (UTC).
    package static let priceDays = StorageMap<Pair<UInt16, UInt32>, PriceDay>(7, "priceDays")
    /// When the correction window of a period closes; set when the period first becomes final.
    package static let windows = StorageMap<PeriodNumber, Timestamp>(8, "windows")
    /// How many windows close at the beginning of a day; until they do.
    package static let closings = StorageMap<UInt32, ClosedPeriods>(9, "closings")
    /// The scheduled release of a member's meters.
    package static let releases = StorageMap<MemberNumber, ScheduleID>(10, "releases")

    /// Consents by what was signed, with the member whom each admitted.
    package static let consents = StorageMap<Digest, MemberNumber>(11, "consents")
    /// Until when some settlement can still change; moves ahead only.
    package static let openUntil = StorageValue<Timestamp>(12, "openUntil")

    package static var storage: [StorageDeclaration] {
        [
            head.declaration, rulesParts.declaration, members.declaration, settlements.declaration,
            replaced.declaration, changes.declaration, priceDays.declaration, windows.declaration,
            closings.declaration, releases.declaration, consents.declaration, openUntil.declaration,
        ]
    }

    // MARK: Events

    package static let admitted = EventKind<Member>(1, "admitted", "A member was admitted.")
    package static let ended = EventKind<Member>(2, "membershipEnded", "A membership got its end.")
    package static let settled = EventKind<SettlementRecord>(3, "settled", "A period was settled or corrected.")

    package static let amended = EventKind<SettingsChange>(4, "amended", "A member's settings change.")
    package static let published = EventKind<PublishedPrices>(5, "pricesPublished", "An oracle published prices.")
    package static let closed = EventKind<ClosedPeriods>(
        6, "windowsClosed", "Correction windows closed; batches behind them may be erased.")
    package static let overdue = EventKind<PeriodNumber>(
        7, "overdue", "The deadline of a provisional period is over: it can become final now.")

    package static var events: [EventDeclaration] {
        [
            admitted.declaration, ended.declaration, settled.declaration, amended.declaration, published.declaration,
            closed.declaration, overdue.declaration,
        ]
    }

    // MARK: Calls

    package static let begin = Method<CommunityRules, Nothing>(
        0, "initialize", "Founds a community; the calling partner becomes its administrator.", found)
    package static let admit = Method<Admission, MemberNumber>(
        1, "admit", "Admits a member with signed consent and confirmed meters; gives the member's number.", admitMember)
    package static let endMembership = Method<MembershipEnd, Nothing>(
        2, "endMembership",
        "Sets the end of a membership, ahead; its meters are free at that time, or now when it has not begun by then.",
        endMember)
    package static let settle = Method<AttestedSettlement, Digest>(
        3, "settle", "Settles or corrects a period with an attested result; gives the settlement's digest.",
        settlePeriod)
    package static let end = Method<Nothing, Nothing>(
        4, "end", "Ends the community once every membership has ended.", endCommunity)
    package static let releaseMeters = Method<MemberNumber, Nothing>(
        5, "releaseMeters",
        "Scheduled, or by any partner once due: frees the meters of a member whose membership is over.", release)
    package static let supersede = Method<CommunityRules, Address>(
        6, "supersede", "Founds a community with new rules that names this one, which ends; members consent anew.",
        supersedeCommunity)

    package static let withdraw = Method<Withdrawal, Nothing>(
        7, "withdraw", "Ends a membership with the running period, signed by the member; anybody may send it.",
        withdrawConsent)
    package static let amend = Method<Amendment, Nothing>(
        8, "amend", "Changes a member's settings from a period on; anything but keys needs the member's signature.",
        amendMember)
    package static let publish = Method<PublishedPrices, Nothing>(
        9, "publishPrices", "Publishes hourly prices of a series, by the oracle that the rules name.", publishPrices)
    package static let closeWindows = Method<ClosedPeriods, Nothing>(
        10, "closeWindows", "Scheduled: closes the correction windows of a day.", closeDay)
    package static let passDeadline = Method<PeriodNumber, Nothing>(
        11, "passDeadline", "Scheduled: says that a provisional period can become final.", deadlinePassed)

    package static var initialize: CallDeclaration? { begin.declaration }
    package static var calls: [CallDeclaration] {
        [
            admit.declaration, endMembership.declaration, settle.declaration, end.declaration,
            releaseMeters.declaration, supersede.declaration, withdraw.declaration, amend.declaration,
            publish.declaration, closeWindows.declaration, passDeadline.declaration,
        ]
    }

    // MARK: Queries

    package static let headQuery = Query<Nothing, CommunityHead>(1, "head", "Administrator, digests, counts.") {
        (context, _) throws(Rejection) in try requireHead(context)
    }
    package static let rulesQuery = Query<Nothing, CommunityRules>(2, "rules", "The rules in full.") {
        (context, _) throws(Rejection) in try rules(context)
    }
    package static let memberQuery = Query<MemberNumber, Member>(3, "member", "A member by number.") {
        (context, number) throws(Rejection) in
        guard let member = try members.get(number, in: context) else { throw memberUnknown("member \(number)") }
        return member
    }

    package static var queries: [CallDeclaration] {
        [headQuery.declaration, rulesQuery.declaration, memberQuery.declaration]
    }
}

extension Community {
    static func found(_ context: Context, _ rules: CommunityRules) throws(Rejection) -> Nothing {
        let administrator = try context.requirePartner(with: .communityAdministrator)
        if let problem = rules.problem { throw rulesInvalid(problem) }
        for partner in rules.attestation.attesters
        where try context.partner(partner)?.roles.contains(.attester) != true { throw attestersUnknown(partner) }
        for series in rules.series where try context.partner(series.oracle)?.roles.contains(.oracle) != true {
            throw oracleUnknown(series.oracle)
        }
        let attesters = rules.attestation.attesters.count
        let available = attesters == 0 ? context.block.validators.count : attesters
        try require(
            Int(rules.attestation.threshold) <= available,
            rulesInvalid("\(rules.attestation.threshold) attestations of \(available) partners can never be had"))
        let bytes = rules.bcs
        try require(bytes.count <= CommunityRules.byteCountMax, rulesTooLong())
        var part: UInt16 = 0
        for start in stride(from: 0, to: bytes.count, by: RulesPart.bytesMax) {
            let end = min(start + RulesPart.bytesMax, bytes.count)
            try rulesParts.set(part, RulesPart(bytes: Array(bytes[start..<end])), in: context)
            part += 1
        }
        try head.set(CommunityHead(administrator: administrator, rules: rules.digest), in: context)
        return Nothing()
    }

    static func endCommunity(_ context: Context, _: Nothing) throws(Rejection) -> Nothing {
        let head = try requireAdministrator(context)
        try requireOver(head, context)
        try context.endInstance()
        return Nothing()
    }

    static func supersedeCommunity(_ context: Context, _ rules: CommunityRules) throws(Rejection) -> Address {
        let head = try requireAdministrator(context)
        try requireOver(head, context)
        return try context.supersede(contract: name, arguments: rules)
    }

    /// An instance that has ended takes no settlement and no correction any more.
    private static func requireOver(_ head: CommunityHead, _ context: Context) throws(Rejection) {
        try require(head.openMemberships == 0, membersRemain("\(head.openMemberships) are not over"))
        if let open = try openUntil.get(in: context) {
            try require(context.time >= open, windowsOpen("the last one closes at \(open.milliseconds) ms"))
        }
    }

    // MARK: Shared

    static func requireHead(_ context: Context) throws(Rejection) -> CommunityHead {
        guard let head = try head.get(in: context) else { throw HostRejection.malformedState() }
        return head
    }

    /// The head, when the administrator calls.
    static func requireAdministrator(_ context: Context) throws(Rejection) -> CommunityHead {
        let partner = try context.requirePartner(with: .communityAdministrator)
        let head = try requireHead(context)
        try require(partner == head.administrator, notAdministrator())
        return head
    }

    static func rules(_ context: Context) throws(Rejection) -> CommunityRules {
        var bytes: [UInt8] = []
        var part: UInt16 = 0
        while bytes.count == Int(part) * RulesPart.bytesMax, bytes.count <= CommunityRules.byteCountMax,
            let next = try rulesParts.get(part, in: context)
        {
            bytes.append(contentsOf: next.bytes)
            part += 1
        }
        do { return try CommunityRules(bcs: bytes) } catch { throw HostRejection.malformedState(error.description) }
    }
}
