internal import ContractKit
internal import Primitives
internal import Settlement
internal import Trading

/// Rules that `cec create` starts from; every value can be given.
enum PilotRules {
    /// Micro-units per kWh.
    static let retail: Amount = 250_000
    static let feedIn: Amount = 80_000
    static let communityConsumption: Amount = 180_000
    static let communityProduction: Amount = 160_000

    static func rules(
        name: String, currency: String, attesters: [String], threshold: UInt16, clock: LocalClock
    ) -> CommunityRules {
        CommunityRules(
            name: name, currency: currency, period: .minutes60,
            priceRule: .communityTariffs(
                PriceSchedule(base: PricePair(consumption: communityConsumption, production: communityProduction))),
            gridTariff: Tariff(base: PricePair(consumption: retail, production: feedIn)), clock: clock,
            attestation: AttestationPolicy(attesters: attesters.sorted(), threshold: threshold))
    }
}
