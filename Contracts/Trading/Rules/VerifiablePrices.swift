package import Primitives

/// What a member can recompute of the prices of an own line: nil where they rest on what only the attesters saw.
package struct VerifiablePrices: Hashable, Sendable {
    package let inside: PricePair?
    package let grid: PricePair?

    /// `member` with its settings in the period; `volumes` from open totals, nil when they are sealed; `values` of the
    /// rules' price series for the period's hour.
    ///
    /// Not recomputable are: prices that follow from sums of all members while totals are sealed, and the clearing price
    /// of an auction.
    package init(
        _ rules: CommunityRules, member: Member, at start: Timestamp, volumes: PeriodVolumes?, values: [Amount?]
    ) throws(SettlementError) {
        let own = try rules.gridPrices(of: member, at: start, values: values)
        let none = PeriodVolumes(surplus: 0, demand: 0, traded: 0)
        switch rules.priceRule {
        case .communityTariffs, .midMarketRate:
            inside = try rules.communityPrices(at: start, volumes: none, values: values)
            grid = own
        case .supplyDemandRatio, .billSharing:
            var pair: PricePair?
            if let volumes { pair = try rules.communityPrices(at: start, volumes: volumes, values: values) }
            inside = pair
            grid = rules.priceRule == .billSharing ? try rules.referencePrices(at: start, values: values) : pair
        case .byModel:
            grid = own
            switch rules.model {
            case .payAsBid: inside = member.settings.limits?.prices(at: start, clock: rules.clock) ?? own
            case .sharedIncentive: inside = PricePair(consumption: 0, production: 0)
            default: inside = nil
            }
        }
    }
}

extension LinePrices {
    /// The prices that a line shows: with them its amounts are recomputed. The shares of a community's bill are taken as
    /// they are.
    package init(of line: StatementLine, _ rules: CommunityRules) {
        self.init(
            inside: line.communityPrices, grid: line.gridPrices, charges: line.charges,
            billShare: rules.priceRule == .billSharing
                ? BillShare(paid: line.paidForBought, earned: line.earnedForSold) : nil,
            rounding: rules.rounding)
    }
}

extension LineCharges {
    /// The rates alone.
    package init(ratesOf charges: LineCharges) {
        self.init(
            gridFeeRate: charges.gridFeeRate, fundLevyRate: charges.fundLevyRate, incentiveRate: charges.incentiveRate)
    }
}
