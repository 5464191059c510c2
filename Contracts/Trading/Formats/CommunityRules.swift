package import ContractKit
internal import LedgerCrypto
package import Primitives

/// What a community agreed on when it was created. Never edited: a community that changes its mind makes a new instance
/// that names the old one.
package struct CommunityRules: Hashable, Sendable {
    package static let formatVersion: UInt16 = 2
    package static let nameBytesMax = 64
    /// Bound of the BCS bytes.
    package static let byteCountMax = 4_096
    package static let deadlineHoursMax: UInt16 = 24 * 366
    package static let correctionDaysMax: UInt16 = 3_660
    package static let seriesMax = 4

    package let name: String
    /// ISO 4217 code, e.g. "EUR".
    package let currency: String
    package let period: Resolution
    package let model: AllocationModel
    package let priceRule: PriceRule
    /// Retail `b` and feed-in `f` for members without a tariff of their own, and the reference of the price rules.
    package let gridTariff: Tariff
    /// Hourly price series that tariffs may follow, by position.
    package let series: [PriceSeries]
    /// What the grid operator takes per kWh received from neighbours, >= 0.
    package let gridFee: RateSchedule
    /// What the community fund takes per kWh received from neighbours, or per kWh that earned an incentive, >= 0.
    package let fundLevy: RateSchedule
    package let rounding: MoneyRounding
    /// Civil time of the bands.
    package let clock: LocalClock
    /// k: with fewer active producers or consumers, totals are published as a salted hash.
    package let activeMembersMin: UInt16
    /// Hours after a period's end from which it may become final with readings missing or estimated.
    package let deadlineHours: UInt16
    /// Days after a period became final in which it may be corrected; then its batches may be erased.
    package let correctionDays: UInt16
    /// Whether settlements list the digests of their batches, so that the chain itself checks that each is anchored: 32
    /// bytes for each meter and period. Otherwise only attesters check it.
    package let listsBatches: Bool
    /// Which partners may hold and recompute the community's data, and how many must agree.
    package let attestation: AttestationPolicy

    package init(
        name: String, currency: String, period: Resolution, model: AllocationModel = .evenSplit, priceRule: PriceRule,
        gridTariff: Tariff, series: [PriceSeries] = [], gridFee: RateSchedule = .zero, fundLevy: RateSchedule = .zero,
        rounding: MoneyRounding = .halfUp, clock: LocalClock = .utc, activeMembersMin: UInt16 = 4,
        deadlineHours: UInt16 = 72, correctionDays: UInt16 = 60, listsBatches: Bool = true,
        attestation: AttestationPolicy = .validators
    ) {
        self.name = name
        self.currency = currency
        self.period = period
        self.model = model
        self.priceRule = priceRule
        self.gridTariff = gridTariff
        self.series = series
        self.gridFee = gridFee
        self.fundLevy = fundLevy
        self.rounding = rounding
        self.clock = clock
        self.activeMembersMin = activeMembersMin
        self.deadlineHours = deadlineHours
        self.correctionDays = correctionDays
        self.listsBatches = listsBatches
        self.attestation = attestation
    }

    /// Whether statement lines carry `LineCharges`.
    package var hasCharges: Bool {
        if case .sharedIncentive = model { return true }
        return !gridFee.isZero || !fundLevy.isZero
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
        if correctionDays > CommunityRules.correctionDaysMax { return "the correction window is above ten years" }
        return modelProblem ?? pricesProblem ?? clock.problem
    }

    private var modelProblem: String? {
        if model.setsPrice != (priceRule == .byModel) {
            return "auctions and the shared incentive set the price themselves, other models need a price rule"
        }
        guard case .sharedIncentive(let incentive) = model else { return nil }
        return incentive.problem("an incentive", 0...PricePair.priceMax)
    }

    private var pricesProblem: String? {
        if case .communityTariffs(let schedule) = priceRule, let problem = schedule.problem { return problem }
        if series.count > CommunityRules.seriesMax { return "rules name at most \(CommunityRules.seriesMax) series" }
        if let used = gridTariff.series?.series, Int(used) >= series.count {
            return "the grid tariff follows a series that the rules do not name"
        }
        let rates = 0...PricePair.priceMax
        return gridTariff.problem ?? series.lazy.compactMap(\.problem).first
            ?? gridFee.problem("a grid fee", rates) ?? fundLevy.problem("a fund levy", rates)
    }
}

extension CommunityRules: ContractValue {
    package static let shape = Shape.fields(
        "CommunityRules", ("formatVersion", .u16), ("name", .text(max: nameBytesMax)), ("currency", .text(max: 3)),
        ("period", Resolution.shape), ("model", AllocationModel.shape), ("priceRule", PriceRule.shape),
        ("gridTariff", Tariff.shape), ("series", .list(PriceSeries.shape, max: seriesMax)),
        ("gridFee", RateSchedule.shape), ("fundLevy", RateSchedule.shape), ("rounding", MoneyRounding.shape),
        ("clock", LocalClock.shape), ("activeMembersMin", .u16), ("deadlineHours", .u16), ("correctionDays", .u16),
        ("listsBatches", .bool), ("attestation", AttestationPolicy.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(CommunityRules.formatVersion)
        encoder.string(name)
        encoder.string(currency)
        encoder.value(period)
        encoder.value(model)
        encoder.value(priceRule)
        encoder.value(gridTariff)
        encoder.vector(series)
        encoder.value(gridFee)
        encoder.value(fundLevy)
        encoder.value(rounding)
        encoder.value(clock)
        encoder.u16(activeMembersMin)
        encoder.u16(deadlineHours)
        encoder.u16(correctionDays)
        encoder.bool(listsBatches)
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
        gridTariff = try Tariff(from: &decoder)
        series = try decoder.vector(max: CommunityRules.seriesMax)
        gridFee = try RateSchedule(from: &decoder)
        fundLevy = try RateSchedule(from: &decoder)
        rounding = try MoneyRounding(from: &decoder)
        clock = try LocalClock(from: &decoder)
        activeMembersMin = try decoder.u16()
        deadlineHours = try decoder.u16()
        correctionDays = try decoder.u16()
        listsBatches = try decoder.bool()
        attestation = try AttestationPolicy(from: &decoder)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}
