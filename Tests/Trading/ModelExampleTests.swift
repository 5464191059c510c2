import Chain
import Primitives
import Testing

@testable import Trading

/// Small cases of every model and price rule, worked out by hand.
@Suite("Examples of every model and price rule")
struct ModelExampleTests {
    private func allocate(
        _ nets: [Energy], _ model: AllocationModel, _ terms: AllocationTerms = .none
    ) throws -> Allocation {
        try Allocation(nets, model: model, period: PeriodNumber(7), terms: terms)
    }

    private func link(_ producer: Int, _ amount: Int64) -> AllocationTerms.Link {
        AllocationTerms.Link(producer: producer, amount: amount)
    }

    /// D2.3: A +3, B +1, H +3, C -1, D -3, E -3, F -3 kWh; members A, B, C, D, E, F, H.
    static let example: [Energy] = [3_000, 1_000, -1_000, -3_000, -3_000, -3_000, 3_000]

    @Test func proRata() throws {
        let allocation = try allocate(Self.example, .proRata)
        #expect(allocation.received == [0, 0, 700, 2_100, 2_100, 2_100, 0])
        #expect(allocation.given == [3_000, 1_000, 0, 0, 0, 0, 3_000])
    }

    /// S = 7,000: C may have 10 %, D 50 %, E 30 %, F 10 %; D cannot use all of its part.
    @Test func staticKeys() throws {
        let keys: [Int64] = [0, 0, 1_000, 5_000, 3_000, 1_000, 0]
        let allocation = try allocate(Self.example, .staticKeys, AllocationTerms(keys: keys))
        #expect(allocation.received == [0, 0, 700, 3_000, 2_100, 700, 0])
        #expect(allocation.traded == 6_500)
        #expect(allocation.given.reduce(0, +) == 6_500)
        // Keys below the whole leave the rest undivided, above it they count in proportion.
        #expect(try Division.byKeys(1_000, keys: [2_500, 2_500], period: PeriodNumber(0)) == [250, 250])
        #expect(try Division.byKeys(1_000, keys: [10_000, 30_000], period: PeriodNumber(0)) == [250, 750])
    }

    @Test func scheduledKeysFollowTheBand() throws {
        let night = RateBand(weekdays: 127, fromMinute: 0, toMinute: 360, value: 9_000)
        let members = [1, 2].map { number in
            Member(
                number: MemberNumber(number), meters: [MeterNumber(UInt64(number))],
                settings: MemberSettings(key: RateSchedule(1_000, bands: number == 1 ? [night] : [])), holder: .zero,
                consent: .zero, from: PeriodNumber(0))
        }
        func keys(_ model: AllocationModel, hour: UInt64) throws -> [Int64] {
            let rules = CommunityRules(
                name: "A", currency: "EUR", period: .minutes60, model: model, priceRule: .midMarketRate,
                gridTariff: Tariff(base: PricePair(consumption: 2, production: 1)))
            return try AllocationTerms(members, rules: rules, at: Timestamp(hour * 3_600_000), values: []).keys
        }
        #expect(try keys(.scheduledKeys, hour: 5) == [9_000, 1_000])
        #expect(try keys(.scheduledKeys, hour: 6) == [1_000, 1_000])
        #expect(try keys(.staticKeys, hour: 5) == [1_000, 1_000])
    }

    /// Two producers of 1,000; the first gives 80 % to consumer 2, the second half to each.
    @Test func fullKeys() throws {
        let links = [[], [], [link(0, 8_000), link(1, 5_000)], [link(1, 5_000)]]
        let allocation = try allocate([1_000, 1_000, -1_000, -400], .fullKeys, AllocationTerms(links: links))
        // Consumer 2 is offered 800 + 500 and keeps 1,000 of it, pro rata 615 + 385; consumer 3 is offered 500.
        #expect(allocation.received == [0, 0, 1_000, 400])
        #expect(allocation.given == [615, 785, 0, 0])
    }

    @Test func preferredPartnersFirst() throws {
        // Both want 300 of producer 0, which has 400; then consumer 1 asks producer 3.
        let links = [[], [link(0, 300), link(3, 100)], [link(0, 300)], []]
        let allocation = try allocate(
            [400, -1_000, -1_000, 500], .preferredPartners(then: .evenSplit), AllocationTerms(links: links))
        // 200 each of producer 0, 100 of producer 3 for consumer 1, the other 400 evenly.
        #expect(allocation.received == [0, 500, 400, 0])
        #expect(allocation.given == [400, 0, 0, 500])
        let alone = try allocate(
            [400, -1_000, -1_000, 500], .preferredPartners(then: .staticKeys),
            AllocationTerms(keys: [0, 0, 0, 0], links: links))
        #expect(alone.received == [0, 300, 200, 0])
        #expect(alone.given == [400, 0, 0, 100])
    }

