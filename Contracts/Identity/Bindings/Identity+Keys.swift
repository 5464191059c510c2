internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Identity {
    static func delegate(_ context: Context, _ request: Delegate) throws(Rejection) -> Nothing {
        let partner = try context.requireOwnKey("a delegate does not delegate")
        let latest = context.time.adding(milliseconds: delegationMillisecondsMax)
        try require(request.expiry > context.time && request.expiry <= latest, expiryWrong())
        // A delegate never gets more than the partner has; the host narrows it again when roles are taken away later.
        try require(!request.roles.isEmpty && request.roles.isSubset(of: partner.roles), partnerWithoutRole())
        try requireLater(than: context.keysReplaced(of: partner.id), context)
        let delegation = Delegation(roles: request.roles, expiry: request.expiry, since: context.time)
        try Directory.delegations.set(Pair(partner.id, request.key), delegation, in: context)
        try context.emit(
            delegated,
            DelegationNotice(
                partner: partner.id, key: request.key, roles: request.roles, expiry: request.expiry))
        return Nothing()
    }

    static func undelegate(_ context: Context, _ request: Undelegate) throws(Rejection) -> Nothing {
        let partner = try context.requireOwnKey("a delegate does not delegate")
        let key = Pair(partner.id, request.key)
        guard let delegation = try Directory.delegations.get(key, in: context) else { throw delegationUnknown() }
        try Directory.delegations.remove(key, in: context)
        try context.emit(
            undelegated,
            DelegationNotice(
                partner: partner.id, key: request.key, roles: delegation.roles, expiry: delegation.expiry))
        return Nothing()
    }

    static func addSigningKey(_ context: Context, _ request: AddSigningKey) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .dataProvider)
        // A key outlives the delegation of whoever registers it.
        try context.requireOwnKey("signing keys are the partner's own to register and to revoke")
        let key = Pair(partner, request.key)
        let replaced = try context.keysReplaced(of: partner)
        if let known = try Directory.signingKeys.get(key, in: context) {
            // What does not count since the keys were replaced may be registered again, unless it was revoked.
            let isLapsed = known.revoked == nil && !known.isValid(at: context.time, keysReplaced: replaced)
            try require(isLapsed, signingKeyExists())
        }
        try requireLater(than: replaced, context)
        try context.spend(Context.signatureWork(request.key.scheme))
        let digest = AddSigningKey.signingDigest(network: context.network, partner: partner, key: request.key)
        try require(SignatureVerifier.verify(request.proof, by: request.key, over: digest), proofWrong())
        try store(SigningKey(since: context.time), key, context)
        return Nothing()
    }

    static func revokeSigningKey(_ context: Context, _ request: RevokeSigningKey) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .dataProvider)
        // A key outlives the delegation of whoever registers it.
        try context.requireOwnKey("signing keys are the partner's own to register and to revoke")
        let key = Pair(partner, request.key)
        guard var record = try Directory.signingKeys.get(key, in: context), record.revoked == nil else {
            throw signingKeyUnknown()
        }
        record.revoked = context.time
        try store(record, key, context)
        return Nothing()
    }

    /// A block's time stands for all that is in it: which came first, the replacement or this, is not known within one.
    private static func requireLater(than replaced: Timestamp?, _ context: Context) throws(Rejection) {
        if let replaced { try require(context.time > replaced, keysJustReplaced()) }
    }

    private static func store(
        _ record: SigningKey, _ key: Pair<String, PublicKey>, _ context: Context
    ) throws(Rejection) {
        try Directory.signingKeys.set(key, record, in: context)
        try context.emit(
            signingKeyChanged, SigningKeyNotice(partner: key.first, key: key.second, isValid: record.revoked == nil))
    }
}
