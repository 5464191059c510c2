package import ContractKit
package import Primitives

/// Sums over all members of a community in one period. Energy in watt-hours, money in micro-units.
///
/// Invariants (`problem`): energy is >= 0; production - consumption = sold - bought; and what members pay, get and pass on
/// sums to zero: `tradePaid - tradeEarned + restPaid - restEarned + levies - incentives - gridPaid + gridEarned +
/// incentivePaid = fund + rounding` (grid fees are passed on in full).
package struct SettlementTotals: Hashable, Sendable, ContractValue {
    package let production: Energy
    package let consumption: Energy
    /// T, the energy exchanged between members.
    package let traded: Energy
    /// Demand that the grid covered, D - T.
    package let bought: Energy
    /// Surplus that went to the grid, S - T.
    package let sold: Energy
    /// E, the energy that earned a shared incentive; 0 with every other model.
    package let shared: Energy
    /// Members paid and earned for traded energy.
    package let tradePaid: Amount
    package let tradeEarned: Amount
    /// Members paid and earned for the rest.
    package let restPaid: Amount
    package let restEarned: Amount
    /// Retailers got, buyers of the feed-in paid. The same as the two before unless the price rule is pooled.
    package let gridPaid: Amount
    package let gridEarned: Amount
    /// Members paid to the grid operator for traded energy.
    package let gridFees: Amount
    /// Members paid to the fund on top.
    package let levies: Amount
    /// The payer of the incentive paid, members got.
    package let incentivePaid: Amount
    package let incentives: Amount
    /// The community fund's share, of either sign: margin or spread of the prices, levies, incentive without a key.
    package let fund: Amount
    /// What rounding left.
    package let rounding: Amount

    /// `restPaid` and `restEarned` are what the grid got and paid unless given.
    package init(
        production: Energy, consumption: Energy, traded: Energy, bought: Energy, sold: Energy, shared: Energy = 0,
        tradePaid: Amount, tradeEarned: Amount, restPaid: Amount? = nil, restEarned: Amount? = nil, gridPaid: Amount,
        gridEarned: Amount, gridFees: Amount = 0, levies: Amount = 0, incentivePaid: Amount = 0,
        incentives: Amount = 0, fund: Amount, rounding: Amount
    ) {
        self.production = production
        self.consumption = consumption
        self.traded = traded
        self.bought = bought
        self.sold = sold
        self.shared = shared
        self.tradePaid = tradePaid
        self.tradeEarned = tradeEarned
        self.restPaid = restPaid ?? gridPaid
        self.restEarned = restEarned ?? gridEarned
        self.gridPaid = gridPaid
        self.gridEarned = gridEarned
        self.gridFees = gridFees
        self.levies = levies
        self.incentivePaid = incentivePaid
        self.incentives = incentives
        self.fund = fund
        self.rounding = rounding
    }

    private var values: [Int64] {
        [
            production, consumption, traded, bought, sold, shared, tradePaid, tradeEarned, restPaid, restEarned,
            gridPaid, gridEarned, gridFees, levies, incentivePaid, incentives, fund, rounding,
        ]
    }

    package static let shape = Shape.record(
        "SettlementTotals",
        [
            "production", "consumption", "traded", "bought", "sold", "shared", "tradePaid", "tradeEarned", "restPaid",
            "restEarned", "gridPaid", "gridEarned", "gridFees", "levies", "incentivePaid", "incentives", "fund",
            "rounding",
        ].map { Shape.Field($0, .i64) })

    package func encode(to encoder: inout BCSEncoder) { for value in values { encoder.i64(value) } }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        self.init(
            production: try decoder.i64(), consumption: try decoder.i64(), traded: try decoder.i64(),
            bought: try decoder.i64(), sold: try decoder.i64(), shared: try decoder.i64(),
            tradePaid: try decoder.i64(), tradeEarned: try decoder.i64(), restPaid: try decoder.i64(),
            restEarned: try decoder.i64(), gridPaid: try decoder.i64(), gridEarned: try decoder.i64(),
            gridFees: try decoder.i64(), levies: try decoder.i64(), incentivePaid: try decoder.i64(),
            incentives: try decoder.i64(), fund: try decoder.i64(), rounding: try decoder.i64())
    }
}

extension SettlementTotals {
    /// What `fund` and `rounding` must sum to.
    package func leftOver() throws(ArithmeticOverflow) -> Amount {
        let trade = try tradePaid.subtracting(tradeEarned)
        let rest = try restPaid.subtracting(restEarned).subtracting(gridPaid).adding(gridEarned)
        let extra = try levies.subtracting(incentives).adding(incentivePaid)
        return try trade.adding(rest).adding(extra)
    }

    /// Energy is neither made nor lost: why it would be, nil when it is not.
    package var energyProblem: String? {
        if [production, consumption, traded, bought, sold, shared].contains(where: { $0 < 0 }) {
            return "energy is negative"
        }
        // Of numbers that are not negative no difference overflows.
        return production - consumption == sold - bought
            ? nil : "production less consumption is not what was sold less what was bought"
    }

    /// Why these sums cannot be those of any period of a community with this model, nil when they can. Needs no member's
    /// data, so that the chain checks it for every settlement.
    package func problem(_ model: AllocationModel) -> String? {
        if let problem = energyProblem { return problem }
        do throws(ArithmeticOverflow) {
            if model.tradesAll, bought > 0, sold > 0 {
                return "energy was bought from the grid while members had some to give"
            }
            if case .sharedIncentive = model {
                if traded != 0 { return "energy was traded in a community that trades none" }
                if shared > min(production, consumption) { return "more was shared than produced or consumed" }
            } else if shared != 0 || incentivePaid != 0 || incentives != 0 {
                return "there is an incentive in a community that has none"
            }
            return try leftOver() == fund.adding(rounding) ? nil : "money does not sum to zero"
        } catch {
            return "a sum does not fit 64 bits"
        }
    }
}
