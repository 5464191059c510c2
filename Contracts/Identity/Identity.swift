internal import Chain
package import ContractKit
internal import LedgerCrypto
internal import Primitives

/// Which keys and meters belong to which partner. Nothing about natural persons is stored here.
///
/// Invariants (checked by `IdentityTests`):
/// - Only a partner's own key, never a delegate's, delegates or revokes; a delegate has at most the partner's roles.
/// - A meter is registered once, confirmed only by the grid operator that it names, and in at most one community; a
///   retired meter is in none and never comes back.
/// - A revoked signing key stays revoked.
package enum Identity: Contract {
    package static let name = "identity"
    package static let version: UInt32 = 1
    package static let summary = "Delegations, data providers' signing keys and meters."

    /// Longest delegation: a year of block time, in milliseconds.
    package static let delegationMillisecondsMax: UInt64 = 366 * 86_400_000

    package static var storage: [StorageDeclaration] {
        [Directory.delegations.declaration, Directory.meters.declaration, Directory.signingKeys.declaration]
    }

    // MARK: Rejections

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

    package static var rejections: [RejectionKind] {
        [
            expiryWrong, delegationUnknown, meterExists, meterUnknown, notItsOperator, partnerWithoutRole,
            alreadyConfirmed, meterRetired, notConfirmed, inCommunity, notInCommunity, proofWrong, signingKeyExists,
            signingKeyUnknown,
        ]
    }

    // MARK: Events

    package static let delegated = EventKind<DelegationNotice>(1, "delegated", "A key may act for a partner.")
    package static let undelegated = EventKind<DelegationNotice>(2, "undelegated", "A delegation was revoked.")
    package static let meterChanged = EventKind<Meter>(3, "meterChanged", "A meter's registration was written.")
    package static let signingKeyChanged = EventKind<SigningKeyNotice>(
        4, "signingKeyChanged", "A data provider registered or revoked a signing key.")

    package static var events: [EventDeclaration] {
        [delegated.declaration, undelegated.declaration, meterChanged.declaration, signingKeyChanged.declaration]
    }

    // MARK: Calls

    static let begin = Method<IdentityGenesis, Nothing>(
        0, "initialize", "Takes the meters of the genesis.", initialize)
    package static let delegate = Method<Delegate, Nothing>(
        1, "delegate", "Lets a key act for the calling partner with some of its roles.", delegate)
    package static let undelegate = Method<Undelegate, Nothing>(
        2, "undelegate", "Revokes a delegation at once.", undelegate)
    package static let registerMeter = Method<RegisterMeter, Nothing>(
        3, "registerMeter", "Registers a meter; confirmed at once when the caller is its grid operator.",
        registerMeter)
    package static let confirmMeter = Method<JoinMeter, Nothing>(
        4, "confirmMeter", "The grid operator confirms that the meter belongs to the holder.", confirmMeter)
    package static let retireMeter = Method<MeterID, Nothing>(
        5, "retireMeter", "The grid operator retires a meter that is in no community, for ever.", retireMeter)
    package static let joinMeter = Method<JoinMeter, Nothing>(
        MeterMessages.join.number, MeterMessages.join.name, "A community instance takes a meter.", joinMeter)
    package static let leaveMeter = Method<MeterID, Nothing>(
        MeterMessages.leave.number, MeterMessages.leave.name, "A community instance lets a meter go.", leaveMeter)
    package static let addSigningKey = Method<AddSigningKey, Nothing>(
        8, "addSigningKey", "A data provider registers a key with which it signs batches.", addSigningKey)
    package static let revokeSigningKey = Method<RevokeSigningKey, Nothing>(
        9, "revokeSigningKey", "A data provider revokes a signing key from now on.", revokeSigningKey)

    package static var initialize: CallDeclaration? { begin.declaration }
    package static var calls: [CallDeclaration] {
        [
            delegate.declaration, undelegate.declaration, registerMeter.declaration, confirmMeter.declaration,
            retireMeter.declaration, joinMeter.declaration, leaveMeter.declaration, addSigningKey.declaration,
            revokeSigningKey.declaration,
        ]
    }

    package static let meterQuery = Query<MeterID, Meter>(1, "meter", "A meter by number.") {
        (context, id) throws(Rejection) in try meter(id.meter, context)
    }
    package static var queries: [CallDeclaration] { [meterQuery.declaration] }
}
