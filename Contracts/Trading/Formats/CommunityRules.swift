package import ContractKit
internal import LedgerCrypto
package import Primitives

/// How traded energy is divided among those who want it.
package enum AllocationModel: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
    /// Everybody gets the same, up to the own demand (D2.3 section 5.3.6.1).
    case evenSplit = 0

    package static let shape = Shape.code("AllocationModel", [Shape.CodeValue(0, "evenSplit")])

    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}

/// What a traded kilowatt-hour costs and earns.
package enum PriceRule: Hashable, Sendable, ContractValue {
    /// The community's own tariffs; `c - p` of either sign belongs to the community fund.
    case communityTariffs(PriceSchedule)
    /// `floor((b + f) / 2)` of the reference grid tariff on both sides.
    case midMarketRate

    package static let shape = Shape.choice(
        "PriceRule",
        [
            Shape.Case(0, "communityTariffs", [Shape.Field("schedule", PriceSchedule.shape)]),
            Shape.Case(1, "midMarketRate"),
        ])

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .communityTariffs(let schedule):
            encoder.uleb(0)
            encoder.value(schedule)
        case .midMarketRate: encoder.uleb(1)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .communityTariffs(try PriceSchedule(from: &decoder))
        case 1: self = .midMarketRate
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

/// What a community agreed on when it was created. Never edited: a community that changes its mind makes a new instance
/// that names the old one.
package struct CommunityRules: Hashable, Sendable {
    package static let formatVersion: UInt16 = 1
    package static let nameBytesMax = 64
    /// Bound of the BCS bytes.
    package static let byteCountMax = 4_096
    package static let deadlineHoursMax: UInt16 = 24 * 366

    package let name: String
    /// ISO 4217 code, e.g. "EUR".
    package let currency: String
    package let period: Resolution
    package let model: AllocationModel
    package let priceRule: PriceRule
    /// Retail `b` and feed-in `f` for members without a tariff of their own, and the reference of `midMarketRate`.
    package let gridTariff: PriceSchedule
    /// Civil time of the tariff bands.
    package let clock: LocalClock
    /// k: with fewer active producers or consumers, totals are published as a salted hash.
    package let activeMembersMin: UInt16
    /// Hours after a period's end from which it may become final with readings missing or estimated.
    package let deadlineHours: UInt16
    /// Which partners may hold and recompute the community's data, and how many must agree.
    package let attestation: AttestationPolicy

    package init(
        name: String, currency: String, period: Resolution, model: AllocationModel = .evenSplit, priceRule: PriceRule,
        gridTariff: PriceSchedule, clock: LocalClock = .utc, activeMembersMin: UInt16 = 4, deadlineHours: UInt16 = 72,
        attestation: AttestationPolicy = .validators
    ) {
        self.name = name
        self.currency = currency
        self.period = period
        self.model = model
        self.priceRule = priceRule
        self.gridTariff = gridTariff
        self.clock = clock
        self.activeMembersMin = activeMembersMin
        self.deadlineHours = deadlineHours
        self.attestation = attestation
    }

    /// SHA-256 of the BCS bytes.
    package var digest: Digest { SHA256.hash(bcs) }

    /// What is wrong, in words for the administrator; nil when nothing is.
    package var problem: String? {
        if name.isEmpty || name.utf8.count > CommunityRules.nameBytesMax {
            return "a community's name has 1 to \(CommunityRules.nameBytesMax) bytes"
        }
        if currency.utf8.count != 3 || !currency.utf8.allSatisfy({ (65...90).contains($0) }) {
            return "a currency is three capital letters, such as EUR"
        }
        if activeMembersMin < 2 { return "totals of a single home are its readings: k is at least 2" }
        if deadlineHours > CommunityRules.deadlineHoursMax { return "the deadline of a period is above one year" }
        if case .communityTariffs(let schedule) = priceRule, let problem = schedule.problem { return problem }
        return gridTariff.problem ?? clock.problem
    }
}

extension CommunityRules: ContractValue {
    package static let shape = Shape.fields(
        "CommunityRules", ("formatVersion", .u16), ("name", .text(max: nameBytesMax)), ("currency", .text(max: 3)),
        ("period", Resolution.shape), ("model", AllocationModel.shape), ("priceRule", PriceRule.shape),
        ("gridTariff", PriceSchedule.shape), ("clock", LocalClock.shape), ("activeMembersMin", .u16),
        ("deadlineHours", .u16), ("attestation", AttestationPolicy.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(CommunityRules.formatVersion)
        encoder.string(name)
        encoder.string(currency)
        encoder.value(period)
        encoder.value(model)
        encoder.value(priceRule)
        encoder.value(gridTariff)
        encoder.value(clock)
        encoder.u16(activeMembersMin)
        encoder.u16(deadlineHours)
        encoder.value(attestation)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == CommunityRules.formatVersion else {
            throw decoder.failure(
                .invalid("these rules have another format version than \(CommunityRules.formatVersion)"))
        }
        name = try decoder.string(max: CommunityRules.nameBytesMax)
        currency = try decoder.string(max: 3)
        period = try Resolution(from: &decoder)
        model = try AllocationModel(from: &decoder)
        priceRule = try PriceRule(from: &decoder)
        gridTariff = try PriceSchedule(from: &decoder)
        clock = try LocalClock(from: &decoder)
        activeMembersMin = try decoder.u16()
        deadlineHours = try decoder.u16()
        attestation = try AttestationPolicy(from: &decoder)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}
