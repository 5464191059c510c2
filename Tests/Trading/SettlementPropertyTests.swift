import Chain
import Primitives
import TestSupport
import Testing

@testable import Trading

@Suite("Properties of one period")
struct SettlementPropertyTests {
    /// Random nets of 0 to 40 members: small numbers (many ties) in odd seeds, large ones in even seeds.
    static func nets(_ seed: UInt64) -> [Energy] {
        var generator = SeededGenerator(seed: seed)
        let bound: Int64 = seed % 2 == 0 ? 1_000_000_000_000 : 5
        return (0..<Int.random(in: 0...40, using: &generator)).map { _ in
            Int64.random(in: -bound...bound, using: &generator)
        }
    }

    @Test(arguments: UInt64(0)..<300) func energyIsConserved(seed: UInt64) throws {
        let nets = Self.nets(seed)
        let allocation = try Allocation(nets, model: .evenSplit, period: PeriodNumber(seed))
        let surplus = nets.map { max($0, 0) }
        let demand = nets.map { max(-$0, 0) }
        #expect(allocation.traded == min(surplus.reduce(0, +), demand.reduce(0, +)))
        #expect(allocation.received.reduce(0, +) == allocation.traded)
        #expect(allocation.given.reduce(0, +) == allocation.traded)
        for position in nets.indices {
            #expect((0...demand[position]).contains(allocation.received[position]))
            #expect((0...surplus[position]).contains(allocation.given[position]))
        }
        // Even: nobody has more than one Wh above somebody who still wants more.
        let level = allocation.received.max() ?? 0
        for position in nets.indices where allocation.received[position] < demand[position] {
            #expect(allocation.received[position] >= level - 1)
        }
        // Pro rata: within one Wh of the exact share.
        let total = Int128(surplus.reduce(0, +))
        for position in nets.indices where total > 0 {
            let exact = Int128(allocation.traded) * Int128(surplus[position])
            #expect(abs(Int128(allocation.given[position]) * total - exact) < total)
        }
    }

