package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// A member's agreement, signed with a key that the member uses for this community only. The credential itself (Data
/// Source credential) stays off chain; its digest is here.
package struct Consent: Hashable, Sendable, ContractValue {
    package static let domain = Array("commonwatt/consent/1".utf8)

    package let credential: Digest
    package let key: PublicKey
    /// The partners that may hold and recompute the member's readings, as in the community's policy; empty means every
    /// validator.
    package let attesters: [String]
    package let signature: Signature

    package init(credential: Digest, key: PublicKey, attesters: [String], signature: Signature) {
        self.credential = credential
        self.key = key
        self.attesters = attesters
        self.signature = signature
    }

    /// How the grid operator's confirmation in Identity names the holder of a meter: SHA-256 of the BCS bytes of the key
    /// that signs the consent.
    package static func holder(_ key: PublicKey) -> Digest { SHA256.hash(key.bcs) }

    package static let shape = Shape.fields(
        "Consent", ("credential", .digest), ("key", .publicKey),
        ("attesters", .list(.text(max: Partner.idBytesMax), max: AttestationPolicy.attestersMax)),
        ("signature", .signature))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(credential)
        encoder.value(key)
        encoder.vector(attesters) { $0.string($1) }
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        credential = try decoder.digest()
        key = try PublicKey(from: &decoder)
        attesters = try decoder.vector(max: AttestationPolicy.attestersMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> String in try decoder.string(max: Partner.idBytesMax)
        }
        signature = try Signature(from: &decoder)
    }
}

/// What a member and the administrator agree on.
package struct MembershipTerms: Hashable, Sendable, ContractValue {
    package let meters: [MeterNumber]
    package let settings: MemberSettings
    /// Set when the member is a shared plant.
    package let plant: PlantTerms?
    /// First period that counts.
    package let from: PeriodNumber

    package init(
        meters: [MeterNumber], settings: MemberSettings = .none, plant: PlantTerms? = nil, from: PeriodNumber
    ) {
        self.meters = meters
        self.settings = settings
        self.plant = plant
        self.from = from
    }

    /// What the member signs:
    /// `SHA-256("commonwatt/consent/1" || network || community || BCS(terms) || credential || BCS(attesters))`.
    package func signingDigest(
        network: Digest, community: Address, credential: Digest, attesters: [String]
    ) -> Digest {
        var encoder = BCSEncoder(reserving: 256)
        encoder.fixed(network)
        encoder.value(community)
        encoder.value(self)
        encoder.fixed(credential)
        encoder.vector(attesters) { $0.string($1) }
        return SHA256.hash(prefix: Consent.domain, encoder.bytes)
    }

    package static let shape = Shape.fields(
        "MembershipTerms", ("meters", .list(.u64, max: Member.metersMax)), ("settings", MemberSettings.shape),
        ("plant", .option(PlantTerms.shape)), ("from", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(meters)
        encoder.value(settings)
        encoder.option(plant)
        encoder.value(from)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meters = try decoder.vector(max: Member.metersMax)
        settings = try MemberSettings(from: &decoder)
        plant = try decoder.option()
        from = try PeriodNumber(from: &decoder)
    }
}

package struct Admission: Hashable, Sendable, ContractValue {
    package let terms: MembershipTerms
    package let consent: Consent

    package init(terms: MembershipTerms, consent: Consent) {
        self.terms = terms
        self.consent = consent
    }

    package static let shape = Shape.fields(
        "Admission", ("terms", MembershipTerms.shape), ("consent", Consent.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(terms)
        encoder.value(consent)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        terms = try MembershipTerms(from: &decoder)
        consent = try Consent(from: &decoder)
    }
}

package struct MembershipEnd: Hashable, Sendable, ContractValue {
    package let member: MemberNumber
    /// First period that no longer counts.
    package let until: PeriodNumber

    package init(member: MemberNumber, until: PeriodNumber) {
        self.member = member
        self.until = until
    }

    package static let shape = Shape.fields("MembershipEnd", ("member", .u32), ("until", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(member)
        encoder.value(until)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        member = try MemberNumber(from: &decoder)
        until = try PeriodNumber(from: &decoder)
    }
}
