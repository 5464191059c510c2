import Foundation
import Primitives
import Settlement
import TestSupport
import Testing
import Trading

/// Damaged files of every form: read or refused, never a trap, and never a reading that a batch would not take.
@Suite("Damaged files of readings")
struct ReadingsFuzzTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let format: ReadingsFormat
        let sample: [UInt8]
        var testDescription: String { format.rawValue }
    }

    static let forms: [Form] = [
        Form(
            format: .hourly,
            sample: Array(
                ([HourlyAdaptor.header] + (0..<20).map { "2016-11-06T\($0 < 10 ? "0" : "")\($0):00,01,\($0 * 7),\($0)" })
                    .joined(separator: "\n").utf8)),
        Form(
            format: .quarterHours,
            sample: Array(
                ([QuarterHourAdaptor.header]
                    + (1...3).map { "44,\($0),01," + (0..<96).map { "\($0)" }.joined(separator: ",") }).joined(
                        separator: "\n"
                    )
                    .utf8)),
        Form(
            format: .registers,
            sample: Array(
                ([RegisterAdaptorTests.header]
                    + (0..<9).map {
                        "2016-03-27T0\($0):00:00Z,2016-03-27T0\($0):00:00+0000,\($0).5,\($0).125,0,pv | grid_import"
                    })
                    .joined(separator: "\n").utf8)),
        Form(format: .greenButton, sample: XMLSamples.house(["1", "2", "3"], ["4", "5", "6"])),
        Form(
            format: .cim,
            sample: XMLSamples.document([
                XMLSamples.series(
                    "AT001", business: "A04", flow: "A02",
                    XMLSamples.period(
                        "2024-12-01T00:00Z", "2024-12-01T01:00Z", [("1", "0.5", "A04"), ("2", "1", "A03")]))
            ])),
    ]

    @Test(arguments: forms) func damageNeverTraps(_ form: Form) throws {
        let rounds = max(2_000, ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 0)
        var generator = SeededGenerator(seed: 23)
        let file = ReadingsFile(
            form.format, settings: XMLSamples.settings, meter: form.format == .registers ? "01" : nil, isoYear: 2018)
        let whole = try file.read(form.sample)
        #expect(!whole.series.isEmpty && whole.series.allSatisfy { $0.readings.allSatisfy { $0.problem == nil } })
        var (read, refused) = (0, 0)
        for _ in 0..<rounds {
            var bytes = form.sample
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2:
                    bytes.insert([44, 10, 45, 57, 60, 62, 38, 34, 0xff].randomElement(using: &generator) ?? 44, at: at)
                case 3: bytes.removeSubrange(at..<min(bytes.count, at + 30))
                default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
                }
            }
            guard let adapted = try? file.read(bytes) else {
                refused += 1
                continue
            }
            read += 1
            for batch in adapted.batches(
                from: Timestamp(0), to: Timestamp(.max), span: 86_400_000, salt: { Digest.test })
            {
                #expect(batch.problem == nil)
            }
        }
        #expect(read > 0 && refused > 0, "\(read) read, \(refused) refused")
    }

    @Test(arguments: forms) func truncatedAndHuge(_ form: Form) throws {
        let file = ReadingsFile(
            form.format, settings: XMLSamples.settings, meter: form.format == .registers ? "01" : nil, isoYear: 2018)
        for length in stride(from: 0, to: form.sample.count, by: 13) {
            _ = try? file.read(Array(form.sample.prefix(length)))
        }
        #expect(throws: AdaptorError.self) { try file.read(Array(repeating: 60, count: 100_000)) }
        #expect(throws: AdaptorError.self) { try file.read([]) }
        #expect(ReadingsFormat.detect(form.sample) == form.format)
    }

    /// A file of nonsense rows is refused as a whole instead of being listed without end.
    @Test func tooManyNoticesRefuseTheFile() throws {
        let rows = String(repeating: "x\n", count: 100_002)
        let file = ReadingsFile(.hourly, settings: XMLSamples.settings)
        #expect(throws: AdaptorError.self) { try file.read(Array((HourlyAdaptor.header + "\n" + rows).utf8)) }
    }

    @Test func formsAreTold() {
        #expect(ReadingsFormat.detect(Array("a,b,c\n".utf8)) == nil)
        #expect(ReadingsFormat.detect(Array("<html/>".utf8)) == nil)
        #expect(ReadingsFormat.detect([]) == nil)
    }

    /// Labels that do not follow the clock that somebody named: the sun tells.
    @Test(.enabled(if: Shared.isPresent)) func theSunShowsAWrongClock() throws {
        let bytes = [UInt8](try Shared.data("data/cec17_hourly.csv"))
        func shifts(_ clock: LocalClock) throws -> Int {
            let settings = AdaptorSettings(
                clock: clock, meters: AdaptorTests.adaptor.settings.meters, receivedAt: Timestamp(1_501_600_000_000))
            return try HourlyAdaptor(settings).read(bytes).notices.count { $0.kind == .clockShift }
        }
        #expect(try shifts(HourlyAdaptor.californiaClock) == 0)
        // The hidden daylight saving taken for winter time all year, with changes that mean nothing.
        let never = LocalClock(
            spans: HourlyAdaptor.californiaClock.spans.map { .init(from: $0.from, offsetMinutes: -480) })
        #expect(try shifts(never) == 2)
    }
}

extension Digest {
    static var test: Digest { Digest(words: (1, 2, 3, 4)) }
}
