package import ContractKit

extension Accounts {
    package static let accountUnknown = RejectionKind(200, "account-unknown", "the holder has no marketplace account")
    package static let accountExists = RejectionKind(201, "account-exists", "the holder confirmed an account before")
    package static let holderWrong = RejectionKind(
        202, "holder-wrong",
        "an organisation's holder is SHA-256 of a live DID of this network, a person's is that of the did:key of its one key"
    )
    package static let rolesWrong = RejectionKind(
        203, "roles-wrong",
        "a contract gives roles that the account has not; the operator's role comes from the council")
    package static let administratorsWrong = RejectionKind(
        204, "administrators-wrong",
        "an organisation starts with 1 to 8 administrators, each once; a person with itself")
    package static let contractUnknown = RejectionKind(205, "contract-unknown", "the account has no such contract")
    package static let contractConfirmed = RejectionKind(
        206, "contract-confirmed", "the holder confirmed this contract before")
    package static let notHolder = RejectionKind(207, "not-holder", "the key is none that speaks for the holder's DID")
    package static let signatureWrong = RejectionKind(
        208, "signature-wrong", "the signature does not fit the key and what it should sign")
    package static let stepForbidden = RejectionKind(
        209, "step-forbidden", "the account's status does not allow this step")
    package static let notConfirmed = RejectionKind(
        210, "not-confirmed", "the account waits for its holder's confirmation")
    package static let accountSuspended = RejectionKind(
        211, "account-suspended", "the account is suspended: it may only take back what it gave")
    package static let accountRevoked = RejectionKind(
        212, "account-revoked", "the account is revoked: it may only take back what it gave")
    package static let notActor = RejectionKind(213, "not-actor", "the key does not act for the account")
    package static let capabilityMissing = RejectionKind(
        214, "capability-missing", "the roles of the account, or of the key in it, do not allow this")
    package static let sequenceWrong = RejectionKind(
        215, "sequence-wrong", "the act names another sequence number than the next one; read it and sign again")
    package static let administratorNeeded = RejectionKind(
        216, "administrator-needed", "only an administrator of the account may do this")
    package static let lastAdministrator = RejectionKind(
        217, "last-administrator", "an account keeps at least one administrator")
    package static let actorRolesWrong = RejectionKind(
        218, "actor-roles-wrong",
        "a member has some of the account's roles; an administrator and one that is taken out have none of their own")
    package static let personAlone = RejectionKind(219, "person-alone", "a person acts with its own key only")
    package static let reasonMissing = RejectionKind(220, "reason-missing", "a reason is a number above 0")
    package static let operatorUnchanged = RejectionKind(
        221, "operator-unchanged", "the account has the operator's role already, or has it not")
    package static let votedBefore = RejectionKind(222, "voted-before", "the member voted so before")
    package static let contractsMax = RejectionKind(223, "contracts-max", "an account has at most 1,000 contracts")

    package static let sponsorGone = RejectionKind(
        224, "sponsor-gone", "the partner that offered the contract is an issuer no longer; ask for a new one")
    package static let holderEnded = RejectionKind(
        225, "holder-ended",
        "the organisation's DID is deactivated: it may only take back what it gave, and take out what it has")

    package static let pendingMax = RejectionKind(
        226, "pending-max",
        "8 contracts of this issuer wait for the holder; name the one whose place the new one takes")
    package static let actExpired = RejectionKind(
        227, "act-expired", "the act's time is over; sign a new one")
    package static let actLasting = RejectionKind(
        228, "act-lasting", "an act holds for at most 30 days; sign one that ends sooner")
    package static let judgedBefore = RejectionKind(
        229, "judged-before", "another operator must judge an operator the same; this one did before")

    package static let reasonDiffers = RejectionKind(
        230, "reason-differs", "a second operator judges the same for the same reason as the first")

    package static var rejections: [RejectionKind] {
        [
            accountUnknown, accountExists, holderWrong, rolesWrong, administratorsWrong, contractUnknown,
            contractConfirmed, notHolder, signatureWrong, stepForbidden, notConfirmed, accountSuspended, accountRevoked,
            notActor, capabilityMissing, sequenceWrong, administratorNeeded, lastAdministrator, actorRolesWrong,
            personAlone, reasonMissing, operatorUnchanged, votedBefore, contractsMax, sponsorGone, holderEnded,
            pendingMax, actExpired, actLasting, judgedBefore, reasonDiffers,
        ]
    }
}
