package import Chain
package import Primitives

/// What a member produced and consumed in one period.
package struct MemberBalance: Hashable, Sendable {
    package let member: MemberNumber
    package let production: Energy
    package let consumption: Energy
    /// b and f of the member in this period.
    package let gridPrices: PricePair
    package let quality: Quality

    package init(
        member: MemberNumber, production: Energy, consumption: Energy, gridPrices: PricePair,
        quality: Quality = .asProvided
    ) {
        self.member = member
        self.production = production
        self.consumption = consumption
        self.gridPrices = gridPrices
        self.quality = quality
    }
}

/// Result of one period: a line per member, and the sums. A pure function of its arguments.
///
/// Invariants: received and given both sum to `totals.traded`; production - consumption = sold - bought, for each member
/// and in total; postings sum to zero.
package struct PeriodSettlement: Hashable, Sendable {
    /// Ascending by member.
    package let lines: [StatementLine]
    package let totals: SettlementTotals
    /// Members with a surplus, and with a demand.
    package let activeProducers: Int
    package let activeConsumers: Int

    /// `balances` strictly ascending by member, at most 16,384. O(n log n).
    package init(
        community: Address, period: PeriodNumber, version: UInt32, rules: CommunityRules, balances: [MemberBalance]
    ) throws(SettlementError) {
        guard balances.count <= SaltList.membersMax else { throw .tooManyMembers(limit: SaltList.membersMax) }
        guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
        for (left, right) in zip(balances, balances.dropFirst()) where left.member >= right.member {
            throw .membersNotAscending
        }
        var nets: [Energy] = []
        nets.reserveCapacity(balances.count)
        for balance in balances {
            guard balance.production >= 0, balance.consumption >= 0 else { throw .negativeEnergy(balance.member) }
            nets.append(balance.production - balance.consumption)
        }
        let allocation = try Allocation(nets, model: rules.model, period: period)
        let prices = try rules.communityPrices(at: start)
        var lines: [StatementLine] = []
        lines.reserveCapacity(balances.count)
        for (position, balance) in balances.enumerated() {
            lines.append(
                try StatementLine(
                    community: community, period: period, version: version, balance: balance,
                    received: allocation.received[position], given: allocation.given[position],
                    communityPrices: prices))
        }
        self.lines = lines
        totals = try SettlementTotals(lines: lines, traded: allocation.traded, prices: prices)
        activeProducers = nets.count { $0 > 0 }
        activeConsumers = nets.count { $0 < 0 }
    }
}

extension StatementLine {
    /// The line that follows from a balance and its part of the traded energy.
    package init(
        community: Address, period: PeriodNumber, version: UInt32, balance: MemberBalance, received: Energy,
        given: Energy, communityPrices: PricePair
    ) throws(SettlementError) {
        let net = try sized(balance.production.subtracting(balance.consumption))
        let bought = try sized(max(try Int64(0).subtracting(net), 0).subtracting(received))
        let sold = try sized(max(net, 0).subtracting(given))
        self.init(
            community: community, period: period, version: version, member: balance.member,
            production: balance.production, consumption: balance.consumption, received: received, given: given,
            bought: bought, sold: sold, communityPrices: communityPrices, gridPrices: balance.gridPrices,
            paidForReceived: try Pricing.amount(of: received, at: communityPrices.consumption),
            earnedForGiven: try Pricing.amount(of: given, at: communityPrices.production),
            paidForBought: try Pricing.amount(of: bought, at: balance.gridPrices.consumption),
            earnedForSold: try Pricing.amount(of: sold, at: balance.gridPrices.production),
            quality: balance.quality)
    }

    /// Money that the member gets (positive) or owes (negative) for the period.
    package func net() throws(SettlementError) -> Amount {
        let earned = try sized(earnedForGiven.adding(earnedForSold))
        let paid = try sized(paidForReceived.adding(paidForBought))
        return try sized(earned.subtracting(paid))
    }
}

extension SettlementTotals {
    package init(lines: [StatementLine], traded: Energy, prices: PricePair) throws(SettlementError) {
        let tradePaid = try lines.map(\.paidForReceived).checkedSum()
        let tradeEarned = try lines.map(\.earnedForGiven).checkedSum()
        let margin = try sized(prices.consumption.subtracting(prices.production))
        let fund = try Pricing.amount(of: traded, at: margin)
        self.init(
            production: try lines.map(\.production).checkedSum(),
            consumption: try lines.map(\.consumption).checkedSum(), traded: traded,
            bought: try lines.map(\.bought).checkedSum(), sold: try lines.map(\.sold).checkedSum(),
            tradePaid: tradePaid, tradeEarned: tradeEarned,
            gridPaid: try lines.map(\.paidForBought).checkedSum(),
            gridEarned: try lines.map(\.earnedForSold).checkedSum(), fund: fund,
            rounding: try sized(try tradePaid.subtracting(tradeEarned).subtracting(fund)))
    }

    /// Why these sums cannot be those of any period, nil when they can. Needs no member's data, so that the chain
    /// checks it for every settlement.
    package var problem: String? {
        do throws(ArithmeticOverflow) {
            if [production, consumption, traded, bought, sold].contains(where: { $0 < 0 }) {
                return "energy is negative"
            }
            if try production.subtracting(consumption) != sold.subtracting(bought) {
                return "production less consumption is not what was sold less what was bought"
            }
            if bought > 0, sold > 0 { return "energy was bought from the grid while members had some to give" }
            if try tradePaid.subtracting(tradeEarned).subtracting(fund) != rounding {
                return "trade money does not sum to zero"
            }
            return nil
        } catch {
            return "a sum does not fit 64 bits"
        }
    }
}
