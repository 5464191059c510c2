package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Where a period stands: provisional -> final -> corrected. A period without any settlement is open.
package enum SettlementStage: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
    /// Some readings are missing or estimated, and the deadline of the rules is not over.
    case provisional = 0
    /// All readings are in, or the deadline is over.
    case final = 1
    /// Replaces a final or corrected one.
    case corrected = 2

    package static let shape = Shape.code(
        "SettlementStage", allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}

/// Totals as the chain shows them.
package enum PublishedTotals: Hashable, Sendable, ContractValue {
    case open(SettlementTotals)
    /// `SHA-256(00 || community salt || BCS(totals))`: with fewer active producers or consumers than k of the rules,
    /// the totals would be somebody's readings.
    case sealed(Digest)

    package static let shape = Shape.choice(
        "PublishedTotals",
        [
            Shape.Case(0, "open", [Shape.Field("totals", SettlementTotals.shape)]),
            Shape.Case(1, "sealed", [Shape.Field("digest", .digest)]),
        ])

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .open(let totals):
            encoder.uleb(0)
            encoder.value(totals)
        case .sealed(let digest):
            encoder.uleb(1)
            encoder.fixed(digest)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .open(try SettlementTotals(from: &decoder))
        case 1: self = .sealed(try decoder.digest())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

/// The claimed result of one period.
package struct SettlementClaim: Hashable, Sendable, ContractValue {
    package let period: PeriodNumber
    /// 1 for the first settlement of a period; each replacement has the next number.
    package let version: UInt32
    package let stage: SettlementStage
    package let totals: PublishedTotals
    /// Merkle root (RFC 6962) over the salted leaves of the statement lines, by ascending member number.
    package let root: Digest
    /// Leaves under the root: the members of this period.
    package let members: UInt32
    /// Members with a missing reading, and with an estimated one (and none missing).
    package let missing: UInt32
    package let estimated: UInt32

    package init(
        period: PeriodNumber, version: UInt32, stage: SettlementStage, totals: PublishedTotals, root: Digest,
        members: UInt32, missing: UInt32, estimated: UInt32
    ) {
        self.period = period
        self.version = version
        self.stage = stage
        self.totals = totals
        self.root = root
        self.members = members
        self.missing = missing
        self.estimated = estimated
    }

    package static let shape = Shape.fields(
        "SettlementClaim", ("period", .u64), ("version", .u32), ("stage", SettlementStage.shape),
        ("totals", PublishedTotals.shape), ("root", .digest), ("members", .u32), ("missing", .u32),
        ("estimated", .u32))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(period)
        encoder.u32(version)
        encoder.value(stage)
        encoder.value(totals)
        encoder.fixed(root)
        encoder.u32(members)
        encoder.u32(missing)
        encoder.u32(estimated)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        period = try PeriodNumber(from: &decoder)
        version = try decoder.u32()
        stage = try SettlementStage(from: &decoder)
        totals = try PublishedTotals(from: &decoder)
        root = try decoder.digest()
        members = try decoder.u32()
        missing = try decoder.u32()
        estimated = try decoder.u32()
    }
}

/// What attestations are given for, and the record that the chain keeps of a settled period. Records chain up: each names
/// the digest of the one that it replaces, so that anybody can follow a period's versions from the state alone.
package struct SettlementRecord: Hashable, Sendable, ContractValue {
    /// Digest of the `SettlementInputs`.
    package let inputs: Digest
    package let claim: SettlementClaim
    /// Digest of the record that this one replaces, as the inputs name it; nil for version 1.
    package let previous: Digest?

    package init(inputs: Digest, claim: SettlementClaim, previous: Digest?) {
        self.inputs = inputs
        self.claim = claim
        self.previous = previous
    }

    package init(_ inputs: SettlementInputs, _ claim: SettlementClaim) {
        self.init(
            inputs: inputs.digest, claim: claim, previous: inputs.previous == .zero ? nil : inputs.previous)
    }

    /// SHA-256 of the BCS bytes: the subject of attestations, and the name by which a correction calls what it replaces.
    package var digest: Digest { SHA256.hash(bcs) }

    package static let shape = Shape.fields(
        "SettlementRecord", ("inputs", .digest), ("claim", SettlementClaim.shape), ("previous", .option(.digest)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(inputs)
        encoder.value(claim)
        encoder.bool(previous != nil)
        if let previous { encoder.fixed(previous) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        inputs = try decoder.digest()
        claim = try SettlementClaim(from: &decoder)
        previous = try decoder.bool() ? try decoder.digest() : nil
    }
}
