import Chain
import ContractKit
import Primitives
import TestSupport
import Testing

@testable import Trading

let community = Address(wellKnown: "test-community")

func testRules(
    _ priceRule: PriceRule = .midMarketRate, grid: PricePair = PricePair(consumption: 250_000, production: 80_000),
    period: Resolution = .minutes60, activeMembersMin: UInt16 = 4, deadlineHours: UInt16 = 72
) -> CommunityRules {
    CommunityRules(
        name: "Sierra Crest", currency: "USD", period: period, priceRule: priceRule,
        gridTariff: Tariff(base: grid), activeMembersMin: activeMembersMin, deadlineHours: deadlineHours,
        attestation: .validators)
}

func balances(_ nets: [Energy], grid: PricePair) -> [MemberBalance] {
    nets.enumerated().map { index, net in
        MemberBalance(
            member: MemberNumber(UInt32(index + 1)), production: max(net, 0), consumption: max(-net, 0),
            gridPrices: grid)
    }
}

@Suite("Reference figures")
struct SettlementReferenceTests {
    /// D2.3: A +3, B +1, H +3, C -1, D -3, E -3, F -3 kWh.
    @Test func workedExample() throws {
        let nets: [Energy] = [3_000, 1_000, -1_000, -3_000, -3_000, -3_000, 3_000]
        let allocation = try Allocation(nets, model: .evenSplit, period: PeriodNumber(7))
        #expect(allocation.traded == 7_000)
        #expect(allocation.received == [0, 0, 1_000, 2_000, 2_000, 2_000, 0])
        #expect(allocation.given == [3_000, 1_000, 0, 0, 0, 0, 3_000])
    }

    @Test(.enabled(if: Shared.isPresent)) func wholeRealYear() throws {
        let year = try ReferenceYear.load()
        #expect(year.homes.count == 17)
        #expect(year.hours.count == 8_760)
        let grid = PricePair(consumption: 250_000, production: 80_000)
        let rules = testRules(grid: grid)
        var traded: Energy = 0
        var bill: Amount = 0
        var billAlone: Amount = 0
        for (hour, nets) in year.hours.enumerated() {
            let settlement = try PeriodSettlement(
                community: community, period: PeriodNumber(UInt64(408_000 + hour)), version: 1, rules: rules,
                balances: balances(nets, grid: grid))
            traded += settlement.totals.traded
            bill -= try settlement.lines.reduce(0) { $0 + (try $1.net()) }
            for net in nets { billAlone += net < 0 ? 250 * -net : -80 * net }
            let postings = try settlement.postings()
            #expect(postings.reduce(0) { $0 + $1.amount } == 0)
        }
        #expect(traded == 17_695_672)
        // Cents, rounded once at the end of the year.
        #expect((bill + 5_000) / 10_000 == 2_134_975)
        #expect((billAlone + 5_000) / 10_000 == 2_435_802)
    }

    @Test func communityTariffsFeedTheFund() throws {
        let prices = PriceSchedule(base: PricePair(consumption: 200_000, production: 150_000))
        let grid = PricePair(consumption: 300_000, production: 70_000)
        let settlement = try PeriodSettlement(
            community: community, period: PeriodNumber(1), version: 1,
            rules: testRules(.communityTariffs(prices), grid: grid),
            balances: balances([2_000, -1_000, -3_000], grid: grid))
        #expect(settlement.lines.map(\.received) == [0, 1_000, 1_000])
        #expect(settlement.lines.map(\.paidForReceived) == [0, 200_000, 200_000])
        #expect(settlement.lines.map(\.paidForBought) == [0, 0, 600_000])
        #expect(settlement.lines[0].earnedForGiven == 300_000)
        #expect(settlement.totals.fund == 100_000)
        #expect(settlement.totals.rounding == 0)
        #expect(settlement.totals.problem(.evenSplit) == nil)
    }

    /// c below p: the fund pays in.
    @Test func negativeMarginAndRounding() throws {
        let prices = PriceSchedule(base: PricePair(consumption: 100_001, production: 150_002))
        let grid = PricePair(consumption: 300_000, production: 70_000)
        let settlement = try PeriodSettlement(
            community: community, period: PeriodNumber(1), version: 1,
            rules: testRules(.communityTariffs(prices), grid: grid),
            balances: balances([3, 4, 6, -5, -8], grid: grid))
        #expect(settlement.totals.fund == -650)
        #expect(settlement.totals.tradePaid == 1_300)
        #expect(settlement.totals.tradeEarned == 1_950)
        #expect(settlement.totals.rounding == 0)
        #expect(try settlement.postings().reduce(0) { $0 + $1.amount } == 0)
    }

    @Test func bandsFollowTheCommunitysClock() throws {
        // Central European time in the winter and summer of 2024.
        let clock = LocalClock(spans: [
            LocalClock.Span(from: Timestamp(1_698_541_200_000), offsetMinutes: 60),
            LocalClock.Span(from: Timestamp(1_711_846_800_000), offsetMinutes: 120),
        ])
        let evening = PriceBand(
            weekdays: 0b001_1111, fromMinute: 17 * 60, toMinute: 20 * 60,
            prices: PricePair(consumption: 5, production: 4))
        let schedule = PriceSchedule(base: PricePair(consumption: 2, production: 1), bands: [evening])
        // Monday 2024-01-15: 16:00 UTC is 17:00 local. Monday 2024-07-15: 15:00 UTC is 17:00 local.
        #expect(schedule.prices(at: Timestamp(1_705_334_400_000), clock: clock).consumption == 5)
        #expect(schedule.prices(at: Timestamp(1_705_330_800_000), clock: clock).consumption == 2)
        #expect(schedule.prices(at: Timestamp(1_721_055_600_000), clock: clock).consumption == 5)
        #expect(schedule.prices(at: Timestamp(1_721_066_400_000), clock: clock).consumption == 2)
        // Saturday 2024-07-20.
        #expect(schedule.prices(at: Timestamp(1_721_487_600_000), clock: clock).consumption == 2)
        // The hour that spring skips, and the one that autumn would repeat.
        #expect(clock.instants(ofLocalMinutes: Int64(1_711_846_800 / 60 + 60)).isEmpty)
        #expect(clock.instants(ofLocalMinutes: Int64(1_711_846_800 / 60 + 120)) == [Timestamp(1_711_846_800_000)])
    }
}