    /// Bids 30, 20, 10 for 100 each; asks 5 for 150, 15 for 100.
    @Test func auction() throws {
        func pair(_ bid: Amount, _ ask: Amount) -> PricePair { PricePair(consumption: bid, production: ask) }
        let terms = AllocationTerms(limits: [pair(30, 0), pair(20, 0), pair(10, 0), pair(0, 5), pair(0, 15)])
        let allocation = try allocate([-100, -100, -100, 150, 100], .uniformPrice, terms)
        // 100 at 30/5, 50 at 20/5, 50 at 20/15; 10 is below 15.
        #expect(allocation.received == [100, 100, 0, 0, 0])
        #expect(allocation.given == [0, 0, 0, 150, 50])
        #expect(allocation.clearingPrice == 17)
        // Nobody pays more than the own bid or gets less than the own ask; who is at the margin shares.
        let tie = AllocationTerms(limits: [pair(20, 0), pair(20, 0), pair(0, 20)])
        let shared = try allocate([-300, -100, 200], .payAsBid, tie)
        #expect(shared.received == [150, 50, 0])
        #expect(shared.clearingPrice == 20)
        let apart = AllocationTerms(limits: [pair(19, 0), pair(19, 0), pair(0, 20)])
        #expect(try allocate([-300, -100, 200], .uniformPrice, apart).traded == 0)
    }

    private func settle(
        _ nets: [Energy], _ model: AllocationModel, _ rule: PriceRule, terms: AllocationTerms = .none,
        grid: PricePair = PricePair(consumption: 300_000, production: 100_000), fee: Int64 = 0, levy: Int64 = 0
    ) throws -> PeriodSettlement {
        let rules = CommunityRules(
            name: "A", currency: "EUR", period: .minutes60, model: model, priceRule: rule,
            gridTariff: Tariff(base: grid), gridFee: RateSchedule(fee), fundLevy: RateSchedule(levy))
        return try PeriodSettlement(
            community: community, period: PeriodNumber(3), version: 1, rules: rules,
            balances: balances(nets, grid: grid), terms: terms)
    }

    /// S = 1, D = 2 kWh, b = 0.30, f = 0.10: p = 0.3 * 0.1 * 2 / (0.2 * 1 + 0.1 * 2) = 0.15, c = (0.15 + 0.30) / 2 = 0.225.
    @Test func supplyDemandRatio() throws {
        let short = try settle([1_000, -2_000], .proRata, .supplyDemandRatio)
        #expect(short.lines[0].communityPrices == PricePair(consumption: 225_000, production: 150_000))
        #expect(short.lines[0].earnedForGiven == 150_000)
        #expect(short.lines[1].paidForReceived + short.lines[1].paidForBought == 450_000)
        #expect(short.totals.gridPaid == 300_000 && short.totals.rounding == 0 && short.totals.fund == 0)
        // S >= D: f for everybody.
        let long = try settle([3_000, -2_000], .proRata, .supplyDemandRatio)
        #expect(long.lines[0].communityPrices == PricePair(consumption: 100_000, production: 100_000))
        #expect(try long.lines.map { try $0.net() } == [300_000, -200_000])
        #expect(long.totals.gridEarned == 100_000 && long.totals.rounding == 0)
    }

    /// D = 3 kWh, of which 2 come from the grid at 0.30: 0.60 shared by 1 : 2.
    @Test func billSharing() throws {
        let settlement = try settle([1_000, -1_000, -2_000], .evenSplit, .billSharing)
        #expect(settlement.lines.map(\.paidForBought) == [0, 200_000, 400_000])
        #expect(settlement.lines.map(\.paidForReceived) == [0, 0, 0])
        #expect(settlement.lines[0].communityPrices == PricePair(consumption: 200_000, production: 0))
        #expect(settlement.totals.rounding == 0)
        // A third of a micro-unit goes to one of three by largest remainder.
        let uneven = try settle(
            [-1, -1, -1], .evenSplit, .billSharing, grid: PricePair(consumption: 333_400, production: 0))
        #expect(uneven.totals.restPaid == 1_000 && uneven.lines.map(\.paidForBought).sorted() == [333, 333, 334])
    }

