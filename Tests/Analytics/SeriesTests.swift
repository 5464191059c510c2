import Analytics
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import Trading

@Suite struct SeriesTests {
    static let start = Timestamp(1_470_009_600_000)
    static let hour: UInt64 = 3_600_000

    static func batch(
        _ meter: UInt64, _ direction: Direction, days: Int, resolution: Resolution = .minutes60, energy: Energy = 10,
        missing: Set<Int> = []
    ) -> ReadingBatch {
        let count = days * Int(24 * hour / resolution.milliseconds)
        let readings = (0..<count).map { index in
            let isMissing = missing.contains(index)
            return Reading(
                start: start.adding(milliseconds: UInt64(index) * resolution.milliseconds), direction: direction,
                energy: isMissing ? 0 : energy, quality: isMissing ? .missing : .asProvided, receivedAt: start)
        }
        return ReadingBatch(
            salt: SHA256.hash(meter.keyBytes), meter: MeterNumber(meter), resolution: resolution, readings: readings)
    }

    @Test func takenLessGiven() {
        let batches = [
            Self.batch(1, .import, days: 2, energy: 100), Self.batch(1, .export, days: 2, energy: 30),
            Self.batch(2, .import, days: 2, resolution: .minutes15, energy: 5),
        ]
        let series = NetLoadSeries(readings: batches, start: Self.start, weekday: 0, days: 2)
        #expect(series.values == Array(repeating: 90, count: 48))
        #expect(NetLoadSeries(readings: batches.reversed(), start: Self.start, weekday: 0, days: 2) == series)
        #expect(series.end == Self.start.adding(milliseconds: 48 * Self.hour))
    }

    /// A hole in one register makes the hour unknown, and no other.
    @Test func whatIsMissingIsNotZero() {
        let batches = [
            Self.batch(1, .import, days: 2, missing: [5]),
            Self.batch(2, .import, days: 2, resolution: .minutes15, missing: [4 * 30 + 2]),
            Self.batch(3, .import, days: 1),
        ]
        let series = NetLoadSeries(readings: batches, start: Self.start, weekday: 0, days: 2)
        #expect(series.values[5] == nil && series.values[4] == 60 && series.values[30] == nil)
        #expect(series.values[24...].allSatisfy { $0 == nil }, "the third meter has no second day")
        #expect(series.day(0) == nil && series.prefix(days: 1).values.count == 24)
        let nothing = NetLoadSeries(readings: [], start: Self.start, weekday: 0, days: 1)
        #expect(nothing.values.allSatisfy { $0 == nil })
    }

    @Test func seriesRoundTripAndRefuseNonsense() throws {
        var series = Forecasts.series(days: 9)
        #expect(try NetLoadSeries(bcs: series.bcs) == series)
        series = NetLoadSeries(start: series.start, weekday: 3, values: [nil] + series.values.dropFirst())
        #expect(try NetLoadSeries(bcs: series.bcs) == series)
        let bad = [
            NetLoadSeries(start: series.start, weekday: 7, values: series.values),
            NetLoadSeries(start: series.start.next, weekday: 0, values: series.values),
            NetLoadSeries(start: series.start, weekday: 0, values: [1, 2]),
            NetLoadSeries(start: series.start, weekday: 0, values: Array(repeating: .max, count: 24)),
        ]
        for one in bad {
            #expect(one.problem != nil)
            #expect(throws: BCSError.self) { try NetLoadSeries(bcs: one.bcs) }
        }
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            var bytes = series.bcs
            for _ in 0...generator.next() % 4 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            bytes.removeLast(Int(generator.next() % 3))
            if let read = try? NetLoadSeries(bcs: bytes) { #expect(read.bcs == bytes && read.problem == nil) }
        }
    }
}
