internal import LedgerCrypto
package import Primitives
package import Trading

/// Readings that an adaptor made of a file, with everything that it did not take or does not vouch for.
package struct AdaptedReadings: Sendable {
    package static let rejectedMax = 10_000

    /// Ascending by meter; each ascending by start and direction.
    package var series: [(meter: MeterNumber, readings: [Reading])]
    /// In the order of the file; at most 10,000, then only counted.
    package var rejected: [RejectedRow]
    package var rejectedCount: Int
    /// Readings by quality code.
    package func count(_ quality: Quality) -> Int {
        series.reduce(0) { $0 + $1.readings.count { $0.quality == quality } }
    }
}

/// Reads `period_start_local,meter,load_wh,pv_wh` with hourly rows and local labels, such as the shared file
/// `cec17_hourly.csv`: civil time with a hidden daylight saving, dead inverters, stuck registers.
///
/// Labels become UTC once, here. A label that the clock skips is rejected; of the two hours that share a label the file
/// tells only one, which counts as the first, and the second one becomes a missing reading. Values stay as they are; what
/// is not credible gets the code `estimated`:
/// - production of zero during a whole local day on which at least half of the other meters produced (dead inverter);
/// - the same load in six or more consecutive hours, or the same production above zero (stuck register).
package struct HourlyAdaptor: Sendable {
    package static let header = "period_start_local,meter,load_wh,pv_wh"
    package static let metersMax = 1_024
    /// Hours of one meter in one file: two years.
    package static let hoursMax = 17_568
    package static let stuckHoursMin = 6

    /// Civil time of Fontana, California, for the year that `cec17_hourly.csv` covers: UTC-7 in summer, UTC-8 in winter.
    package static let californiaClock = LocalClock(spans: [
        LocalClock.Span(from: Timestamp(1_457_863_200_000), offsetMinutes: -420),
        LocalClock.Span(from: Timestamp(1_478_422_800_000), offsetMinutes: -480),
        LocalClock.Span(from: Timestamp(1_489_312_800_000), offsetMinutes: -420),
    ])

    package let clock: LocalClock
    /// Pseudonymous numbers of the file's meter names; names that are missing here are rejected.
    package let meters: [String: MeterNumber]
    package let receivedAt: Timestamp

    package init(clock: LocalClock, meters: [String: MeterNumber], receivedAt: Timestamp) {
        self.clock = clock
        self.meters = meters
        self.receivedAt = receivedAt
    }

    private struct Hour {
        let load: Energy
        let production: Energy
        var loadQuality = Quality.asProvided
        var productionQuality = Quality.asProvided
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        let table = try CSVTable(bytes, header: HourlyAdaptor.header)
        guard meters.count <= HourlyAdaptor.metersMax, clock.problem == nil else {
            throw AdaptorError("the adaptor's meters or clock are not valid")
        }
        var hours: [MeterNumber: [Timestamp: Hour]] = [:]
        var rejected: [RejectedRow] = []
        var rejectedCount = 0
        table.forEachLine { number, line in
            do throws(AdaptorError) {
                let (meter, start, hour) = try row(line)
                guard hours[meter]?[start] == nil else { throw AdaptorError("a second row for this meter and hour") }
                guard (hours[meter]?.count ?? 0) < HourlyAdaptor.hoursMax else {
                    throw AdaptorError("more than \(HourlyAdaptor.hoursMax) hours of one meter; split the file")
                }
                hours[meter, default: [:]][start] = hour
            } catch {
                rejectedCount += 1
                if rejected.count < AdaptedReadings.rejectedMax {
                    rejected.append(RejectedRow(line: number, reason: error.description))
                }
            }
        }
        flagDeadInverters(&hours)
        let series = hours.keys.sorted().map { meter in
            (meter: meter, readings: readings(flagStuck(hours[meter] ?? [:])))
        }
        return AdaptedReadings(series: series, rejected: rejected, rejectedCount: rejectedCount)
    }

    private func row(_ line: CSVTable.Line) throws(AdaptorError) -> (MeterNumber, Timestamp, Hour) {
        let fields: [Substring]
        switch line {
        case .bad(let why): throw AdaptorError(why)
        case .fields(let found): fields = found
        }
        guard fields.count == 4 else { throw AdaptorError("\(fields.count) fields where 4 belong") }
        guard let minutes = LocalLabel.minutes(fields[0]), minutes % 60 == 0 else {
            throw AdaptorError("'\(fields[0].prefix(32))' is no full local hour such as 2016-07-31T23:00")
        }
        guard let meter = meters[String(fields[1])] else {
            throw AdaptorError("meter '\(fields[1].prefix(32))' has no number; register it first")
        }
        guard let start = clock.instants(ofLocalMinutes: minutes).first else {
            throw AdaptorError("\(fields[0]) does not exist: daylight saving skips that hour")
        }
        return (
            meter, start,
            Hour(load: try energy(fields[2], "load"), production: try energy(fields[3], "production"))
        )
    }

    private func energy(_ text: Substring, _ what: String) throws(AdaptorError) -> Energy {
        guard let value = Int64(text) else { throw AdaptorError("\(what) '\(text.prefix(32))' is no whole number") }
        guard (0...Reading.energyMax).contains(value) else {
            throw AdaptorError("\(what) \(value) Wh is outside 0 to \(Reading.energyMax)")
        }
        return value
    }

    /// Local day as a number of days.
    private func localDay(_ time: Timestamp) -> Int64 {
        (Int64(clamping: time.milliseconds / 60_000) + Int64(clock.offsetMinutes(at: time))) / 1_440
    }

    private func flagDeadInverters(_ hours: inout [MeterNumber: [Timestamp: Hour]]) {
        var produced: [Int64: [MeterNumber: Energy]] = [:]
        for (meter, series) in hours {
            for (start, hour) in series {
                produced[localDay(start), default: [:]][meter, default: 0] += hour.production
            }
        }
        for (meter, series) in hours {
            // A meter that never produces has no inverter.
            guard series.values.contains(where: { $0.production > 0 }) else { continue }
            for (start, hour) in series {
                guard let day = produced[localDay(start)], day[meter] == 0 else { continue }
                let others = day.filter { $0.key != meter }
                guard !others.isEmpty, others.count(where: { $0.value > 0 }) * 2 >= others.count else { continue }
                var flagged = hour
                flagged.productionQuality = .estimated
                hours[meter]?[start] = flagged
            }
        }
    }

    private func flagStuck(_ series: [Timestamp: Hour]) -> [(start: Timestamp, hour: Hour)] {
        var ordered = series.sorted { $0.key < $1.key }.map { (start: $0.key, hour: $0.value) }
        func mark(_ value: (Hour) -> Energy?, _ flag: (inout Hour) -> Void) {
            var first = 0
            while first < ordered.count {
                var end = first + 1
                while end < ordered.count, let same = value(ordered[first].hour), value(ordered[end].hour) == same,
                    ordered[end].start.value == ordered[end - 1].start.value + Resolution.minutes60.milliseconds
                { end += 1 }
                if end - first >= HourlyAdaptor.stuckHoursMin { for each in first..<end { flag(&ordered[each].hour) } }
                first = end
            }
        }
        mark({ $0.load }, { $0.loadQuality = .estimated })
        mark({ $0.production > 0 ? $0.production : nil }, { $0.productionQuality = .estimated })
        return ordered
    }

    /// Two readings an hour, with missing ones where an hour lacks between the first and the last.
    private func readings(_ ordered: [(start: Timestamp, hour: Hour)]) -> [Reading] {
        var readings: [Reading] = []
        readings.reserveCapacity(ordered.count * 2)
        func append(_ start: Timestamp, _ load: (Energy, Quality), _ production: (Energy, Quality)) {
            for (direction, value) in [(Direction.load, load), (Direction.production, production)] {
                readings.append(
                    Reading(
                        start: start, direction: direction, energy: value.0, quality: value.1, receivedAt: receivedAt))
            }
        }
        var next: Timestamp?
        for (start, hour) in ordered {
            while let gap = next, gap < start, readings.count < 2 * HourlyAdaptor.hoursMax {
                append(gap, (0, .missing), (0, .missing))
                next = gap.adding(milliseconds: Resolution.minutes60.milliseconds)
            }
            append(start, (hour.load, hour.loadQuality), (hour.production, hour.productionQuality))
            next = start.adding(milliseconds: Resolution.minutes60.milliseconds)
        }
        return readings
    }
}

extension AdaptedReadings {
    /// Batches of at most `span` milliseconds each, cut at its multiples; `salt` draws 32 random bytes for each.
    package func batches(
        from: Timestamp, to: Timestamp, span: UInt64, salt: () -> Digest
    ) -> [ReadingBatch] {
        var batches: [ReadingBatch] = []
        for (meter, readings) in series {
            let inside = readings.filter { $0.start >= from && $0.start < to }
            let parts = Dictionary(grouping: inside) { $0.start.value / max(1, span) }
            for part in parts.keys.sorted() {
                let rows = parts[part] ?? []
                for start in stride(from: 0, to: rows.count, by: ReadingBatch.readingsMax) {
                    let end = min(start + ReadingBatch.readingsMax, rows.count)
                    batches.append(
                        ReadingBatch(
                            salt: salt(), meter: meter, resolution: .minutes60, readings: Array(rows[start..<end])))
                }
            }
        }
        return batches
    }
}
