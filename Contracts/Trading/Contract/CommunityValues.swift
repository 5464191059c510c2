package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// What changes in a community, under one key so that one proof shows it.
package struct CommunityHead: Hashable, Sendable, ContractValue {
    /// The partner that created the instance and runs the community.
    package let administrator: String
    /// Digest of the rules; never changes.
    package let rules: Digest
    /// `MemberLog` digest of all admissions and endings.
    package var members: Digest
    /// Members ever admitted: their numbers are 1 to this.
    package var memberCount: UInt32
    /// Memberships that are not over: their meters are held.
    package var openMemberships: UInt32
    /// The latest settled period, nil before the first.
    package var lastSettled: PeriodNumber?

    package init(administrator: String, rules: Digest) {
        self.administrator = administrator
        self.rules = rules
        members = MemberLog.start
        memberCount = 0
        openMemberships = 0
        lastSettled = nil
    }

    package static let shape = Shape.fields(
        "CommunityHead", ("administrator", .text(max: Partner.idBytesMax)), ("rules", .digest), ("members", .digest),
        ("memberCount", .u32), ("openMemberships", .u32), ("lastSettled", .option(.u64)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(administrator)
        encoder.fixed(rules)
        encoder.fixed(members)
        encoder.u32(memberCount)
        encoder.u32(openMemberships)
        encoder.option(lastSettled)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        administrator = try decoder.string(max: Partner.idBytesMax)
        rules = try decoder.digest()
        members = try decoder.digest()
        memberCount = try decoder.u32()
        openMemberships = try decoder.u32()
        lastSettled = try decoder.option()
    }
}

/// A part of the rules' bytes: they are longer than one value of the state.
package struct RulesPart: Hashable, Sendable, BCSCodable {
    package static let bytesMax = 1_000
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
    package func encode(to encoder: inout BCSEncoder) { encoder.blob(bytes) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        bytes = try decoder.blob(max: RulesPart.bytesMax)
    }
}

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
    package let tariff: PriceSchedule?
    /// First period that counts.
    package let from: PeriodNumber

    package init(meters: [MeterNumber], tariff: PriceSchedule? = nil, from: PeriodNumber) {
        self.meters = meters
        self.tariff = tariff
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
        "MembershipTerms", ("meters", .list(.u64, max: Member.metersMax)), ("tariff", .option(PriceSchedule.shape)),
        ("from", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(meters)
        encoder.option(tariff)
        encoder.value(from)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meters = try decoder.vector(max: Member.metersMax)
        tariff = try decoder.option()
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

/// A settlement with the attestations that support it.
package struct AttestedSettlement: Hashable, Sendable, ContractValue {
    package let inputs: SettlementInputs
    package let claim: SettlementClaim
    /// Strictly ascending by partner.
    package let attestations: [Attestation]

    package init(inputs: SettlementInputs, claim: SettlementClaim, attestations: [Attestation]) {
        self.inputs = inputs
        self.claim = claim
        self.attestations = attestations
    }

    package var record: SettlementRecord { SettlementRecord(inputs: inputs.digest, claim: claim) }

    package static let shape = Shape.fields(
        "AttestedSettlement", ("inputs", SettlementInputs.shape), ("claim", SettlementClaim.shape),
        ("attestations", .list(Attestation.shape, max: Attestation.countMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(inputs)
        encoder.value(claim)
        encoder.vector(attestations)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        inputs = try SettlementInputs(from: &decoder)
        claim = try SettlementClaim(from: &decoder)
        attestations = try decoder.vector(max: Attestation.countMax)
    }
}
