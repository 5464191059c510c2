package import Primitives
package import Trading

/// Reads `period_start_local,meter,load_wh,pv_wh` with hourly rows and local labels, such as the shared file
/// `cec17_hourly.csv`: civil time with a hidden daylight saving, dead inverters, stuck registers.
///
/// Labels become UTC once, here. A label that the clock skips is rejected; of the two hours that share a label the file
/// tells only one, which counts as the first, and the second one becomes a missing reading.
package struct HourlyAdaptor: Sendable {
    package static let header = "period_start_local,meter,load_wh,pv_wh"

    /// Civil time of Fontana, California, for the year that `cec17_hourly.csv` covers: UTC-7 in summer, UTC-8 in winter.
    package static let californiaClock = LocalClock(spans: [
        LocalClock.Span(from: Timestamp(1_457_863_200_000), offsetMinutes: -420),
        LocalClock.Span(from: Timestamp(1_478_422_800_000), offsetMinutes: -480),
        LocalClock.Span(from: Timestamp(1_489_312_800_000), offsetMinutes: -420),
    ])

    package let settings: AdaptorSettings

    package init(_ settings: AdaptorSettings) { self.settings = settings }

    package init(clock: LocalClock, meters: [String: MeterNumber], receivedAt: Timestamp) {
        settings = AdaptorSettings(clock: clock, meters: meters, receivedAt: receivedAt)
    }

    private struct Row {
        let meter: MeterNumber
        let minutes: Int64
        let load: Energy
        let production: Energy
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        let table = try CSVTable(bytes, header: HourlyAdaptor.header)
        try settings.check()
        var collector = ReadingCollector(settings, resolution: .minutes60)
        var seen: Set<Int128> = []
        table.forEachLine { number, line in
            switch row(line) {
            case .failure(let problem):
                collector.reject(problem.kind, line: number, meter: problem.meter, problem.reason)
            case .success(let row):
                // A row is taken or refused as a whole.
                let key = Int128(row.meter.value) << 64 | Int128(row.minutes)
                guard seen.insert(key).inserted else {
                    return collector.reject(
                        .duplicate, line: number, meter: collector.name(row.meter),
                        "a second row for this meter and hour")
                }
                collector.add(row.meter, .load, minutes: row.minutes, energy: row.load, line: number)
                collector.add(row.meter, .production, minutes: row.minutes, energy: row.production, line: number)
            }
        }
        return try collector.finish()
    }

    private func row(_ line: CSVTable.Line) -> Result<Row, RowProblem> {
        let fields: [Substring]
        switch line {
        case .bad(let why): return .failure(RowProblem(.malformed, why))
        case .fields(let found): fields = found
        }
        guard fields.count == 4 else {
            return .failure(RowProblem(.malformed, "\(fields.count) fields where 4 belong"))
        }
        guard let minutes = LocalLabel.minutes(fields[0]), minutes % 60 == 0 else {
            return .failure(
                RowProblem(.malformed, "'\(fields[0].prefix(32))' is no full local hour such as 2016-07-31T23:00"))
        }
        let name = String(fields[1])
        guard let meter = settings.meters[name] else { return .failure(.unknownMeter(fields[1])) }
        guard let start = settings.clock.instants(ofLocalMinutes: minutes).first else {
            return .failure(
                RowProblem(.skippedHour, meter: name, "\(fields[0]) does not exist: daylight saving skips that hour"))
        }
        switch (energy(fields[2], "load", name), energy(fields[3], "production", name)) {
        case (.failure(let problem), _), (_, .failure(let problem)): return .failure(problem)
        case (.success(let load), .success(let production)):
            return .success(
                Row(
                    meter: meter, minutes: Int64(clamping: start.milliseconds / 60_000), load: load,
                    production: production))
        }
    }

    private func energy(_ text: Substring, _ what: String, _ meter: String) -> Result<Energy, RowProblem> {
        guard let value = Int64(text) else {
            return .failure(RowProblem(.malformed, meter: meter, "\(what) '\(text.prefix(32))' is no whole number"))
        }
        guard (0...Reading.energyMax).contains(value) else {
            return .failure(
                RowProblem(
                    value < 0 ? .negative : .outOfRange, meter: meter,
                    "\(what) \(value) Wh is outside 0 to \(Reading.energyMax)"))
        }
        return .success(value)
    }
}

/// Why a row is not taken.
struct RowProblem: Error {
    let kind: ReadingNotice.Kind
    let meter: String?
    let reason: String

    init(_ kind: ReadingNotice.Kind, meter: String? = nil, _ reason: String) {
        self.kind = kind
        self.meter = meter
        self.reason = reason
    }

    static func unknownMeter(_ name: some StringProtocol) -> RowProblem {
        RowProblem(
            .unknownMeter, meter: String(name.prefix(32)),
            "meter '\(name.prefix(32))' is no member's in the community file; `cec admit` adds it"
        )
    }
}
