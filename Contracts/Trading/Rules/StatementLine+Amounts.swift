package import Chain
package import Primitives

extension StatementLine {
    /// The line that follows from a balance, its part of the traded energy, and the prices. Also what a member recomputes
    /// by hand: rest = balance less traded, amount = energy times price.
    package init(
        community: Address, period: PeriodNumber, version: UInt32, balance: MemberBalance, received: Energy,
        given: Energy, prices: LinePrices
    ) throws(SettlementError) {
        let net = try sized(balance.production.subtracting(balance.consumption))
        let bought = try sized(max(try Int64(0).subtracting(net), 0).subtracting(received))
        let sold = try sized(max(net, 0).subtracting(given))
        let inside = prices.billShare == nil ? prices.inside : PricePair(consumption: 0, production: 0)
        let rounding = prices.rounding
        let rest: LinePrices.BillShare
        if let share = prices.billShare {
            rest = share
        } else {
            rest = LinePrices.BillShare(
                paid: try Pricing.amount(of: bought, at: prices.grid.consumption, rounding),
                earned: try Pricing.amount(of: sold, at: prices.grid.production, rounding))
        }
        self.init(
            community: community, period: period, version: version, member: balance.member,
            production: balance.production, consumption: balance.consumption, received: received, given: given,
            bought: bought, sold: sold, communityPrices: prices.inside, gridPrices: prices.grid,
            paidForReceived: try Pricing.amount(of: received, at: inside.consumption, rounding),
            earnedForGiven: try Pricing.amount(of: given, at: inside.production, rounding),
            paidForBought: rest.paid, earnedForSold: rest.earned,
            quality: balance.quality, charges: try prices.charges?.priced(received: received, rounding))
    }

    /// Money that the member gets (positive) or owes (negative) for the period.
    package func net() throws(SettlementError) -> Amount {
        let earned = try sized(try earnedForGiven.adding(earnedForSold).adding(charges?.incentive ?? 0))
        let fees = try sized((charges?.gridFee ?? 0).adding(charges?.fundLevy ?? 0))
        let paid = try sized(try paidForReceived.adding(paidForBought).adding(fees))
        return try sized(earned.subtracting(paid))
    }
}

extension LineCharges {
    /// The rates, and a part of the shared energy.
    package init(_ rates: LineCharges, shared: Energy) {
        self.init(
            gridFeeRate: rates.gridFeeRate, fundLevyRate: rates.fundLevyRate, incentiveRate: rates.incentiveRate,
            shared: shared)
    }

    /// The amounts that follow from the rates. One of `received` and `shared` is 0.
    func priced(received: Energy, _ rounding: MoneyRounding) throws(SettlementError) -> LineCharges {
        LineCharges(
            gridFeeRate: gridFeeRate, fundLevyRate: fundLevyRate, incentiveRate: incentiveRate, shared: shared,
            gridFee: try Pricing.amount(of: received, at: gridFeeRate, rounding),
            fundLevy: try Pricing.amount(of: try sized(received.adding(shared)), at: fundLevyRate, rounding),
            incentive: try Pricing.amount(of: shared, at: incentiveRate, rounding))
    }
}

/// Sums over lines, while they are made.
struct LineSums {
    private var production: Energy = 0
    private var consumption: Energy = 0
    private var bought: Energy = 0
    private var sold: Energy = 0
    private(set) var shared: Energy = 0
    private(set) var tradePaid: Amount = 0
    private(set) var tradeEarned: Amount = 0
    private(set) var restPaid: Amount = 0
    private(set) var restEarned: Amount = 0
    private(set) var levies: Amount = 0
    private var gridFees: Amount = 0
    private var incentives: Amount = 0

    mutating func add(_ line: StatementLine) throws(SettlementError) {
        do throws(ArithmeticOverflow) {
            production = try production.adding(line.production)
            consumption = try consumption.adding(line.consumption)
            bought = try bought.adding(line.bought)
            sold = try sold.adding(line.sold)
            tradePaid = try tradePaid.adding(line.paidForReceived)
            tradeEarned = try tradeEarned.adding(line.earnedForGiven)
            restPaid = try restPaid.adding(line.paidForBought)
            restEarned = try restEarned.adding(line.earnedForSold)
            guard let charges = line.charges else { return }
            shared = try shared.adding(charges.shared)
            gridFees = try gridFees.adding(charges.gridFee)
            levies = try levies.adding(charges.fundLevy)
            incentives = try incentives.adding(charges.incentive)
        } catch {
            throw .overflow
        }
    }

    /// `grid` is what retailers get and feed-in buyers pay, `incentive` what its payer pays.
    func totals(
        traded: Energy, shared: Energy, grid: (paid: Amount, earned: Amount), incentive: Amount, fund: Amount
    ) throws(SettlementError) -> SettlementTotals {
        func totals(rounding: Amount) -> SettlementTotals {
            SettlementTotals(
                production: production, consumption: consumption, traded: traded, bought: bought, sold: sold,
                shared: shared, tradePaid: tradePaid, tradeEarned: tradeEarned, restPaid: restPaid,
                restEarned: restEarned, gridPaid: grid.paid, gridEarned: grid.earned, gridFees: gridFees,
                levies: levies, incentivePaid: incentive, incentives: incentives, fund: fund, rounding: rounding)
        }
        let left = try sized(totals(rounding: 0).leftOver())
        return totals(rounding: try sized(left.subtracting(fund)))
    }
}
