package import Primitives

/// Money of energy.
package enum Pricing {
    /// `price * energy / 1000`, rounded to the nearest micro-unit, halves upwards. Price in micro-units per kWh.
    package static func amount(of energy: Energy, at price: Amount) throws(SettlementError) -> Amount {
        let product = Int128(price) * Int128(energy) + 500
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 1_000)
        guard let amount = Int64(exactly: remainder < 0 ? quotient - 1 : quotient) else { throw .overflow }
        return amount
    }
}

extension CommunityRules {
    /// c and p of a period that starts at `start`.
    package func communityPrices(at start: Timestamp) throws(SettlementError) -> PricePair {
        switch priceRule {
        case .communityTariffs(let schedule): return schedule.prices(at: start, clock: clock)
        case .midMarketRate:
            let reference = gridTariff.prices(at: start, clock: clock)
            let sum = try sized(reference.consumption.adding(reference.production))
            // An arithmetic shift rounds down, also below zero.
            return PricePair(consumption: sum >> 1, production: sum >> 1)
        }
    }

    /// b and f of a member, in a period that starts at `start`.
    package func gridPrices(of member: Member, at start: Timestamp) -> PricePair {
        (member.tariff ?? gridTariff).prices(at: start, clock: clock)
    }
}
