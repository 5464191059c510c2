package import ContractKit
package import Primitives

/// Weekdays and local minutes of a band.
struct BandTime {
    /// Bit 0 is Monday.
    let weekdays: UInt8
    /// Inclusive and exclusive; `from` < `to` <= 1,440.
    let fromMinute: UInt16
    let toMinute: UInt16

    var problem: String? {
        if weekdays == 0 || weekdays > 127 { return "a time band needs weekdays" }
        if fromMinute >= toMinute || toMinute > 1_440 { return "a time band ends after it begins, within one day" }
        return nil
    }

    func contains(weekday: Int, minute: Int) -> Bool {
        (0..<7).contains(weekday) && weekdays & (1 << UInt8(weekday)) != 0
            && minute >= Int(fromMinute) && minute < Int(toMinute)
    }
}

/// A value that holds on some weekdays between two local times.
package struct RateBand: Hashable, Sendable, ContractValue {
    /// Bit 0 is Monday.
    package let weekdays: UInt8
    /// Local minute of the day, inclusive and exclusive; `from` < `to` <= 1,440.
    package let fromMinute: UInt16
    package let toMinute: UInt16
    package let value: Int64

    package init(weekdays: UInt8, fromMinute: UInt16, toMinute: UInt16, value: Int64) {
        self.weekdays = weekdays
        self.fromMinute = fromMinute
        self.toMinute = toMinute
        self.value = value
    }

    var time: BandTime { BandTime(weekdays: weekdays, fromMinute: fromMinute, toMinute: toMinute) }

    package static let shape = Shape.fields(
        "RateBand", ("weekdays", .u8), ("fromMinute", .u16), ("toMinute", .u16), ("value", .i64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(weekdays)
        encoder.u16(fromMinute)
        encoder.u16(toMinute)
        encoder.i64(value)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        weekdays = try decoder.u8()
        fromMinute = try decoder.u16()
        toMinute = try decoder.u16()
        value = try decoder.i64()
        if let problem = time.problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// One value for all time, or by time bands: the first band that contains the start of the period counts, else the
/// base. Carries rates (micro-units per kWh: grid fee, levy, incentive) and keys (parts of 10,000).
package struct RateSchedule: Hashable, Sendable, ContractValue {
    package static let bandsMax = 16
    package static let zero = RateSchedule(0)

    package let base: Int64
    package let bands: [RateBand]

    package init(_ base: Int64, bands: [RateBand] = []) {
        self.base = base
        self.bands = bands
    }

    /// Whether it is 0 at any time.
    package var isZero: Bool { base == 0 && bands.allSatisfy { $0.value == 0 } }

    /// What is wrong, when every value has to be in `range` ("a grid fee is …"); nil when nothing is.
    package func problem(_ what: String, _ range: ClosedRange<Int64>) -> String? {
        if bands.count > RateSchedule.bandsMax { return "\(what) has at most \(RateSchedule.bandsMax) bands" }
        guard range.contains(base), bands.allSatisfy({ range.contains($0.value) }) else {
            return "\(what) is \(range.lowerBound) to \(range.upperBound)"
        }
        return bands.lazy.compactMap(\.time.problem).first
    }

    package func value(at time: Timestamp, clock: LocalClock) -> Int64 {
        if bands.isEmpty { return base }
        let (weekday, minute) = clock.local(at: time)
        return bands.first { $0.time.contains(weekday: weekday, minute: minute) }?.value ?? base
    }

    package static let shape = Shape.fields(
        "RateSchedule", ("base", .i64), ("bands", .list(RateBand.shape, max: bandsMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.i64(base)
        encoder.vector(bands)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        base = try decoder.i64()
        bands = try decoder.vector(max: RateSchedule.bandsMax)
    }
}