    @Test(arguments: UInt64(0)..<100) func moneySumsToZero(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed ^ 0xabcd)
        func price() -> Amount { Int64.random(in: -1_000...400_000, using: &generator) }
        let schedule = PriceSchedule(base: PricePair(consumption: price(), production: price()))
        let reference = PricePair(consumption: price(), production: price())
        let rules = testRules(seed % 3 == 0 ? .midMarketRate : .communityTariffs(schedule), grid: reference)
        let members = Self.nets(seed).enumerated().map { index, net in
            let own = Int64.random(in: 0...1_000, using: &generator)
            return MemberBalance(
                member: MemberNumber(UInt32(index * 3)), production: max(net, 0) + own, consumption: max(-net, 0) + own,
                gridPrices: PricePair(consumption: price(), production: price()))
        }
        let settlement = try PeriodSettlement(
            community: community, period: PeriodNumber(seed), version: 1, rules: rules, balances: members)
        #expect(try settlement.postings().reduce(0) { $0 + $1.amount } == 0)
        #expect(settlement.totals.problem(.evenSplit) == nil)
        #expect(abs(settlement.totals.rounding) <= Int64(members.count) + 1)
        for line in settlement.lines {
            #expect(line.production - line.consumption == line.given + line.sold - line.received - line.bought)
        }
    }

    /// The result belongs to member numbers: listing them in another order and sorting gives the same lines.
    @Test(arguments: UInt64(0)..<50) func orderOfMembersIsIrrelevant(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let grid = PricePair(consumption: 250_000, production: 80_000)
        let ordered = balances(Self.nets(seed), grid: grid)
        let shuffled = ordered.shuffled(using: &generator).sorted { $0.member < $1.member }
        func run(_ members: [MemberBalance]) throws -> PeriodSettlement {
            try PeriodSettlement(
                community: community, period: PeriodNumber(seed), version: 1, rules: testRules(), balances: members)
        }
        #expect(try run(ordered) == run(shuffled))
        if ordered.count > 1 {
            #expect(throws: SettlementError.membersNotAscending) { try run(ordered.reversed()) }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 12, 17, 24, 25, 48, 96]) func rotationIsFair(count: Int) {
        // Each position is first exactly once in every block of `count` periods.
        for block in 0..<20 {
            let firsts = (0..<count).map {
                Rotation(period: PeriodNumber(UInt64(block * count + $0)), count: count).first
            }
            #expect(firsts.sorted() == Array(0..<count))
        }
        // The same hour of the day does not always favour the same position.
        let noons = (0..<UInt64(400)).map { Rotation(period: PeriodNumber($0 * 24 + 12), count: count).first }
        #expect(Set(noons).count == count)
        let ranks = (0..<count).map { Rotation(period: PeriodNumber(99), count: count).rank($0) }
        #expect(ranks.sorted() == Array(0..<count))
    }

    @Test func leftoverGoesRoundInTurn() throws {
        // 10 Wh for three equal homes: each gets the fourth watt-hour once in every block of three periods.
        var extra = [0, 0, 0, 0]
        for period in 0..<UInt64(300) {
            let allocation = try Allocation([-9, 10, -9, -9], model: .evenSplit, period: PeriodNumber(period))
            for (position, share) in allocation.received.enumerated() where share == 4 { extra[position] += 1 }
        }
        #expect(extra == [100, 0, 100, 100])
    }

    @Test func extremeValuesAreErrors() throws {
        let grid = PricePair(consumption: PricePair.priceMax, production: -PricePair.priceMax)
        let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for first in extremes {
            for second in extremes {
                _ = try? Allocation([first, second, first], model: .evenSplit, period: PeriodNumber(.max))
                _ = try? Division.evenly(
                    first, upTo: [second, .max], period: PeriodNumber(0))
                _ = try? Division.proRata(
                    first, by: [second, .max], period: PeriodNumber(0))
                _ = try? Pricing.amount(of: first, at: second)
                let members = [
                    MemberBalance(member: MemberNumber(1), production: first, consumption: second, gridPrices: grid),
                    MemberBalance(member: MemberNumber(2), production: second, consumption: first, gridPrices: grid),
                ]
                _ = try? PeriodSettlement(
                    community: community, period: PeriodNumber(1), version: 1, rules: testRules(), balances: members)
                let totals = SettlementTotals(
                    production: first, consumption: second, traded: first, bought: second, sold: first,
                    tradePaid: second, tradeEarned: first, gridPaid: second, gridEarned: first, fund: second,
                    rounding: first)
                _ = totals.problem(.evenSplit)
            }
        }
        #expect(throws: SettlementError.overflow) {
            try Allocation([.max, .max, -1], model: .evenSplit, period: PeriodNumber(0))
        }
        #expect(throws: SettlementError.overflow) { try Pricing.amount(of: .max, at: .max) }
        #expect(throws: SettlementError.periodOutOfRange) {
            try PeriodSettlement(
                community: community, period: PeriodNumber(.max), version: 1, rules: testRules(), balances: [])
        }
        #expect(throws: SettlementError.negativeEnergy(MemberNumber(1))) {
            try PeriodSettlement(
                community: community, period: PeriodNumber(1), version: 1, rules: testRules(),
                balances: [
                    MemberBalance(member: MemberNumber(1), production: .min, consumption: 0, gridPrices: grid)
                ])
        }
    }

    /// Largest weights that still sum: products need 128 bits.
    @Test func largeButValidValues() throws {
        let half = Int64.max / 2
        let allocation = try Allocation([half, half, -half, -half + 1], model: .evenSplit, period: PeriodNumber(3))
        #expect(allocation.traded == half + half - 1)
        #expect(allocation.received == [0, 0, half, half - 1])
    }

    @Test func correctionPostsOnlyTheDifference() throws {
        let grid = PricePair(consumption: 250_000, production: 80_000)
        func postings(_ nets: [Energy]) throws -> [Posting] {
            try PeriodSettlement(
                community: community, period: PeriodNumber(5), version: 1, rules: testRules(),
                balances: balances(nets, grid: grid)
            ).postings()
        }
        let old = try postings([5_000, -3_000, -4_000])
        let new = try postings([6_000, -3_000, -4_000])
        let delta = try Posting.difference(from: old, to: new)
        #expect(!delta.isEmpty)
        #expect(delta.reduce(0) { $0 + $1.amount } == 0)
        #expect(try Posting.difference(from: old, to: old).isEmpty)
        for posting in new {
            let before = old.first { $0.account == posting.account }?.amount ?? 0
            let change = delta.first { $0.account == posting.account }?.amount ?? 0
            #expect(before + change == posting.amount)
        }
    }
}
