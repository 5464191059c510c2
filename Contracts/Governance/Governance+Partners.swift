internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Governance {
    static func initialize(_ context: Context, _ genesis: GovernanceGenesis) throws(Rejection) -> Nothing {
        guard context.caller.origin == .genesis else { throw HostRejection.notPermitted() }
        if let problem = genesis.parameters.problem { throw parametersInvalid(problem) }
        try Directory.parameters.set(genesis.parameters, in: context)
        for partner in genesis.partners { try add(partner, context) }
        try checkCouncil(context)
        for validator in context.block.validators.validators {
            try require(
                partner(validator.partner, context).roles.contains(.validator), roleNeeded(validator.partner))
            try validators.set(validator.partner, validator, in: context)
            try validatorIDs.insert(validator.partner, in: context)
        }
        try store(context.block.validators, for: context.block.epoch, context)
        return Nothing()
    }

    static func partner(_ id: String, _ context: Context) throws(Rejection) -> Partner {
        guard let partner = try Directory.partners.get(id, in: context) else { throw partnerUnknown(id) }
        return partner
    }

    static func add(_ partner: Partner, _ context: Context) throws(Rejection) {
        let isNamed = partner.id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard !partner.id.isEmpty, isNamed, !partner.name.isEmpty, !partner.roles.isEmpty, !partner.isSuspended else {
            throw malformedPartner(partner.id)
        }
        try require(!Directory.partners.contains(partner.id, in: context), partnerExists(partner.id))
        try claim(partner.keys, for: partner.id, context)
        try partnerIDs.insert(partner.id, in: context)
        try store(partner, context)
    }

    /// Takes keys that nobody has. Between 1 and 8, each once.
    private static func claim(_ keys: [PublicKey], for id: String, _ context: Context) throws(Rejection) {
        try require((1...Partner.keysMax).contains(keys.count), keyCount())
        for key in keys {
            try require(!Directory.keys.contains(key, in: context), keyInUse(key.description))
            try Directory.keys.set(key, KeyHolder(partner: id), in: context)
        }
    }

    /// Writes a partner and keeps the list of council members in step.
    private static func store(_ partner: Partner, _ context: Context) throws(Rejection) {
        try Directory.partners.set(partner.id, partner, in: context)
        if partner.roles.contains(.council) && !partner.isSuspended {
            try council.insert(partner.id, in: context)
        } else {
            try council.remove(partner.id, in: context)
        }
        try context.emit(partnerChanged, partner)
        if context.height > Height(0) { try checkCouncil(context) }
    }

    private static func checkCouncil(_ context: Context) throws(Rejection) {
        let count = try council.page(limit: councilMax + 1, in: context).count
        try require((1...councilMax).contains(count), councilSize())
    }

    static func change(_ id: String, name: String, roles: Roles, _ context: Context) throws(Rejection) {
        var changed = try partner(id, context)
        try require(!name.isEmpty && !roles.isEmpty, malformedPartner(id))
        let runsValidator = try validators.contains(id, in: context)
        try require(!runsValidator || roles.contains(.validator), roleNeeded(id))
        changed.name = name
        changed.roles = roles
        try store(changed, context)
    }

    static func replaceKeys(of id: String, _ keys: [PublicKey], _ context: Context) throws(Rejection) {
        var changed = try partner(id, context)
        for key in changed.keys { try Directory.keys.remove(key, in: context) }
        try claim(keys, for: id, context)
        changed.keys = keys
        try Directory.keysReplaced.set(id, context.time, in: context)
        // A thief may have put a key of his in place of the validator's: the partner puts its own there at once.
        try rotations.remove(id, in: context)
        try store(changed, context)
    }

    static func setSuspended(_ isSuspended: Bool, _ id: String, _ context: Context) throws(Rejection) {
        var changed = try partner(id, context)
        try require(changed.isSuspended != isSuspended, suspensionUnchanged(id))
        changed.isSuspended = isSuspended
        try store(changed, context)
    }

    static func locate(_ id: String, _ country: CountryCode, _ context: Context) throws(Rejection) {
        _ = try partner(id, context)
        try Directory.countries.set(id, country, in: context)
        try context.emit(located, PartnerCountry(partner: id, country: country))
    }

    // MARK: A partner's own keys

    static func addKey(_ context: Context, _ request: AddKey) throws(Rejection) -> Nothing {
        var changed = try ownRecord(context)
        try require(changed.keys.count < Partner.keysMax, keyCount())
        try require(!Directory.keys.contains(request.key, in: context), keyInUse(request.key.description))
        try context.spend(Context.signatureWork(request.key.scheme))
        let digest = AddKey.signingDigest(network: context.network, partner: changed.id, key: request.key)
        try require(SignatureVerifier.verify(request.proof, by: request.key, over: digest), proofWrong())
        changed.keys.append(request.key)
        try Directory.keys.set(request.key, KeyHolder(partner: changed.id), in: context)
        try store(changed, context)
        return Nothing()
    }

    static func removeKey(_ context: Context, _ request: RemoveKey) throws(Rejection) -> Nothing {
        var changed = try ownRecord(context)
        guard let index = changed.keys.firstIndex(of: request.key) else { throw keyUnknown(request.key.description) }
        try require(changed.keys.count > 1, keyCount())
        changed.keys.remove(at: index)
        try Directory.keys.remove(request.key, in: context)
        try store(changed, context)
        return Nothing()
    }

    /// The calling partner's record; a delegate may not change the partner's own keys.
    static func ownRecord(_ context: Context) throws(Rejection) -> Partner {
        try context.requireOwnKey("a partner's keys and its validator's are its own to change")
    }
}
