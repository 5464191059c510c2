package import Chain
package import LedgerCrypto
package import Primitives

/// Instances that genesis makes.
package enum WellKnown {
    package static let host = Address(wellKnown: "host")
    package static let instances = Address(wellKnown: "instances")
    package static let governance = Address(wellKnown: "governance")
    package static let identity = Address(wellKnown: "identity")
    package static let anchors = Address(wellKnown: "anchors")
    package static let registry = Address(wellKnown: "registry")
    package static let trading = Address(wellKnown: "trading")
    package static let results = Address(wellKnown: "results")
}

/// A consortium partner, as Governance stores it.
package struct Partner: Hashable, Sendable, ContractValue {
    package static let idBytesMax = Validator.partnerBytesMax
    package static let nameBytesMax = 128
    package static let keysMax = 8

    /// Lower-case letters, digits and hyphens; never changes.
    package let id: String
    package var name: String
    package var roles: Roles
    /// Keys that sign transactions and attestations for it; at most 8.
    package var keys: [PublicKey]
    package var isSuspended: Bool

    package init(id: String, name: String, roles: Roles, keys: [PublicKey], isSuspended: Bool = false) {
        self.id = id
        self.name = name
        self.roles = roles
        self.keys = keys
        self.isSuspended = isSuspended
    }

    package static let shape = Shape.fields(
        "Partner", ("id", .text(max: idBytesMax)), ("name", .text(max: nameBytesMax)), ("roles", Roles.shape),
        ("keys", .list(.publicKey, max: keysMax)), ("isSuspended", .bool))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(id)
        encoder.string(name)
        encoder.value(roles)
        encoder.vector(keys)
        encoder.bool(isSuspended)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        id = try decoder.string(max: Partner.idBytesMax)
        name = try decoder.string(max: Partner.nameBytesMax)
        roles = try Roles(from: &decoder)
        keys = try decoder.vector(max: Partner.keysMax)
        isSuspended = try decoder.bool()
    }
}

extension Context {
    /// A partner by identifier, as Governance has it; also suspended ones.
    package func partner(_ id: String) throws(Rejection) -> Partner? {
        try read(Directory.partners.stateKey(id, at: WellKnown.governance))
    }

    /// The council's members in order, as Governance has them.
    package func councilMembers() throws(Rejection) -> [String] {
        let governance = Context(
            instance: WellKnown.governance, caller: caller, depth: depth, services: services)
        return try Directory.council.page(limit: Context.pageEntriesMax, in: governance)
    }

    /// Whether at least two thirds of `members`, and one of them, agree.
    package func twoThirds(
        of members: [String], agree: (_ member: String) throws(Rejection) -> Bool
    ) throws(Rejection) -> Bool {
        var agreeing = 0
        for member in members where try agree(member) { agreeing += 1 }
        return !members.isEmpty && agreeing * 3 >= members.count * 2
    }

    /// Whether a council member's vote of that block time counts still: it lapses after 30 days, since what it was about may be
    /// over.
    package func counts(voteOf time: Timestamp) -> Bool { self.time <= time.adding(days: UInt32(30)) }

    /// The partner whose own key this is. Delegated keys belong to nobody here.
    package func holder(of key: PublicKey) throws(Rejection) -> String? {
        let holder: KeyHolder? = try read(Directory.keys.stateKey(key, at: WellKnown.governance))
        return holder?.partner
    }
}

/// The partner that a key belongs to.
package struct KeyHolder: Hashable, Sendable, BCSCodable {
    package let partner: String
    package init(partner: String) { self.partner = partner }
    package func encode(to encoder: inout BCSEncoder) { encoder.string(partner) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
    }
}

/// Governance's and Identity's records that the host and every contract read. Those two contracts alone write them.
package enum Directory {
    /// At `WellKnown.governance`.
    package static let partners = StorageMap<String, Partner>(1, "partners")
    /// At `WellKnown.governance`: own keys of partners.
    package static let keys = StorageMap<PublicKey, KeyHolder>(2, "keys")
    /// At `WellKnown.governance`: the partners of the council.
    package static let council = StorageIndex<String>(6, "council")
    /// At `WellKnown.governance`, by contract name.
    package static let activeVersions = StorageMap<String, ActiveVersion>(3, "activeVersions")
    /// At `WellKnown.governance`.
    package static let parameters = StorageValue<NetworkParameters>(4, "parameters")
    /// At `WellKnown.governance`: block time at which the council last replaced the keys of a partner. Delegations and signing
    /// keys that were made until then do not count: keys are replaced when somebody else had them.
    package static let keysReplaced = StorageMap<String, Timestamp>(20, "keysReplaced")
    /// At `WellKnown.identity`: partner and the key that acts for it.
    package static let delegations = StorageMap<Pair<String, PublicKey>, Delegation>(1, "delegations")
    /// At `WellKnown.identity`, by pseudonymous meter number.
    package static let meters = StorageMap<UInt64, Meter>(2, "meters")
    /// At `WellKnown.identity`: keys with which data providers sign uploaded batches.
    package static let signingKeys = StorageMap<Pair<String, PublicKey>, SigningKey>(3, "signingKeys")
    /// At `WellKnown.anchors`, by content address.
    package static let batches = StorageMap<Digest, BatchAnchor>(2, "batches")
    /// At `WellKnown.anchors`: deletions, by content address of the batch.
    package static let tombstones = StorageMap<Digest, Tombstone>(3, "tombstones")
}

extension Context {
    /// When the council last replaced the keys of a partner; nil when it never did.
    package func keysReplaced(of partner: String) throws(Rejection) -> Timestamp? {
        try read(Directory.keysReplaced.stateKey(partner, at: WellKnown.governance))
    }

    /// A meter's registration; nil when there is none.
    package func meter(_ number: UInt64) throws(Rejection) -> Meter? {
        try read(Directory.meters.stateKey(number, at: WellKnown.identity))
    }

    /// An anchored batch by content address; also when it was superseded or deleted.
    package func batch(_ digest: Digest) throws(Rejection) -> BatchAnchor? {
        try read(Directory.batches.stateKey(digest, at: WellKnown.anchors))
    }

    /// Whether the owner declared the batch deleted.
    package func isDeleted(_ batch: Digest) throws(Rejection) -> Bool {
        try readBytes(Directory.tombstones.stateKey(batch, at: WellKnown.anchors)) != nil
    }
}
