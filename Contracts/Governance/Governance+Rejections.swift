package import ContractKit

extension Governance {
    package static let malformedPartner = RejectionKind(
        100, "malformed-partner",
        "a partner needs an identifier of 1 to 64 characters a-z, 0-9 and hyphen, a name, a role, and 1 to 8 distinct keys"
    )
    package static let partnerExists = RejectionKind(101, "partner-exists", "a partner has this identifier already")
    package static let partnerUnknown = RejectionKind(102, "partner-unknown", "no partner has this identifier")
    package static let keyInUse = RejectionKind(103, "key-in-use", "the key belongs to a partner already")
    package static let keyUnknown = RejectionKind(104, "key-unknown", "the key is none of the partner's")
    package static let keyCount = RejectionKind(105, "key-count", "a partner keeps 1 to 8 keys")
    package static let councilSize = RejectionKind(106, "council-size", "the council has 1 to 64 active members")
    package static let proposalUnknown = RejectionKind(107, "proposal-unknown", "no proposal has this number")
    package static let proposalClosed = RejectionKind(
        108, "proposal-closed", "the proposal is not open any more; submit a new one")
    package static let alreadyApproved = RejectionKind(
        109, "already-approved", "this partner approved the proposal already")
    package static let notProposer = RejectionKind(110, "not-proposer", "only its proposer takes a proposal back")
    package static let approvalsMissing = RejectionKind(
        111, "approvals-missing", "fewer than two thirds of the present council approved the proposal")
    package static let validatorExists = RejectionKind(
        112, "validator-exists", "the partner runs a validator already, or another one has one of these keys")
    package static let validatorUnknown = RejectionKind(113, "validator-unknown", "the partner runs no validator")
    package static let proofWrong = RejectionKind(
        114, "proof-wrong", "the proof of possession is not a signature by the new key over this claim")
    package static let validatorCount = RejectionKind(
        115, "validator-count", "the network keeps 1 to 256 validators")
    package static let notSynced = RejectionKind(
        116, "not-synced", "the joining validator has not reported itself synchronised since the proposal")
    package static let rotatedRecently = RejectionKind(
        117, "rotated-recently", "the validator's keys were replaced less than a day ago")
    package static let evidenceWrong = RejectionKind(
        118, "evidence-wrong", "a signature of the evidence is not the validator's")
    package static let evidenceUnknown = RejectionKind(
        119, "evidence-unknown", "no validator had this position in that epoch")
    package static let versionNotReported = RejectionKind(
        120, "version-not-reported", "not every active validator reports carrying these sources")
    package static let versionNotNewer = RejectionKind(
        121, "version-not-newer", "a version that becomes active must be above the present one")
    package static let activationHeight = RejectionKind(
        122, "activation-height",
        "the height of an activation must lie ahead at enactment, by at most 10,000,000 blocks")
    package static let activationPending = RejectionKind(
        123, "activation-pending", "another version of this contract is about to become active")
    package static let parametersInvalid = RejectionKind(
        124, "parameters-invalid", "the parameters would stop the network")
    package static let roleNeeded = RejectionKind(
        125, "role-needed", "a partner that runs a validator needs the validator role")
    package static let notValidator = RejectionKind(
        126, "not-validator", "only partners that run a validator of this epoch report versions")
    package static let suspensionUnchanged = RejectionKind(
        127, "suspension-unchanged", "the partner is in that state already")
    package static let contractUnknown = RejectionKind(
        128, "contract-unknown", "the name is no valid contract name")
    package static let heightAhead = RejectionKind(
        129, "height-ahead", "a node cannot have executed a height that the chain has not reached")
    package static let tooManyProposals = RejectionKind(
        130, "too-many-proposals",
        "16 proposals of this partner are open: withdraw some, or wait until they are decided or expire")

    package static var rejections: [RejectionKind] {
        [
            malformedPartner, partnerExists, partnerUnknown, keyInUse, keyUnknown, keyCount, councilSize,
            proposalUnknown, proposalClosed, alreadyApproved, notProposer, approvalsMissing, validatorExists,
            validatorUnknown, proofWrong, validatorCount, notSynced, rotatedRecently, evidenceWrong, evidenceUnknown,
            versionNotReported, versionNotNewer, activationHeight, activationPending, parametersInvalid, roleNeeded,
            notValidator, suspensionUnchanged, contractUnknown, heightAhead, tooManyProposals,
        ]
    }
}
