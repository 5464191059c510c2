import Foundation
import LedgerCrypto
import Primitives
import Settlement
import TestSupport
import Testing
import Trading

@Suite("Hourly adaptor")
struct AdaptorTests {
    static let names = (1...17).map { "CL" + ($0 < 10 ? "0" : "") + "\($0)" }
    static let adaptor = HourlyAdaptor(
        clock: HourlyAdaptor.californiaClock,
        meters: Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, MeterNumber(UInt64($0) + 10_001)) }),
        receivedAt: Timestamp(1_501_600_000_000))

    private func read(_ rows: [String]) throws -> AdaptedReadings {
        try Self.adaptor.read(Array(([HourlyAdaptor.header] + rows).joined(separator: "\n").utf8))
    }

    @Test(.enabled(if: Shared.isPresent)) func wholeRealYear() throws {
        let bytes = [UInt8](try Shared.data("data/cec17_hourly.csv"))
        let adapted = try Self.adaptor.read(bytes)
        #expect(adapted.series.count == 17)
        // One hour of the spring night does not exist, for each home; nothing else is refused.
        #expect(adapted.rejectedCount == 17)
        #expect(adapted.rejected.allSatisfy { $0.reason.contains("2017-03-12T02:00") })
        for (_, readings) in adapted.series {
            // 8,760 rows, less the hour that does not exist, plus the autumn hour that the file does not tell.
            #expect(readings.count == 2 * 8_760)
            #expect(readings.count { $0.quality == .missing } == 2)
            #expect(readings.first?.start == Timestamp(1_470_031_200_000))
        }
        let missing = adapted.series[0].readings.filter { $0.quality == .missing }.map(\.start)
        #expect(missing == [Timestamp(1_478_422_800_000), Timestamp(1_478_422_800_000)])
        // The inverter of home 15 was dead for most of the year, that of home 7 for some days.
        func dead(_ home: Int) -> Int {
            adapted.series[home - 1].readings.count { $0.direction == .production && $0.quality == .estimated }
        }
        #expect(dead(15) > 200 * 24)
        #expect((1...60 * 24).contains(dead(7)))
        #expect(dead(1) == 0)
        // Home 12's load stands at zero for months.
        let stuck = adapted.series[11].readings.count { $0.direction == .load && $0.quality == .estimated }
        #expect(stuck > 4_000)
        // Energy is kept, but for the hour that was refused.
        let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let loads = text.filter { $0.contains(",CL01,") && !$0.hasPrefix("2017-03-12T02") }.compactMap {
            Int64($0.split(separator: ",")[2])
        }
        let kept = adapted.series[0].readings.filter { $0.direction == .load }.reduce(0) { $0 + $1.energy }
        #expect(loads.reduce(0, +) == kept)
        // A week in batches of a day.
        let from = Timestamp(1_470_096_000_000)
        var drawn: UInt8 = 0
        let batches = adapted.batches(
            from: from, to: from.adding(milliseconds: 7 * 86_400_000), span: 86_400_000
        ) {
            drawn &+= 1
            return SHA256.hash([drawn])
        }
        #expect(batches.count == 17 * 7)
        #expect(batches.allSatisfy { $0.problem == nil && $0.readings.count == 48 })
    }

    @Test func rejectedRowsSayWhy() throws {
        let adapted = try read([
            "2016-08-01T00:00,CL01,5,6", "2016-08-01T00:00,CL01,5,6", "2016-08-01T01:00,CL01,5", "x,CL01,5,6",
            "2016-08-01T01:30,CL01,5,6", "2016-02-30T01:00,CL01,5,6", "2016-08-01T01:00,CL99,5,6",
            "2016-08-01T01:00,CL01,-5,6", "2016-08-01T01:00,CL01,5,1.5", "2016-08-01T01:00,CL01,99999999999999999999,6",
            "2017-03-12T02:00,CL01,5,6", "", "2016-08-01T01:00,CL01,7,8\r",
        ])
        #expect(adapted.rejected.map(\.line) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        for (rejected, word) in zip(
            adapted.rejected,
            [
                "second row", "3 fields", "local hour", "local hour", "local hour", "CL99", "outside", "whole number",
                "whole number", "daylight saving",
            ])
        { #expect(rejected.reason.contains(word), "\(rejected)") }
        #expect(adapted.series.count == 1)
        #expect(adapted.series[0].readings.map(\.energy) == [5, 6, 7, 8])
    }

    @Test func stuckAndGaps() throws {
        let adapted = try read(
            (0..<6).map { "2016-08-01T0\($0):00,CL01,500,\($0)" } + ["2016-08-01T09:00,CL01,7,0"]
                + (0..<5).map { "2016-08-01T0\($0):00,CL02,500,0" })
        let first = adapted.series[0].readings
        #expect(first.count == 20)
        #expect(first.filter { $0.direction == .load }.map(\.quality).prefix(6).allSatisfy { $0 == .estimated })
        #expect(first.filter { $0.direction == .production }.prefix(6).allSatisfy { $0.quality == .asProvided })
        #expect(first.count { $0.quality == .missing } == 6)
        #expect(adapted.count(.missing) == 6)
        #expect(adapted.series[1].readings.allSatisfy { $0.quality == .asProvided })
    }

    @Test func garbageNeverTraps() throws {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 400
        var generator = SeededGenerator(seed: 17)
        let good = Array(
            ([HourlyAdaptor.header] + (0..<8).map { "2016-08-01T0\($0):00,CL0\($0 + 1),500,\($0)" })
                .joined(separator: "\n").utf8)
        for _ in 0..<count {
            var bytes = good
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let at = Int.random(in: HourlyAdaptor.header.utf8.count..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                default: bytes.insert([44, 10, 13, 45, 0xff, 57].randomElement(using: &generator) ?? 44, at: at)
                }
            }
            let adapted = try? Self.adaptor.read(bytes)
            for (_, readings) in adapted?.series ?? [] { #expect(readings.allSatisfy { $0.problem == nil }) }
        }
        for bytes in [[], [10], Array("a,b\n1,2".utf8), Array(repeating: UInt8(0xff), count: 10_000)] {
            #expect(throws: AdaptorError.self) { try Self.adaptor.read(bytes) }
        }
        let long = Array((HourlyAdaptor.header + "\n").utf8) + Array(repeating: UInt8(65), count: 100_000)
        #expect(try Self.adaptor.read(long).rejectedCount == 1)
    }
}
