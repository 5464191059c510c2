package import ContractKit
package import Primitives

/// How traded energy is divided among those who want it. S is the sum of the surpluses s_i, D that of the demands d_j.
package enum AllocationModel: Hashable, Sendable, ContractValue {
    /// Everybody gets the same, up to the own demand (D2.3 section 5.3.6.1).
    case evenSplit
    /// By demand: `floor(T d_j / D)`, largest remainder.
    case proRata
    /// By the base of the member's key: `min(LR(S k_j / 10^4), d_j)`; the rest is surplus.
    case staticKeys
    /// As static keys, with the key of the time band.
    case scheduledKeys
    /// A key per producer, consumer and time band; the supply side goes by key too.
    case fullKeys
    /// First what members agreed on with a producer, then another model for the rest.
    case preferredPartners(then: RestModel)
    /// Sorted double auction on the members' limit prices; all trade at one clearing price.
    case uniformPrice
    /// The same auction; a buyer pays the own bid, a seller earns the own ask, the fund gets what is between.
    case payAsBid
    /// Nothing is traded. E = min(total injected, total withdrawn) earns this incentive (micro-units per kWh), shared by
    /// the members' keys (Italy: CER).
    case sharedIncentive(RateSchedule)

    /// What `preferredPartners` does with the rest.
    package enum RestModel: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
        case evenSplit = 0
        case proRata = 1
        case staticKeys = 2

        var model: AllocationModel {
            switch self {
            case .evenSplit: .evenSplit
            case .proRata: .proRata
            case .staticKeys: .staticKeys
            }
        }

        package static let shape = Shape.code("RestModel", allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
        package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
        package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
    }

    /// Whether T = min(S, D) in every period: then a community never both buys and sells.
    package var tradesAll: Bool {
        switch self {
        case .evenSplit, .proRata: true
        case .preferredPartners(let rest): rest.model.tradesAll
        case .staticKeys, .scheduledKeys, .fullKeys, .uniformPrice, .payAsBid, .sharedIncentive: false
        }
    }

    /// Whether the model itself says what energy costs, so that the price rule is `byModel`.
    package var setsPrice: Bool {
        switch self {
        case .uniformPrice, .payAsBid, .sharedIncentive: true
        default: false
        }
    }

    private static let names = [
        "evenSplit", "proRata", "staticKeys", "scheduledKeys", "fullKeys", "preferredPartners", "uniformPrice",
        "payAsBid", "sharedIncentive",
    ]

    package static let shape = Shape.choice(
        "AllocationModel",
        names.enumerated().map { tag, name in
            switch name {
            case "preferredPartners": Shape.Case(UInt32(tag), name, [Shape.Field("then", RestModel.shape)])
            case "sharedIncentive": Shape.Case(UInt32(tag), name, [Shape.Field("incentive", RateSchedule.shape)])
            default: Shape.Case(UInt32(tag), name)
            }
        })

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .evenSplit: encoder.uleb(0)
        case .proRata: encoder.uleb(1)
        case .staticKeys: encoder.uleb(2)
        case .scheduledKeys: encoder.uleb(3)
        case .fullKeys: encoder.uleb(4)
        case .preferredPartners(let rest):
            encoder.uleb(5)
            encoder.value(rest)
        case .uniformPrice: encoder.uleb(6)
        case .payAsBid: encoder.uleb(7)
        case .sharedIncentive(let incentive):
            encoder.uleb(8)
            encoder.value(incentive)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .evenSplit
        case 1: self = .proRata
        case 2: self = .staticKeys
        case 3: self = .scheduledKeys
        case 4: self = .fullKeys
        case 5: self = .preferredPartners(then: try RestModel(from: &decoder))
        case 6: self = .uniformPrice
        case 7: self = .payAsBid
        case 8: self = .sharedIncentive(try RateSchedule(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
