package import Chain
internal import LedgerCrypto
package import Primitives

/// What comes on top of energy in a period: the grid fee and the fund's levy on energy from neighbours, or the incentive
/// of a community that shares one. Rates in micro-units per kWh, energy in watt-hours, money in micro-units.
package struct LineCharges: Hashable, Sendable {
    package static let none = LineCharges(gridFeeRate: 0, fundLevyRate: 0, incentiveRate: 0)

    /// Rates of the rules in this period.
    package let gridFeeRate: Amount
    package let fundLevyRate: Amount
    package let incentiveRate: Amount
    /// The member's part of the shared energy E; 0 unless the model is the shared incentive.
    package let shared: Energy
    /// Paid: rate times received.
    package let gridFee: Amount
    /// Paid: rate times received, or times shared.
    package let fundLevy: Amount
    /// Earned: rate times shared.
    package let incentive: Amount

    package init(
        gridFeeRate: Amount, fundLevyRate: Amount, incentiveRate: Amount, shared: Energy = 0, gridFee: Amount = 0,
        fundLevy: Amount = 0, incentive: Amount = 0
    ) {
        self.gridFeeRate = gridFeeRate
        self.fundLevyRate = fundLevyRate
        self.incentiveRate = incentiveRate
        self.shared = shared
        self.gridFee = gridFee
        self.fundLevy = fundLevy
        self.incentive = incentive
    }
}

extension LineCharges: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        for value in [gridFeeRate, fundLevyRate, incentiveRate, shared, gridFee, fundLevy, incentive] {
            encoder.i64(value)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        self.init(
            gridFeeRate: try decoder.i64(), fundLevyRate: try decoder.i64(), incentiveRate: try decoder.i64(),
            shared: try decoder.i64(), gridFee: try decoder.i64(), fundLevy: try decoder.i64(),
            incentive: try decoder.i64())
    }
}

/// One member's result of one period: the content of a leaf. Energy in watt-hours and money in micro-units, all >= 0
/// except prices and what they make; prices in micro-units per kWh.
package struct StatementLine: Hashable, Sendable {
    package let community: Address
    package let period: PeriodNumber
    package let version: UInt32
    package let member: MemberNumber

    package let production: Energy
    package let consumption: Energy
    /// a_j: demand covered by neighbours.
    package let received: Energy
    /// g_i: surplus given to neighbours.
    package let given: Energy
    /// The rest of the demand, from the grid.
    package let bought: Energy
    /// The rest of the surplus, to the grid.
    package let sold: Energy

    /// c and p of the period; with `payAsBid` the member's own limits; with `billSharing` the average, for information.
    package let communityPrices: PricePair
    /// b and f of this member; what the community's pool charges with `supplyDemandRatio`, the reference tariff with
    /// `billSharing`.
    package let gridPrices: PricePair

    /// For `received` at c, `given` at p, `bought` at b, `sold` at f. A negative price makes a negative amount. With
    /// `billSharing` the last two are the member's shares of the community's bill, and the first two 0.
    package let paidForReceived: Amount
    package let earnedForGiven: Amount
    package let paidForBought: Amount
    package let earnedForSold: Amount
    /// The worst of the readings behind it.
    package let quality: Quality
    /// Present exactly when the rules have a grid fee, a levy or an incentive (`CommunityRules.hasCharges`).
    package let charges: LineCharges?

    package init(
        community: Address, period: PeriodNumber, version: UInt32, member: MemberNumber, production: Energy,
        consumption: Energy, received: Energy, given: Energy, bought: Energy, sold: Energy,
        communityPrices: PricePair, gridPrices: PricePair, paidForReceived: Amount, earnedForGiven: Amount,
        paidForBought: Amount, earnedForSold: Amount, quality: Quality, charges: LineCharges? = nil
    ) {
        self.community = community
        self.period = period
        self.version = version
        self.member = member
        self.production = production
        self.consumption = consumption
        self.received = received
        self.given = given
        self.bought = bought
        self.sold = sold
        self.communityPrices = communityPrices
        self.gridPrices = gridPrices
        self.paidForReceived = paidForReceived
        self.earnedForGiven = earnedForGiven
        self.paidForBought = paidForBought
        self.earnedForSold = earnedForSold
        self.quality = quality
        self.charges = charges
    }

}

extension StatementLine: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(period)
        encoder.u32(version)
        encoder.value(member)
        for energy in [production, consumption, received, given, bought, sold] { encoder.i64(energy) }
        encoder.value(communityPrices)
        encoder.value(gridPrices)
        for amount in [paidForReceived, earnedForGiven, paidForBought, earnedForSold] { encoder.i64(amount) }
        encoder.value(quality)
        encoder.option(charges)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        self.init(
            community: try Address(from: &decoder), period: try PeriodNumber(from: &decoder),
            version: try decoder.u32(), member: try MemberNumber(from: &decoder), production: try decoder.i64(),
            consumption: try decoder.i64(), received: try decoder.i64(), given: try decoder.i64(),
            bought: try decoder.i64(), sold: try decoder.i64(), communityPrices: try PricePair(from: &decoder),
            gridPrices: try PricePair(from: &decoder), paidForReceived: try decoder.i64(),
            earnedForGiven: try decoder.i64(), paidForBought: try decoder.i64(), earnedForSold: try decoder.i64(),
            quality: try Quality(from: &decoder), charges: try decoder.option())
    }
}
