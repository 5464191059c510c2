package import ContractKit

/// Refusals of a community, each with what the administrator can do about it.
extension Community {
    package static let rulesInvalid = RejectionKind(100, "rules-invalid", "the rules of the community are not valid")
    package static let rulesTooLong = RejectionKind(
        101, "rules-too-long", "the rules are above 4,096 bytes; use fewer tariff bands or partners")
    package static let attestersUnknown = RejectionKind(
        102, "attesters-unknown",
        "the attestation policy names a partner that the network does not have, or that is no attester")
    package static let notAdministrator = RejectionKind(
        103, "not-administrator", "only the partner that created the community may do this")
    package static let memberInvalid = RejectionKind(104, "member-invalid", "the admission is not valid")
    package static let consentOtherAttesters = RejectionKind(
        105, "consent-other-attesters",
        "the member's consent names other attesting partners than the community's rules; ask for a new consent")
    package static let consentSignature = RejectionKind(
        106, "consent-signature",
        "the consent's signature does not fit this community, meters, tariff and start; let the member sign again")
    package static let startSettled = RejectionKind(
        108, "start-settled", "a membership begins and ends after the last settled period; choose a later period")
    package static let communityFull = RejectionKind(
        109, "community-full", "a community has at most 131,072 members; found a second one")
    package static let memberUnknown = RejectionKind(
        110, "member-unknown", "the community has no member of this number")
    package static let membershipEnded = RejectionKind(111, "membership-ended", "the membership has ended already")
    package static let membersRemain = RejectionKind(
        112, "members-remain", "a community ends when every membership is over; end them first")
    package static let memberSignature = RejectionKind(
        113, "member-signature", "the signature is not that of the key which signed the member's consent")
    package static let agentUnknown = RejectionKind(
        114, "agent-unknown", "the billing agent of the plant is no partner of the network")
    package static let amendmentsFull = RejectionKind(
        115, "amendments-full", "the settings of this member changed too often; let it leave and join again")
    package static let oracleUnknown = RejectionKind(
        116, "oracle-unknown", "a price series names a partner that the network does not have, or that is no oracle")
    package static let notOracle = RejectionKind(
        117, "not-oracle", "only the partner that the rules name may publish this price series")
    package static let pricesInvalid = RejectionKind(
        118, "prices-invalid", "the published prices are not valid, or hours that have a price already")

    package static let consentUsed = RejectionKind(
        119, "consent-used",
        "this consent has admitted a member already; let the member sign a new one, with another credential or start")

    package static let notSettler = RejectionKind(
        120, "not-settler", "only the administrator or an attester of the community may settle a period")
    package static let periodNotOver = RejectionKind(
        121, "period-not-over", "the period is not over; settle it after its end")
    package static let otherRules = RejectionKind(
        122, "other-rules", "the settlement was computed with other rules than the community has")
    package static let otherMembers = RejectionKind(
        123, "other-members",
        "the settlement was computed with other members or tariffs than the community has now; compute it again")
    package static let otherContractVersion = RejectionKind(
        124, "other-contract-version", "the settlement was computed by another contract version than the instance pins")
    package static let alreadySettled = RejectionKind(
        125, "already-settled", "the period is settled; a correction names the version that it replaces")
    package static let otherPrevious = RejectionKind(
        126, "other-previous",
        "the settlement replaces another version than the current one; fetch that and compute again")
    package static let wrongStage = RejectionKind(
        127, "wrong-stage",
        "the stage does not follow: provisional while readings lack before the deadline, then final, then corrected")
    package static let totalsInvalid = RejectionKind(128, "totals-invalid", "the claimed totals contradict themselves")
    package static let notAttested = RejectionKind(
        129, "not-attested", "the attestations do not satisfy the community's policy")
    package static let wrongCounts = RejectionKind(
        130, "wrong-counts",
        "the settlement counts no members, more than the community has, or more without readings than members")
    package static let batchNotAnchored = RejectionKind(
        131, "batch-not-anchored", "a reading batch is not anchored, or was deleted; anchor it before settling")
    package static let batchesNotListed = RejectionKind(
        132, "batches-not-listed", "the rules want the batches listed, and the list is not that of the inputs")
    package static let windowClosed = RejectionKind(
        133, "window-closed", "the correction window of the period is closed; post the difference in a later period")
    package static let totalsOpen = RejectionKind(
        134, "totals-open",
        "only the first final version of a period shows its totals: the difference of two versions is somebody's reading"
    )

    package static let periodBegun = RejectionKind(
        135, "period-begun",
        "without the member's signature this takes effect from a period on that has not begun; choose a later one")
    package static let windowsOpen = RejectionKind(
        136, "windows-open", "settlements of the community can still be corrected; end it when their windows are closed"
    )

    package static var rejections: [RejectionKind] {
        [
            rulesInvalid, rulesTooLong, attestersUnknown, notAdministrator, memberInvalid, consentOtherAttesters,
            consentSignature, startSettled, communityFull, memberUnknown, membershipEnded,
            membersRemain, memberSignature, agentUnknown, amendmentsFull, oracleUnknown, notOracle, pricesInvalid,
            consentUsed,
            notSettler, periodNotOver, otherRules, otherMembers, otherContractVersion, alreadySettled,
            otherPrevious, wrongStage, totalsInvalid, notAttested, wrongCounts, batchNotAnchored,
            batchesNotListed, windowClosed, totalsOpen, periodBegun, windowsOpen,
        ]
    }
}
