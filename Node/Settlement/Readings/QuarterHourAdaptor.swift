internal import Primitives
package import Trading

/// Reads `iso_week,weekday,meter,q00,…,q95`: a row per meter and local day with 96 quarter hours in watt-hours, such as
/// the shared file `ch537_15min.csv`. The file names no year, so somebody must.
///
/// Every row has 96 columns, also on days with 92 or 100 quarter hours: what the clock skips is rejected with its value,
/// and of the hour that comes twice the file tells one, which counts as the first; the second is missing.
package struct QuarterHourAdaptor: Sendable {
    package static let header =
        "iso_week,weekday,meter," + (0..<96).map { $0 < 10 ? "q0\($0)" : "q\($0)" }.joined(separator: ",")

    package let settings: AdaptorSettings
    /// Year of the ISO weeks.
    package let isoYear: Int
    package let direction: Direction

    package init(_ settings: AdaptorSettings, isoYear: Int, direction: Direction = .load) {
        self.settings = settings
        self.isoYear = isoYear
        self.direction = direction
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        let table = try CSVTable(bytes, header: QuarterHourAdaptor.header)
        try settings.check()
        guard CalendarDay.years.contains(Int64(isoYear)) else {
            throw AdaptorError("the year \(isoYear) is out of range")
        }
        var collector = ReadingCollector(settings, resolution: .minutes15)
        var days: [Int64: Day] = [:]
        table.forEachLine { number, line in
            let fields: [Substring]
            switch line {
            case .bad(let why): return collector.reject(.malformed, line: number, count: 96, why)
            case .fields(let found): fields = found
            }
            guard fields.count == 99 else {
                return collector.reject(.malformed, line: number, count: 96, "\(fields.count) fields where 99 belong")
            }
            guard let week = Int64(fields[0]), let weekday = Int64(fields[1]),
                let day = CalendarDay.number(isoYear: Int64(isoYear), week: week, weekday: weekday)
            else {
                return collector.reject(
                    .malformed, line: number, count: 96,
                    "\(isoYear) has no week '\(fields[0].prefix(8))' with a weekday '\(fields[1].prefix(8))'")
            }
            guard let meter = settings.meters[String(fields[2])] else {
                let problem = RowProblem.unknownMeter(fields[2])
                return collector.reject(problem.kind, line: number, meter: problem.meter, count: 96, problem.reason)
            }
            let labels = days[day] ?? Day(day, settings.clock)
            days[day] = labels
            take(fields.dropFirst(3), of: meter, labels, line: number, &collector)
        }
        for day in days.keys.sorted() { days[day]?.note(in: &collector.list) }
        return try collector.finish()
    }

    /// The quarter hours of one local day as minutes in UTC; nil for those that the clock skips.
    private struct Day {
        let number: Int64
        let starts: [Int64?]
        let repeated: Int

        init(_ number: Int64, _ clock: LocalClock) {
            self.number = number
            let instants = (0..<96).map { clock.instants(ofLocalMinutes: number * 1_440 + Int64($0) * 15) }
            starts = instants.map { $0.first.map { Int64(clamping: $0.milliseconds / 60_000) } }
            repeated = instants.count { $0.count > 1 }
        }

        func note(in list: inout NoticeList) {
            if repeated == 0 { return }
            list.add(
                ReadingNotice(
                    .repeatedHour, .noted, line: 0, count: repeated,
                    "\(repeated) quarter hours of \(CalendarDay.text(number)) come twice; the file tells the first of them"
                ))
        }
    }

    private func take(
        _ cells: ArraySlice<Substring>, of meter: MeterNumber, _ day: Day, line: Int,
        _ collector: inout ReadingCollector
    ) {
        let name = collector.name(meter)
        var skipped: (count: Int, energy: Int64) = (0, 0)
        for (quarter, cell) in cells.enumerated() {
            guard let energy = Int64(cell) else {
                collector.reject(
                    cell.isEmpty ? .noValue : .malformed, line: line, meter: name,
                    "quarter hour \(quarter): '\(cell.prefix(32))' is no whole number")
                continue
            }
            guard let start = day.starts[quarter] else {
                skipped = (skipped.count + 1, skipped.energy.addingReportingOverflow(energy).partialValue)
                continue
            }
            collector.add(meter, direction, minutes: start, energy: energy, line: line)
        }
        if skipped.count > 0 {
            collector.reject(
                .skippedHour, line: line, meter: name, count: skipped.count,
                "\(skipped.count) quarter hours of \(CalendarDay.text(day.number)) do not exist: daylight saving skips them (\(skipped.energy) Wh)"
            )
        }
    }
}
