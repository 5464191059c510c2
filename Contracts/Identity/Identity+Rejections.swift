package import ContractKit

/// Refusals of this contract, by rule.
extension Identity {
    // MARK: Bindings

    package static let expiryWrong = RejectionKind(
        100, "expiry-wrong", "a delegation ends after now and within 366 days")
    package static let delegationUnknown = RejectionKind(101, "delegation-unknown", "no such delegation")
    package static let meterExists = RejectionKind(102, "meter-exists", "a meter with this number is registered")
    package static let meterUnknown = RejectionKind(103, "meter-unknown", "no meter has this number")
    package static let notItsOperator = RejectionKind(
        104, "not-its-operator", "only the grid operator that the registration names may do this")
    package static let partnerWithoutRole = RejectionKind(
        105, "partner-without-role", "a partner named here is unknown, suspended or has not the role")
    package static let alreadyConfirmed = RejectionKind(106, "already-confirmed", "the meter was confirmed before")
    package static let meterRetired = RejectionKind(107, "meter-retired", "the meter was retired")
    package static let notConfirmed = RejectionKind(
        108, "not-confirmed", "the grid operator has not confirmed this meter for this holder")
    package static let inCommunity = RejectionKind(
        109, "in-community", "the meter is in a community; it must leave that one first")
    package static let notInCommunity = RejectionKind(
        110, "not-in-community", "the meter is not in the calling community")
    package static let proofWrong = RejectionKind(
        111, "proof-wrong", "the proof of possession is not a signature by the new key over this partner")
    package static let signingKeyExists = RejectionKind(
        112, "signing-key-exists", "the key was registered before; a revoked key does not come back")
    package static let signingKeyUnknown = RejectionKind(
        113, "signing-key-unknown", "the partner has no valid signing key like this")
    package static let notFree = RejectionKind(
        114, "not-free", "another community settles the meter until a later time; begin the membership then")
    package static let keysJustReplaced = RejectionKind(
        115, "keys-just-replaced", "the partner's keys were replaced in this block; send it again")

    // MARK: Documents

    package static let labelWrong = RejectionKind(
        120, "label-wrong", "fragments have 1 to 32 characters a-z, A-Z, 0-9, hyphen and underscore")
    package static let labelTwice = RejectionKind(121, "label-twice", "two keys or services have one fragment")
    package static let keyTwice = RejectionKind(122, "key-twice", "a key stands in the document twice")
    package static let purposeWrong = RejectionKind(
        123, "purpose-wrong",
        "X25519 keys are for keyAgreement only, all others for anything else, and each key for something")
    package static let keyWeak = RejectionKind(124, "key-weak", "the key is a point of small order")
    package static let nobodyControls = RejectionKind(
        125, "nobody-controls", "a document needs a capabilityInvocation key or a controller")
    package static let serviceWrong = RejectionKind(
        126, "service-wrong",
        "a service has a one-word type, accept values that are media types, and DIDs as routing keys")
    package static let notHTTPS = RejectionKind(
        127, "not-https", "addresses are https://host[:port][/path], without user, query and fragment")
    package static let aliasRefused = RejectionKind(
        128, "alias-refused", "alsoKnownAs names an organisation: https://host or did:web:host, never a person")
    package static let controllerUnknown = RejectionKind(
        129, "controller-unknown", "a controller is no live DID of this network")
    package static let documentTooLarge = RejectionKind(
        130, "document-too-large", "a document has at most 8,192 bytes")
    package static let possessionNotProved = RejectionKind(
        131, "possession-not-proved", "every new signing key signs the operation")
    package static let documentExists = RejectionKind(132, "did-exists", "the DID was created before")
    package static let documentUnknown = RejectionKind(133, "did-unknown", "no such DID")
    package static let documentDeactivated = RejectionKind(134, "did-deactivated", "the DID is deactivated for ever")
    package static let versionConflict = RejectionKind(
        135, "version-conflict", "the change does not follow the newest version; read that and sign again")
    package static let notController = RejectionKind(
        136, "not-controller", "the key may not do this for the DID")
    package static let commitmentBroken = RejectionKind(
        137, "commitment-broken", "only the key that the last version committed to may change the document")
    package static let signatureWrong = RejectionKind(
        138, "signature-wrong", "the signature does not fit the key and this operation")
    package static let sequenceWrong = RejectionKind(139, "sequence-wrong", "the grant names another sequence number")
    package static let grantWrong = RejectionKind(
        140, "grant-wrong", "a grant ends after now and within 366 days")
    package static let grantUnknown = RejectionKind(141, "grant-unknown", "the key has no grant")
    package static let notEndorsed = RejectionKind(
        142, "not-endorsed", "the named partner does not endorse the DID now")
    package static let endorsedBefore = RejectionKind(143, "endorsed-before", "the partner endorses the DID already")
    package static let endorsementUnknown = RejectionKind(
        144, "endorsement-unknown", "the partner does not endorse the DID")
    package static let reasonUnknown = RejectionKind(145, "reason-unknown", "the council's reasons are numbers 2 to 5")
    package static let votedBefore = RejectionKind(146, "voted-before", "the member voted for this reason before")

    // MARK: Objects

    package static let notCanonical = RejectionKind(
        150, "not-canonical", "the content is no canonical JSON object (RFC 8785, whole numbers only)")
    package static let contentWrong = RejectionKind(
        151, "content-wrong", "the content has not the members and values of its format")
    package static let nameWrong = RejectionKind(
        152, "name-wrong", "names, versions and tags have 1 to 64 characters a-z, A-Z, 0-9, hyphen, dot and underscore")
    package static let issuerWrong = RejectionKind(
        153, "issuer-wrong", "issuerId is not the DID that registers the object")
    package static let objectExists = RejectionKind(154, "object-exists", "the object was registered before; it stays")
    package static let objectUnknown = RejectionKind(155, "object-unknown", "the object that is named is not there")
    package static let notItsOwner = RejectionKind(
        156, "not-its-owner", "the credential definition belongs to another DID")
    package static let listWrong = RejectionKind(
        157, "list-wrong", "a revocation list has one bit per credential, no others, and an accumulator")
    package static let timeGoesBack = RejectionKind(158, "time-goes-back", "a version cannot be older than the last")

    package static var rejections: [RejectionKind] {
        [
            expiryWrong, delegationUnknown, meterExists, meterUnknown, notItsOperator, partnerWithoutRole,
            alreadyConfirmed, meterRetired, notConfirmed, inCommunity, notInCommunity, proofWrong, signingKeyExists,
            signingKeyUnknown, notFree, keysJustReplaced, labelWrong, labelTwice, keyTwice, purposeWrong, keyWeak,
            nobodyControls, serviceWrong,
            notHTTPS, aliasRefused, controllerUnknown, documentTooLarge, possessionNotProved, documentExists,
            documentUnknown, documentDeactivated, versionConflict, notController, commitmentBroken, signatureWrong,
            sequenceWrong, grantWrong, grantUnknown, notEndorsed, endorsedBefore, endorsementUnknown, reasonUnknown,
            votedBefore, notCanonical, contentWrong, nameWrong, issuerWrong, objectExists, objectUnknown, notItsOwner,
            listWrong, timeGoesBack,
        ]
    }
}
