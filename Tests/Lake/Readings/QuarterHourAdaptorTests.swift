import Foundation
import Primitives
import Settlement
import TestSupport
import Testing
import Trading

@Suite("Quarter hours by day")
struct QuarterHourAdaptorTests {
    /// Numbers for the 537 names of the shared file, or for the given ones.
    static func settings(_ zone: String, _ names: [String]) throws -> AdaptorSettings {
        AdaptorSettings(
            clock: try #require(CivilTime.clock(zone, years: 2002...2020)),
            meters: Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, MeterNumber(UInt64($0) + 20_001)) }),
            receivedAt: Timestamp(1_600_000_000_000), plausibleKilowattsMax: 100)
    }

    static func shared() throws -> (bytes: [UInt8], rows: [[Substring]], names: [String]) {
        let data = try Shared.data("data/ch537_15min.csv")
        let rows = String(decoding: data, as: UTF8.self).split(separator: "\n").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        return ([UInt8](data), Array(rows), Set(rows.map { String($0[2]) }).sorted())
    }

    /// Seven weeks of 537 homes in an ordinary year: 96 quarter hours a day, and all energy but the negative values.
    @Test(.enabled(if: Shared.isPresent)) func allHomes() throws {
        let (bytes, rows, names) = try Self.shared()
        #expect(ReadingsFormat.detect(bytes) == .quarterHours && names.count == 537)
        let adapted = try QuarterHourAdaptor(Self.settings("Europe/Zurich", names), isoYear: 2014).read(bytes)
        #expect(adapted.resolution == .minutes15 && adapted.series.count == 537)
        #expect(adapted.series.allSatisfy { $0.readings.count == 49 * 96 })
        let cells = rows.flatMap { $0.dropFirst(3).compactMap { Int64($0) } }
        let negative = cells.filter { $0 < 0 }
        #expect(negative.count == 15 && adapted.rejectedCount == 15 && adapted.count(.missing) == 15)
        #expect(adapted.notices.filter { $0.kind == .negative }.allSatisfy { $0.line > 1 && $0.meter != nil })
        let energy = adapted.series.reduce(0) { $0 + $1.readings.reduce(0) { $0 + $1.energy } }
        #expect(energy == cells.reduce(0) { $0 + max(0, $1) })
        let implausible = adapted.notices.filter { $0.kind == .implausible }
        #expect(implausible.count == cells.count { $0 > 25_000 } && !implausible.isEmpty)
        #expect(adapted.notices.contains { $0.kind == .stuck })
    }

    /// The same rows in years in which the clock changes within them. In 2004 the last Sunday of October ended week 44:
    /// the hour that comes twice is told once, four quarter hours a home are missing. In 2018 São Paulo put the clock
    /// forward on the Sunday of week 44: four quarter hours a home do not exist, and their energy is reported.
    @Test(.enabled(if: Shared.isPresent)) func clockChangesInBothDirections() throws {
        let (bytes, rows, names) = try Self.shared()
        let autumn = try QuarterHourAdaptor(Self.settings("Europe/Zurich", names), isoYear: 2004).read(bytes)
        #expect(autumn.series.allSatisfy { $0.readings.count == 49 * 96 + 4 })
        #expect(autumn.notices.count { $0.kind == .repeatedHour } == 1)
        let from = try RegisterAdaptorTests.time("2004-10-31T01:00:00Z")
        for (_, readings) in autumn.series {
            let hour = readings.filter { $0.start >= from && $0.start < from.adding(milliseconds: 3_600_000) }
            #expect(hour.count == 4 && hour.allSatisfy { $0.quality == .missing })
        }
        let spring = try QuarterHourAdaptor(Self.settings("America/Sao_Paulo", names), isoYear: 2018).read(bytes)
        #expect(spring.series.allSatisfy { $0.readings.count == 49 * 96 - 4 })
        let skipped = spring.notices.filter { $0.kind == .skippedHour }
        #expect(skipped.count == 537 && skipped.allSatisfy { $0.count == 4 })
        let lost = rows.filter { $0[0] == "44" && $0[1] == "7" }.flatMap { $0[3..<7].compactMap { Int64($0) } }
        let told = skipped.compactMap {
            $0.reason.split(separator: "(").last?.split(separator: " ").first.flatMap { Int64($0) }
        }
        #expect(told.reduce(0, +) == lost.reduce(0, +))
    }

    @Test func whatIsWrongIsListed() throws {
        func row(_ week: String, _ day: String, _ meter: String, _ cells: [String]) -> String {
            ([week, day, meter] + cells).joined(separator: ",")
        }
        let plain = (0..<96).map { "\($0 + 10)" }
        var odd = plain
        odd[3] = "-1"
        odd[4] = ""
        odd[5] = "1.5"
        odd[6] = "99999999999999999999"
        let text = [
            QuarterHourAdaptor.header, row("45", "2", "a", odd), row("45", "1", "a", plain), row("45", "1", "a", plain),
            row("54", "1", "a", plain), row("45", "8", "a", plain), row("45", "1", "b", plain),
            row("45", "3", "a", ["1"]),
        ].joined(separator: "\r\n")
        let adapted = try QuarterHourAdaptor(Self.settings("Europe/Zurich", ["a"]), isoYear: 2014).read(
            Array(text.utf8))
        func lines(_ kind: ReadingNotice.Kind) -> [Int] { adapted.notices.filter { $0.kind == kind }.map(\.line) }
        #expect(lines(.negative) == [2] && lines(.noValue) == [2])
        #expect(lines(.malformed) == [2, 2, 5, 6, 8])
        #expect(lines(.duplicate) == Array(repeating: 4, count: 96))
        #expect(lines(.unknownMeter) == [7])
        // Line 3 is of the day before line 2.
        #expect(lines(.outOfOrder).first == 3)
        #expect(adapted.series.count == 1 && adapted.series[0].readings.count == 192)
        #expect(adapted.count(.missing) == 4)
        #expect(adapted.series[0].readings.prefix(96).map(\.energy) == (10..<106).map { Int64($0) })
    }
}
