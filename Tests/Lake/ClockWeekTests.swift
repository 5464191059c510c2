import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// The weeks of both clock changes with the registers of the Konstanz house, which sells to three neighbours: through
/// adaptor, lake, settler, attesters and chain, to a statement that verifies.
@Suite("Weeks of clock changes")
struct ClockWeekTests {
    /// Local Monday 0:00 to the next one, in Berlin.
    static let weeks = [
        ("2015-10-18T22:00:00Z", "2015-10-25T23:00:00Z", 169), ("2016-03-20T23:00:00Z", "2016-03-27T22:00:00Z", 167),
        ("2016-10-23T22:00:00Z", "2016-10-30T23:00:00Z", 169),
    ]

    private static func neighbour(_ home: Int, _ hour: UInt64) -> Energy {
        Int64(200 + (hour * 37 + UInt64(home) * 911) % 900)
    }

    private static func batch(_ home: Int, _ from: UInt64, _ count: UInt64) -> ReadingBatch {
        let readings = (from..<from + count).map { hour in
            Reading(
                start: Timestamp(hour * 3_600_000), direction: .load, energy: neighbour(home, hour),
                quality: .asProvided, receivedAt: Timestamp((hour + 1) * 3_600_000))
        }
        return ReadingBatch(
            salt: SHA256.hash(Array("neighbour \(home)".utf8)), meter: TestNetwork.meter(home),
            resolution: .minutes60, readings: readings)
    }

    @Test(.enabled(if: Shared.isPresent), arguments: weeks)
    func settlesEveryHourOnce(_ week: (from: String, to: String, hours: Int)) async throws {
        let (from, to) = (try RegisterAdaptorTests.time(week.from), try RegisterAdaptorTests.time(week.to))
        let clock = try #require(CivilTime.clock("Europe/Berlin", years: 2014...2018))
        let settings = AdaptorSettings(
            clock: clock, meters: ["house": TestNetwork.meter(1)], receivedAt: to, plausibleKilowattsMax: 100)
        let adapted = try RegisterAdaptor(settings, meter: "house").read(
            [UInt8](try Shared.data("data/kn_residential4_registers_hourly.csv")))
        var drawn: UInt64 = 0
        let house = adapted.batches(from: from, to: to, span: 86_400_000) {
            drawn += 1
            return SHA256.hash(Array("house \(drawn)".utf8))
        }
        let (first, count) = (from.value / 3_600_000, UInt64(week.hours))
        #expect(first + count == to.value / 3_600_000)
        // Evenings cost more by the local clock, on both sides of its change.
        let evening = PriceBand(
            weekdays: 127, fromMinute: 1_020, toMinute: 1_200,
            prices: PricePair(consumption: 200_000, production: 180_000))
        let rules = CommunityRules(
            name: "Konstanz", currency: "EUR", period: .minutes60,
            priceRule: .communityTariffs(
                PriceSchedule(base: PricePair(consumption: 160_000, production: 140_000), bands: [evening])),
            gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)), clock: clock,
            activeMembersMin: 2, deadlineHours: 0)
        let cluster = try Cluster()
        cluster.network.withLock { $0.time = from }
        let address = try cluster.community(
            rules, homes: 4, from: PeriodNumber(first),
            batches: house + (2...4).map { Self.batch($0, first, count) })
        cluster.network.withLock { $0.time = max($0.time, to) }
        let settler = try cluster.settler()
        #expect(try await settler.round([address]) == week.hours)
        let readings = house.flatMap(\.readings)
        for hour in first..<first + count {
            let record = try #require(try cluster.chain.settlement(of: address, period: PeriodNumber(hour)))
            #expect(record.claim.version == 1 && record.claim.stage == .final && record.claim.members == 4)
            let totals = try #require(
                try cluster.lake(Cluster.administrator).results.inputs(
                    of: address, period: PeriodNumber(hour), version: 1)
            ).totals
            let own = readings.filter { $0.start.value == hour * 3_600_000 }
            let exported = own.filter { $0.direction == .export }.reduce(Energy(0)) { $0 + $1.energy }
            let imported = own.filter { $0.direction == .import }.reduce(Energy(0)) { $0 + $1.energy }
            let needed = (2...4).reduce(Energy(0)) { $0 + Self.neighbour($1, hour) }
            let net = exported - imported
            #expect(totals.production == exported && totals.consumption == imported + needed)
            #expect(totals.traded == min(max(net, 0), needed))
            let minute = clock.local(at: Timestamp(hour * 3_600_000)).minute
            if totals.traded > 0 {
                let price: Amount = (1_020..<1_200).contains(minute) ? 200_000 : 160_000
                // Each of the three lines is rounded to a micro-unit.
                #expect(abs(totals.tradePaid * 1_000 - totals.traded * price) <= 1_500)
            }
        }
        let statement = try await cluster.statement(
            of: 1, in: address, from: PeriodNumber(first), to: PeriodNumber(first + count))
        #expect(statement.lines.count == week.hours && statement.open.isEmpty)
        #expect(statement.sums.production == readings.filter { $0.direction == .export }.reduce(0) { $0 + $1.energy })
        #expect(cluster.verify(try statement.json()).isRight)
    }
}
