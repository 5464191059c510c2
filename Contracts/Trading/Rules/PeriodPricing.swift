internal import Chain
package import Primitives

/// What prices one member's line.
package struct LinePrices: Hashable, Sendable {
    /// c and p.
    package let inside: PricePair
    /// For the rest of demand and surplus.
    package let grid: PricePair
    /// Rates, and the member's part of the shared energy; nil when the rules have none.
    package let charges: LineCharges?
    /// With `billSharing`: the member's shares of what the community paid and earned.
    package let billShare: BillShare?
    package let rounding: MoneyRounding

    package struct BillShare: Hashable, Sendable {
        package let paid: Amount
        package let earned: Amount

        package init(paid: Amount, earned: Amount) {
            self.paid = paid
            self.earned = earned
        }
    }

    package init(
        inside: PricePair, grid: PricePair, charges: LineCharges? = nil, billShare: BillShare? = nil,
        rounding: MoneyRounding = .halfUp
    ) {
        self.inside = inside
        self.grid = grid
        self.charges = charges
        self.billShare = billShare
        self.rounding = rounding
    }
}

/// Prices of one period, for every member.
struct PeriodPricing {
    private let rules: CommunityRules
    private let reference: PricePair
    /// c and p for all members; nil with `payAsBid`, where each has the own limits.
    private let inside: PricePair?
    private let limits: [PricePair]
    private let charges: LineCharges?
    /// E, and each member's part; empty when nothing is shared.
    private let sharedSum: Energy
    private let shared: [Energy]
    private let bill: (paid: [Amount], earned: [Amount])?

    init(
        _ rules: CommunityRules, start: Timestamp, period: PeriodNumber, balances: [MemberBalance],
        allocation: Allocation, terms: AllocationTerms, values: [Amount?]
    ) throws(SettlementError) {
        self.rules = rules
        reference = try rules.referencePrices(at: start, values: values)
        charges = rules.charges(at: start)
        let volumes = allocation.volumes
        if let pair = try rules.communityPrices(at: start, volumes: volumes, values: values) {
            inside = pair
        } else if case .payAsBid = rules.model {
            inside = nil
        } else {
            let price = allocation.clearingPrice ?? 0
            inside = PricePair(consumption: price, production: price)
        }
        limits = terms.limits
        if case .billSharing = rules.priceRule {
            let sums = try volumes.bill(reference, rules.rounding)
            let nets = try MemberBalance.nets(balances)
            bill = (
                try Pricing.shares(of: sums.cost, by: nets.map { max(0 - $0, 0) }, period: period),
                try Pricing.shares(of: sums.income, by: nets.map { max($0, 0) }, period: period)
            )
        } else {
            bill = nil
        }
        if case .sharedIncentive = rules.model {
            let injected = try balances.lazy.map(\.injected).checkedSum()
            sharedSum = min(injected, try balances.lazy.map(\.withdrawn).checkedSum())
            shared = try Division.byKeys(sharedSum, keys: try terms.keys(for: balances.count), period: period)
        } else {
            sharedSum = 0
            shared = []
        }
    }

    func prices(of position: Int, _ balance: MemberBalance) -> LinePrices {
        let own = inside ?? limits[position]
        let grid: PricePair
        switch rules.priceRule {
        case .supplyDemandRatio: grid = own
        case .billSharing: grid = reference
        case .communityTariffs, .midMarketRate, .byModel: grid = balance.gridPrices
        }
        return LinePrices(
            inside: own, grid: grid,
            charges: charges.map { LineCharges($0, shared: shared.isEmpty ? 0 : shared[position]) },
            billShare: bill.map { LinePrices.BillShare(paid: $0.paid[position], earned: $0.earned[position]) },
            rounding: rules.rounding)
    }

    func totals(_ sums: LineSums, _ volumes: PeriodVolumes) throws(SettlementError) -> SettlementTotals {
        var grid = (paid: sums.restPaid, earned: sums.restEarned)
        if rules.priceRule.isPooled {
            let bill = try volumes.bill(reference, rules.rounding)
            grid = (bill.cost, bill.income)
        }
        let rate = charges?.incentiveRate ?? 0
        let incentive = try amount(sharedSum, rate)
        var fund = sums.levies
        switch rules.priceRule {
        case .communityTariffs:
            let (c, p) = (inside?.consumption ?? 0, inside?.production ?? 0)
            let margin = try sized(c.subtracting(p))
            let gain = try amount(volumes.traded, margin)
            fund = try sized(fund.adding(gain))
        case .byModel:
            if case .payAsBid = rules.model {
                fund = try sized(try fund.adding(sums.tradePaid).subtracting(sums.tradeEarned))
            }
            // What no key claims.
            let keyless = try amount(try sized(sharedSum.subtracting(sums.shared)), rate)
            fund = try sized(fund.adding(keyless))
        case .midMarketRate, .supplyDemandRatio, .billSharing: break
        }
        return try sums.totals(traded: volumes.traded, shared: sharedSum, grid: grid, incentive: incentive, fund: fund)
    }

    private func amount(_ energy: Energy, _ price: Amount) throws(SettlementError) -> Amount {
        try Pricing.amount(of: energy, at: price, rules.rounding)
    }
}
