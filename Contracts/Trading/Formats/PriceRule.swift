package import ContractKit
package import Primitives

/// What a kilowatt-hour costs and earns inside the community. S, D and T are surplus, demand and traded energy of the
/// period; b and f are those of the reference grid tariff.
///
/// With the first two rules a member buys and sells the rest at the own grid tariff. With `supplyDemandRatio` and
/// `billSharing` the community buys and sells the rest as one customer at the reference tariff, and the inside prices
/// hold for all of a member's demand and surplus: that is what makes their formulas sum to zero.
package enum PriceRule: Hashable, Sendable, ContractValue {
    /// The community's own tariffs; `c - p` of either sign belongs to the community fund.
    case communityTariffs(PriceSchedule)
    /// `floor((b + f) / 2)` on both sides.
    case midMarketRate
    /// S < D: `p = b f D div ((b - f) S + f D)`, `c = (p S + b (D - S)) div D`; else f (Liu et al. 2017). Where b >= f > 0
    /// does not hold, p = f and c as before.
    case supplyDemandRatio
    /// What the community paid the retailer is shared by demand, what it earned from feed-in by surplus, each by largest
    /// remainder; energy from neighbours has no price of its own.
    case billSharing
    /// The allocation model sets the price (auctions), or nothing is traded (shared incentive).
    case byModel

    /// Whether the inside prices hold for all of demand and surplus.
    package var isPooled: Bool {
        switch self {
        case .supplyDemandRatio, .billSharing: true
        case .communityTariffs, .midMarketRate, .byModel: false
        }
    }

    package static let shape = Shape.choice(
        "PriceRule",
        [
            Shape.Case(0, "communityTariffs", [Shape.Field("schedule", PriceSchedule.shape)]),
            Shape.Case(1, "midMarketRate"), Shape.Case(2, "supplyDemandRatio"), Shape.Case(3, "billSharing"),
            Shape.Case(4, "byModel"),
        ])

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .communityTariffs(let schedule):
            encoder.uleb(0)
            encoder.value(schedule)
        case .midMarketRate: encoder.uleb(1)
        case .supplyDemandRatio: encoder.uleb(2)
        case .billSharing: encoder.uleb(3)
        case .byModel: encoder.uleb(4)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .communityTariffs(try PriceSchedule(from: &decoder))
        case 1: self = .midMarketRate
        case 2: self = .supplyDemandRatio
        case 3: self = .billSharing
        case 4: self = .byModel
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

/// How an amount is rounded to a whole micro-unit. What rounding leaves goes to the rounding account in any case.
package enum MoneyRounding: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
    /// To the nearest, halves upwards.
    case halfUp = 0
    /// To the nearest, halves to the even neighbour: no drift over many lines.
    case halfEven = 1

    package static let shape = Shape.code("MoneyRounding", allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}