    @Test func payAsBidFeedsTheFund() throws {
        let terms = AllocationTerms(
            limits: [PricePair(consumption: 0, production: 120_000), PricePair(consumption: 200_000, production: 0)])
        let bid = try settle([1_000, -1_000], .payAsBid, .byModel, terms: terms)
        #expect(try bid.lines.map { try $0.net() } == [120_000, -200_000])
        #expect(bid.totals.fund == 80_000 && bid.totals.rounding == 0)
        let uniform = try settle([1_000, -1_000], .uniformPrice, .byModel, terms: terms)
        #expect(try uniform.lines.map { try $0.net() } == [160_000, -160_000])
        #expect(uniform.totals.fund == 0)
    }

    /// 2 kWh in, 3 kWh out: 2 kWh earn 0.11 each; keys 60 % and 30 %, a tenth is nobody's.
    @Test func sharedIncentive() throws {
        let terms = AllocationTerms(keys: [6_000, 3_000])
        let settlement = try settle(
            [2_000, -3_000], .sharedIncentive(RateSchedule(110_000)), .byModel, terms: terms, levy: 10_000)
        #expect(settlement.totals.shared == 2_000 && settlement.totals.traded == 0)
        #expect(settlement.totals.incentivePaid == 220_000)
        #expect(settlement.lines.compactMap(\.charges?.shared) == [1_200, 600])
        #expect(settlement.lines.compactMap(\.charges?.incentive) == [132_000, 66_000])
        #expect(settlement.lines.compactMap(\.charges?.fundLevy) == [12_000, 6_000])
        #expect(settlement.totals.fund == 22_000 + 18_000)
        // The grid is as without a community.
        #expect(settlement.lines[0].earnedForSold == 200_000 && settlement.lines[1].paidForBought == 900_000)
    }

    @Test func gridFeeAndLevy() throws {
        let settlement = try settle([1_000, -2_000], .evenSplit, .midMarketRate, fee: 30_000, levy: 5_000)
        let charges = try #require(settlement.lines[1].charges)
        #expect(charges.gridFee == 30_000 && charges.fundLevy == 5_000)
        #expect(try settlement.lines[1].net() == -(200_000 + 300_000 + 30_000 + 5_000))
        #expect(settlement.totals.gridFees == 30_000 && settlement.totals.fund == 5_000)
    }

    @Test(arguments: [
        (MoneyRounding.halfUp, [1, 2, 3, 0, -1]), (.halfEven, [0, 2, 2, 0, -2]),
    ]) func rounding(_ rounding: MoneyRounding, _ expected: [Amount]) throws {
        // 0.5, 1.5, 2.5, 0.499, -1.5 micro-units.
        let values: [(Energy, Amount)] = [(500, 1), (1_500, 1), (2_500, 1), (499, 1), (1_500, -1)]
        #expect(try values.map { try Pricing.amount(of: $0.0, at: $0.1, rounding) } == expected)
    }

    /// Generator H: 3 kWh at 0.20 are 0.60, of which A owns a half, C a third.
    @Test func sharedPlant() throws {
        let plant = PlantTerms(
            agent: "corona",
            owners: [
                PlantTerms.Owner(member: MemberNumber(1), share: 5_000),
                PlantTerms.Owner(member: MemberNumber(3), share: 3_333),
            ])
        let settlement = try settle(Self.example, .evenSplit, .midMarketRate)
        let members = (1...7).map { number in
            Member(
                number: MemberNumber(UInt32(number)), meters: [MeterNumber(UInt64(number))],
                plant: number == 7 ? plant : nil, holder: .zero, consent: .zero, from: PeriodNumber(0))
        }
        let postings = try settlement.postings(members)
        #expect(postings.first { $0.account == .agent("corona") }?.amount == 600_000)
        #expect(!postings.contains { $0.account == .member(MemberNumber(7)) })
        #expect(postings.reduce(0) { $0 + $1.amount } == 0)
        let owed = try plant.owed(600_000, period: PeriodNumber(3))
        #expect(owed.map(\.owner) == [MemberNumber(1), MemberNumber(3)] && owed.map(\.amount) == [300_000, 199_980])
        // Money that the plant owes is shared the same way; the parts sum to at most the whole.
        #expect(try plant.owed(-10, period: PeriodNumber(0)).map(\.amount).reduce(0, +) >= -10)
    }
}
