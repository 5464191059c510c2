internal import Chain
package import ContractKit
internal import LedgerCrypto
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

/// A settlement with the attestations that support it.
package struct AttestedSettlement: Hashable, Sendable, ContractValue {
    package let inputs: SettlementInputs
    package let claim: SettlementClaim
    /// The batches of the inputs where the rules have them listed, else empty.
    package let batches: SettlementBatches
    /// Strictly ascending by partner.
    package let attestations: [Attestation]

    package init(
        inputs: SettlementInputs, claim: SettlementClaim, batches: SettlementBatches, attestations: [Attestation]
    ) {
        self.inputs = inputs
        self.claim = claim
        self.batches = batches
        self.attestations = attestations
    }

    package var record: SettlementRecord { SettlementRecord(inputs, claim) }

    package static let shape = Shape.fields(
        "AttestedSettlement", ("inputs", SettlementInputs.shape), ("claim", SettlementClaim.shape),
        ("batches", .list(.digest, max: SettlementBatches.listedMax)),
        ("attestations", .list(Attestation.shape, max: Attestation.countMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(inputs)
        encoder.value(claim)
        encoder.value(batches)
        encoder.vector(attestations)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        inputs = try SettlementInputs(from: &decoder)
        claim = try SettlementClaim(from: &decoder)
        batches = try SettlementBatches(from: &decoder, max: SettlementBatches.listedMax)
        attestations = try decoder.vector(max: Attestation.countMax)
    }
}
