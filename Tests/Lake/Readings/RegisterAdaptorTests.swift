import Foundation
import Primitives
import Settlement
import TestSupport
import Testing
import Trading

@Suite("Cumulative registers")
struct RegisterAdaptorTests {
    static let meter = MeterNumber(77)
    static let header = "utc_timestamp,cet_cest_timestamp,grid_export,grid_import,pv,interpolated_values"

    static func settings(_ zone: String = "Europe/Berlin") throws -> AdaptorSettings {
        AdaptorSettings(
            clock: try #require(CivilTime.clock(zone, years: 2014...2018)), meters: ["house": meter],
            receivedAt: Timestamp(1_500_000_000_000))
    }

    static func time(_ text: String) throws -> Timestamp {
        let formatter = ISO8601DateFormatter()
        return Timestamp(UInt64(try #require(formatter.date(from: text)).timeIntervalSince1970 * 1_000))
    }

    private func read(_ rows: [String]) throws -> AdaptedReadings {
        try RegisterAdaptor(Self.settings(), meter: "house").read(
            Array(([Self.header] + rows).joined(separator: "\n").utf8))
    }

    /// Every stand that the file has is either the end of a reading or told in a notice; sums are differences of stands.
    @Test(.enabled(if: Shared.isPresent)) func wholeRealHouse() throws {
        let bytes = [UInt8](try Shared.data("data/kn_residential4_registers_hourly.csv"))
        #expect(ReadingsFormat.detect(bytes) == .registers)
        let adapted = try RegisterAdaptor(Self.settings(), meter: "house").read(bytes)
        #expect(adapted.series.count == 1 && adapted.rejectedCount == 0)
        let readings = adapted.series[0].readings
        // From 2015-10-11T19:00Z to 2017-02-09T11:00Z, two registers.
        #expect(readings.count == 2 * 11_680)
        let imported = readings.filter { $0.direction == .import }
        #expect(imported.first?.energy == 368)
        // The stands: 0.077 kWh at first, 6321.393 at last; what fell into gaps is told.
        let told = adapted.notices.filter { $0.kind == .noValue && $0.reason.hasPrefix("grid_import") }
        #expect(told.count == 12)
        let inGaps = told.compactMap {
            $0.reason.split(separator: ": ").last?.split(separator: " ").first.flatMap { Int64($0) }
        }
        #expect(imported.reduce(0) { $0 + $1.energy } + inGaps.reduce(0, +) == 6_321_393 - 77)
        let exported = readings.filter { $0.direction == .export }
        let exportGaps = adapted.notices.filter { $0.kind == .noValue && $0.reason.hasPrefix("grid_export") }
            .compactMap { $0.reason.split(separator: ": ").last?.split(separator: " ").first.flatMap { Int64($0) } }
        #expect(exported.reduce(0) { $0 + $1.energy } + exportGaps.reduce(0, +) == 9_563_098)
        #expect(adapted.notices.contains { $0.kind == .ignoredColumn && $0.reason.contains("heat_pump") })
        #expect(!adapted.notices.contains { $0.kind == .mislabelledClock || $0.kind == .clockShift })
        #expect(adapted.count(.missing) > 0 && adapted.count(.estimated) > 500)
    }

    /// The weeks of both clock changes: 169 hours and 167 hours of a local week, none doubled, none lost.
    @Test(
        .enabled(if: Shared.isPresent),
        arguments: [
            ("2015-10-18T22:00:00Z", "2015-10-25T23:00:00Z", 169),
            ("2016-03-20T23:00:00Z", "2016-03-27T22:00:00Z", 167),
            ("2016-10-23T22:00:00Z", "2016-10-30T23:00:00Z", 169),
        ]) func weeksOfClockChanges(_ week: (from: String, to: String, hours: Int)) throws
    {
        let adapted = try RegisterAdaptor(Self.settings(), meter: "house").read(
            [UInt8](try Shared.data("data/kn_residential4_registers_hourly.csv")))
        let (from, to) = (try Self.time(week.from), try Self.time(week.to))
        let inside = adapted.series[0].readings.filter { $0.start >= from && $0.start < to }
        #expect(inside.count == 2 * week.hours)
        for direction in [Direction.import, .export] {
            let starts = inside.filter { $0.direction == direction }.map(\.start.value)
            #expect(starts == (0..<UInt64(week.hours)).map { from.value + $0 * 3_600_000 })
            #expect(inside.contains { $0.direction == direction && $0.energy > 0 })
        }
    }

    @Test func whatIsWrongIsListed() throws {
        let adapted = try read([
            "2016-01-01T00:00:00Z,2016-01-01T01:00:00+0100,0.0,1.0,0,",
            "2016-01-01T01:00:00Z,2016-01-01T02:00:00+0100,0.5,1.25,0,",
            // A local stamp that is another instant, and one with the summer's offset.
            "2016-01-01T02:00:00Z,2016-01-01T02:00:00+0100,1.0,1.5,0,",
            "2016-01-01T03:00:00Z,2016-01-01T05:00:00+0200,1.0,2.0004,0,",
            // A register that was replaced, and one that stands.
            "2016-01-01T04:00:00Z,2016-01-01T05:00:00+0100,0.2,2.0,0,",
            "2016-01-01T05:00:00Z,2016-01-01T06:00:00+0100,0.3,2.5,0,DE_KN_x_grid_import",
            // Two hours without stands.
            "2016-01-01T08:00:00Z,2016-01-01T09:00:00+0100,0.4,4.0,0,",
            // Out of order, a second time, no number, too few fields, no time.
            "2016-01-01T07:00:00Z,2016-01-01T08:00:00+0100,0.4,4.0,0,",
            "2016-01-01T08:00:00Z,2016-01-01T09:00:00+0100,,4.0,0,",
            "2016-01-01T09:00:00Z,2016-01-01T10:00:00+0100,abc,-4.5,0,", "2016-01-01T09:00:00Z,x", "noon,x,1,1,1,",
        ])
        func lines(_ kind: ReadingNotice.Kind) -> [Int] { adapted.notices.filter { $0.kind == kind }.map(\.line) }
        #expect(lines(.mislabelledClock) == [4, 5])
        #expect(lines(.registerReset) == [6])
        #expect(lines(.rounded) == [5])
        #expect(lines(.noValue) == [8, 8])
        #expect(lines(.outOfOrder) == [9, 9])
        #expect(lines(.duplicate) == [10])
        #expect(lines(.malformed) == [11, 11, 12, 13])
        #expect(lines(.ignoredColumn) == [1])
        let readings = adapted.series[0].readings
        #expect(readings.filter { $0.direction == .import }.map(\.energy) == [250, 250, 500, 0, 500])
        let exported = readings.filter { $0.direction == .export }
        #expect(exported.map(\.energy) == [500, 500, 0, 0, 100])
        #expect(exported.map(\.quality) == [.asProvided, .asProvided, .asProvided, .missing, .asProvided])
        #expect(readings.last { $0.direction == .import }?.quality == .estimated)
    }

    @Test func headersAndMeters() throws {
        for header in ["", "a,b", "utc_timestamp,cet_cest_timestamp,", "utc_timestamp,cet_cest_timestamp,pv,pv"] {
            #expect(throws: AdaptorError.self) {
                try RegisterAdaptor(Self.settings(), meter: "house").read(Array(header.utf8))
            }
        }
        #expect(throws: AdaptorError.self) {
            try RegisterAdaptor(Self.settings(), meter: "other").read(Array(Self.header.utf8))
        }
    }
}
