package import Primitives

/// Money of energy.
package enum Pricing {
    /// `price * energy / 1000`, rounded to a whole micro-unit. Price in micro-units per kWh.
    package static func amount(
        of energy: Energy, at price: Amount, _ rounding: MoneyRounding = .halfUp
    ) throws(SettlementError) -> Amount {
        if energy == 0 || price == 0 { return 0 }
        let (product, overflow) = price.multipliedReportingOverflow(by: energy)
        // Nearly always: one 64-bit division instead of a 128-bit one.
        if !overflow, product.magnitude < UInt64(Int64.max) - 500 { return rounded(product, rounding) }
        let wide = Int128(price) * Int128(energy)
        guard let amount = Int64(exactly: rounded(wide, rounding)) else { throw .overflow }
        return amount
    }

    /// `value / 1000`. The value is at least 500 from the ends of its type.
    private static func rounded<Value: FixedWidthInteger & SignedInteger>(
        _ value: Value, _ rounding: MoneyRounding
    ) -> Value {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 1_000)
        // Towards negative infinity, so that the rest is 0 to 999.
        let (floor, rest) = remainder < 0 ? (quotient - 1, remainder + 1_000) : (quotient, remainder)
        switch rounding {
        case .halfUp: return rest >= 500 ? floor + 1 : floor
        case .halfEven: return rest > 500 || (rest == 500 && floor & 1 != 0) ? floor + 1 : floor
        }
    }

    /// Shares of `amount`, of either sign, in proportion to `weights`, by largest remainder: they sum to it exactly.
    /// Requires weights >= 0, and an amount of 0 when all are 0.
    package static func shares(
        of amount: Amount, by weights: [Int64], period: PeriodNumber
    ) throws(SettlementError) -> [Amount] {
        guard amount < 0 else { return try Division.proRata(amount, by: weights, period: period) }
        return try Division.proRata(try sized(Int64(0).subtracting(amount)), by: weights, period: period).map { -$0 }
    }
}

extension CommunityRules {
    /// The reference tariff's b and f of a period that starts at `start`; `values` of the series for its hour.
    package func referencePrices(at start: Timestamp, values: [Amount?]) throws(SettlementError) -> PricePair {
        try gridTariff.prices(at: start, clock: clock, values: values)
    }

    /// b and f of a member, in a period that starts at `start`.
    package func gridPrices(
        of member: Member, at start: Timestamp, values: [Amount?] = []
    ) throws(SettlementError) -> PricePair {
        try (member.settings.tariff ?? gridTariff).prices(at: start, clock: clock, values: values)
    }

    /// The rates of a period, nil when the rules have none (`hasCharges`).
    package func charges(at start: Timestamp) -> LineCharges? {
        guard hasCharges else { return nil }
        var incentive: Amount = 0
        if case .sharedIncentive(let schedule) = model { incentive = schedule.value(at: start, clock: clock) }
        return LineCharges(
            gridFeeRate: gridFee.value(at: start, clock: clock), fundLevyRate: fundLevy.value(at: start, clock: clock),
            incentiveRate: incentive)
    }
}

/// S, D and T of a period: what prices may depend on besides rules and time. From open totals: S = traded + sold,
/// D = traded + bought.
package struct PeriodVolumes: Hashable, Sendable {
    package let surplus: Energy
    package let demand: Energy
    package let traded: Energy

    package init(surplus: Energy, demand: Energy, traded: Energy) {
        self.surplus = surplus
        self.demand = demand
        self.traded = traded
    }

    package init(_ totals: SettlementTotals) throws(SettlementError) {
        self.init(
            surplus: try sized(totals.traded.adding(totals.sold)),
            demand: try sized(totals.traded.adding(totals.bought)), traded: totals.traded)
    }
}

extension CommunityRules {
    /// c and p of a period that starts at `start`. Nil where they are not the same for all members or follow from the
    /// members' limits: with `byModel`.
    package func communityPrices(
        at start: Timestamp, volumes: PeriodVolumes, values: [Amount?] = []
    ) throws(SettlementError) -> PricePair? {
        switch priceRule {
        case .communityTariffs(let schedule): return schedule.prices(at: start, clock: clock)
        case .midMarketRate:
            let reference = try referencePrices(at: start, values: values)
            let sum = try sized(reference.consumption.adding(reference.production))
            // An arithmetic shift rounds down, also below zero.
            return PricePair(consumption: sum >> 1, production: sum >> 1)
        case .supplyDemandRatio: return try volumes.ratioPrices(try referencePrices(at: start, values: values))
        case .billSharing:
            let bill = try volumes.bill(try referencePrices(at: start, values: values), rounding)
            return PricePair(
                consumption: try PeriodVolumes.perKilowattHour(bill.cost, volumes.demand),
                production: try PeriodVolumes.perKilowattHour(bill.income, volumes.surplus))
        case .byModel: return nil
        }
    }
}

extension PeriodVolumes {
    /// Prices of the supply-demand ratio at the reference prices b and f.
    func ratioPrices(_ reference: PricePair) throws(SettlementError) -> PricePair {
        // With prices below 2^30 and energy below 2^63 nothing here leaves 128 bits.
        guard reference.problem == nil else { throw .overflow }
        let (b, f) = (Int128(reference.consumption), Int128(reference.production))
        var production = f
        if surplus < demand, f > 0, b >= f {
            let divisor = (b - f) * Int128(surplus) + f * Int128(demand)
            guard divisor > 0 else { throw .overflow }
            production = b * f * Int128(demand) / divisor
        }
        guard demand > 0 else {
            return PricePair(consumption: reference.production, production: reference.production)
        }
        // c makes the community's money sum to zero; with T = S it is (p S + b (D - S)) div D.
        let (rest, excess) = (Int128(demand) - Int128(traded), Int128(surplus) - Int128(traded))
        let cost = production * Int128(surplus) + b * rest - f * excess
        let (quotient, remainder) = cost.quotientAndRemainder(dividingBy: Int128(demand))
        guard let consumption = Int64(exactly: remainder < 0 ? quotient - 1 : quotient),
            let production = Int64(exactly: production)
        else { throw .overflow }
        return try PricePair(consumption: consumption, production: production).bounded()
    }

    /// What the community pays for the rest of its demand and earns for the rest of its surplus.
    func bill(
        _ reference: PricePair, _ rounding: MoneyRounding
    ) throws(SettlementError) -> (cost: Amount, income: Amount) {
        let bought = try sized(demand.subtracting(traded))
        let sold = try sized(surplus.subtracting(traded))
        return (
            try Pricing.amount(of: bought, at: reference.consumption, rounding),
            try Pricing.amount(of: sold, at: reference.production, rounding)
        )
    }

    /// Micro-units per kWh, rounded down; 0 for no energy.
    static func perKilowattHour(_ amount: Amount, _ energy: Energy) throws(SettlementError) -> Amount {
        guard energy > 0 else { return 0 }
        let (quotient, remainder) = (Int128(amount) * 1_000).quotientAndRemainder(dividingBy: Int128(energy))
        guard let price = Int64(exactly: remainder < 0 ? quotient - 1 : quotient) else { throw .overflow }
        return price
    }
}

extension PricePair {
    /// These prices, unless one is beyond what a price may be.
    func bounded() throws(SettlementError) -> PricePair {
        guard problem == nil else { throw .overflow }
        return self
    }
}
