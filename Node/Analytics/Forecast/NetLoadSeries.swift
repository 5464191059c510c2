internal import ContractKit
package import Primitives
package import Trading

/// Hourly net load of a community, whole days one after the other: what its members take from the grid together, less
/// what they give. Watt-hours; an hour without a value is nil.
package struct NetLoadSeries: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    package static let hoursPerDay = 24
    /// Three years.
    package static let daysMax = 1_096
    package static let hourMilliseconds: UInt64 = 3_600_000
    /// Bound of one value: sums of a week stay exact as Double.
    package static let energyMax: Energy = 1_000_000_000_000

    /// Start of the first hour, which begins a day.
    package let start: Timestamp
    /// Day of the week of the first day: 0 Monday to 6 Sunday.
    package let weekday: UInt8
    /// A multiple of 24.
    package let values: [Energy?]

    package init(start: Timestamp, weekday: UInt8, values: [Energy?]) {
        self.start = start
        self.weekday = weekday
        self.values = values
    }

    package var days: Int { values.count / NetLoadSeries.hoursPerDay }
    /// Start of the first hour that the series does not hold.
    package var end: Timestamp {
        start.adding(milliseconds: UInt64(values.count) * NetLoadSeries.hourMilliseconds)
    }

    /// What is wrong, nil when nothing is.
    package var problem: String? {
        if values.count % NetLoadSeries.hoursPerDay != 0 { return "a series has whole days of 24 hours" }
        if days > NetLoadSeries.daysMax { return "a series has at most \(NetLoadSeries.daysMax) days" }
        if weekday > 6 { return "days of the week are 0 (Monday) to 6" }
        if start.milliseconds % NetLoadSeries.hourMilliseconds != 0 { return "a series begins with a full hour" }
        let bound = NetLoadSeries.energyMax
        if values.contains(where: { $0.map { $0 > bound || $0 < -bound } ?? false }) {
            return "a value is at most \(bound) Wh"
        }
        return nil
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(NetLoadSeries.formatVersion)
        encoder.value(start)
        encoder.u8(weekday)
        encoder.vector(values) { encoder, value in
            encoder.bool(value != nil)
            encoder.i64(value ?? 0)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == NetLoadSeries.formatVersion else {
            throw decoder.failure(.invalid("a series of another format version"))
        }
        start = try Timestamp(from: &decoder)
        weekday = try decoder.u8()
        values = try decoder.vector(max: NetLoadSeries.daysMax * NetLoadSeries.hoursPerDay) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Energy? in
            let isThere = try decoder.bool()
            let value = try decoder.i64()
            guard isThere || value == 0 else { throw decoder.failure(.invalid("an hour without a value has 0 Wh")) }
            return isThere ? value : nil
        }
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

extension NetLoadSeries {
    /// Sums readings of whole hours or parts of them over `days` days from `start` on. An hour counts as known when every
    /// register that ever appears has all its readings of that hour, none of them missing.
    package init(readings batches: [ReadingBatch], start: Timestamp, weekday: UInt8, days: Int) {
        let hours = max(0, min(days, NetLoadSeries.daysMax)) * NetLoadSeries.hoursPerDay
        var sums = [Energy](repeating: 0, count: hours)
        var known = [UInt64](repeating: 0, count: hours)
        var registers = Set<Register>()
        let hour = NetLoadSeries.hourMilliseconds
        for batch in batches where batch.resolution.milliseconds <= hour {
            for reading in batch.readings {
                registers.insert(Register(meter: batch.meter, direction: reading.direction))
                guard reading.start >= start, reading.quality != .missing else { continue }
                let index = Int(clamping: reading.start.distance(above: start) / hour)
                guard index < hours else { continue }
                sums[index] &+= reading.direction.isProduction ? -reading.energy : reading.energy
                known[index] &+= batch.resolution.milliseconds
            }
        }
        let needed = UInt64(registers.count) * hour
        let bound = NetLoadSeries.energyMax
        self.init(
            start: start, weekday: weekday,
            values: zip(sums, known).map { sum, covered in
                needed > 0 && covered == needed && sum <= bound && sum >= -bound ? sum : nil
            })
    }

    private struct Register: Hashable {
        let meter: MeterNumber
        let direction: Direction
    }
}
