internal import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// Which keys and meters belong to which partner (Bindings), the DID documents of organisations (Documents), their
/// schemas and credential definitions (Credentials), and what was revoked (Status). Nothing about natural persons is
/// stored here. README.md is the specification of the DID method.
///
/// Invariants (checked by `BindingTests`, `DocumentTests`, `CredentialTests` and `RegistryPropertyTests`):
/// - A DID is the digest of its create operation. Its versions are numbered 1, 2, 3, … without gaps, in order of time;
///   none is ever changed or removed, and none follows the one that deactivates it.
/// - A document changes only by a signature of a control key, or of the key that its last version committed to, and only
///   onto the version that the change names. Every signing key in a document proved that somebody holds it.
/// - An object belongs to one live DID when it is written. Schemas, credential definitions and revocation registries
///   have one version.
/// - Only a partner's own key, never a delegate's, delegates or revokes; a delegate has at most the partner's roles.
/// - A meter is registered once, confirmed only by the grid operator that it names, and in at most one community; a
///   retired meter is in none and never comes back.
/// - A revoked signing key stays revoked.
package enum Identity: Contract {
    package static let name = "identity"
    package static let version: UInt32 = 2
    package static let summary =
        "DIDs, schemas, credential definitions and revocation; delegations, data providers' signing keys and meters."

    /// Longest delegation: a year of block time, in milliseconds.
    package static let delegationMillisecondsMax: UInt64 = 366 * 86_400_000

    // MARK: Storage. Numbers 1 to 3 are `Directory`. Objects go by `ObjectID`, versions from 1.

    package static let heads = StorageMap<Digest, ObjectHead>(4, "heads")
    package static let versions = StorageMap<Pair<Digest, UInt32>, ObjectVersion>(5, "versions")
    /// Canonical JSON by its digest, in parts. Revocation lists lie here as BCS of `RevocationState`.
    package static let contents = StorageMap<Pair<Digest, UInt16>, ContentPart>(6, "contents")
    package static let controls = StorageMap<Digest, ControlRecord>(7, "controls")
    package static let endorsements = StorageMap<Pair<Digest, String>, Endorsement>(8, "endorsements")
    package static let grants = StorageMap<Pair<Digest, PublicKey>, GrantRecord>(9, "grants")
    package static let votes = StorageMap<Pair<Digest, String>, DeactivationVote>(10, "votes")
    package static let network = StorageValue<NetworkName>(11, "network")

    package static var storage: [StorageDeclaration] {
        [
            Directory.delegations.declaration, Directory.meters.declaration, Directory.signingKeys.declaration,
            heads.declaration, versions.declaration, contents.declaration, controls.declaration,
            endorsements.declaration, grants.declaration, votes.declaration, network.declaration,
        ]
    }

    // MARK: Events

    package static let delegated = EventKind<DelegationNotice>(1, "delegated", "A key may act for a partner.")
    package static let undelegated = EventKind<DelegationNotice>(2, "undelegated", "A delegation was revoked.")
    package static let meterChanged = EventKind<Meter>(3, "meterChanged", "A meter's registration was written.")
    package static let signingKeyChanged = EventKind<SigningKeyNotice>(
        4, "signingKeyChanged", "A data provider registered or revoked a signing key.")

    package static let objectChanged = EventKind<ObjectNotice>(
        5, "objectChanged", "A version of a DID document or of an issuer's object was written.")
    package static let endorsed = EventKind<EndorsementNotice>(
        6, "endorsed", "A partner endorsed the organisation of a DID, or no longer does.")
    package static let granted = EventKind<GrantNotice>(
        7, "granted", "A DID let a key register or revoke in its name, or no longer does.")
    package static let voted = EventKind<VoteNotice>(
        8, "voted", "A council member voted to deactivate a DID.")

    package static var events: [EventDeclaration] {
        [
            delegated.declaration, undelegated.declaration, meterChanged.declaration, signingKeyChanged.declaration,
            objectChanged.declaration, endorsed.declaration, granted.declaration, voted.declaration,
        ]
    }

    // MARK: Calls

    static let begin = Method<IdentityGenesis, Nothing>(
        0, "initialize", "Takes the network's name and the meters of the genesis.", initialize)
    package static let delegate = Method<Delegate, Nothing>(
        1, "delegate", "Lets a key act for the calling partner with some of its roles.", delegate)
    package static let undelegate = Method<Undelegate, Nothing>(
        2, "undelegate", "Revokes a delegation at once.", undelegate)
    package static let registerMeter = Method<RegisterMeter, Nothing>(
        3, "registerMeter", "Registers a meter; confirmed at once when the caller is its grid operator.",
        registerMeter)
    package static let confirmMeter = Method<ConfirmMeter, Nothing>(
        4, "confirmMeter", "The grid operator confirms that the meter belongs to the holder.", confirmMeter)
    package static let retireMeter = Method<MeterID, Nothing>(
        5, "retireMeter", "The grid operator retires a meter that is in no community, for ever.", retireMeter)
    package static let joinMeter = Method<JoinMeter, Nothing>(
        MeterMessages.join.number, MeterMessages.join.name, "A community instance takes a meter.", joinMeter)
    package static let leaveMeter = Method<LeaveMeter, Nothing>(
        MeterMessages.leave.number, MeterMessages.leave.name, "A community instance lets a meter go.", leaveMeter)
    package static let addSigningKey = Method<AddSigningKey, Nothing>(
        8, "addSigningKey", "A data provider registers a key with which it signs batches.", addSigningKey)
    package static let revokeSigningKey = Method<RevokeSigningKey, Nothing>(
        9, "revokeSigningKey", "A data provider revokes a signing key from now on.", revokeSigningKey)

    package static let create = Method<CreateDocument, ObjectNotice>(
        10, "createDocument", "An issuer partner registers the DID of an organisation that it endorses by that.",
        createDocument)
    package static let update = Method<UpdateDocument, ObjectNotice>(
        11, "updateDocument", "A control key replaces the document: services, keys, controllers.", updateDocument)
    package static let deactivate = Method<DeactivateDocument, ObjectNotice>(
        12, "deactivateDocument", "A control key ends the DID for ever.", deactivateDocument)
    package static let vote = Method<VoteDeactivation, Nothing>(
        13, "voteDeactivation", "A council member votes to end a DID; two thirds of the council do it.",
        voteDeactivation)
    package static let grant = Method<SetGrant, Nothing>(
        14, "setGrant", "A DID lets another key register or revoke in its name; no rights end that.", setGrant)
    package static let endorse = Method<DocumentID, Nothing>(
        15, "endorse", "An issuer partner endorses the organisation of a DID.", endorseDocument)
    package static let withdraw = Method<DocumentID, Nothing>(
        16, "withdrawEndorsement", "A partner no longer endorses a DID.", withdrawEndorsement)
    package static let schema = Method<RegisterObject, ObjectNotice>(
        17, "registerSchema", "Registers an AnonCreds schema of an endorsed DID, for ever.", registerSchema)
    package static let credentialDefinition = Method<RegisterObject, ObjectNotice>(
        18, "registerCredentialDefinition", "Registers an AnonCreds credential definition, for ever.",
        registerCredentialDefinition)
    package static let revocationRegistry = Method<RegisterObject, ObjectNotice>(
        19, "registerRevocationRegistry", "Registers an AnonCreds revocation registry definition, for ever.",
        registerRevocationRegistry)
    package static let revocationList = Method<UpdateRevocationList, ObjectNotice>(
        20, "updateRevocationList", "Writes the next revocation list of a registry.", updateRevocationList)
    package static let credentialSchema = Method<RegisterObject, ObjectNotice>(
        21, "registerCredentialSchema", "Registers a JSON Schema for W3C credentials of an endorsed DID, for ever.",
        registerCredentialSchema)
    package static let statusList = Method<AnchorStatusList, ObjectNotice>(
        22, "anchorStatusList", "Anchors the next version of a Bitstring Status List by its digest.", anchorStatusList)

    package static var initialize: CallDeclaration? { begin.declaration }
    package static var calls: [CallDeclaration] {
        [
            delegate.declaration, undelegate.declaration, registerMeter.declaration, confirmMeter.declaration,
            retireMeter.declaration, joinMeter.declaration, leaveMeter.declaration, addSigningKey.declaration,
            revokeSigningKey.declaration, create.declaration, update.declaration, deactivate.declaration,
            vote.declaration, grant.declaration, endorse.declaration, withdraw.declaration, schema.declaration,
            credentialDefinition.declaration, revocationRegistry.declaration, revocationList.declaration,
            credentialSchema.declaration, statusList.declaration,
        ]
    }

    package static let meterQuery = Query<MeterID, Meter>(1, "meter", "A meter by number.") {
        (context, id) throws(Rejection) in try meter(id.meter, context)
    }
    package static var queries: [CallDeclaration] { [meterQuery.declaration] }
}
