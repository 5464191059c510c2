internal import Primitives
internal import Trading

/// Reads CIM documents of validated historical data (IEC 62325-351, as EDDIE writes them: `ValidatedHistoricalData_
/// MarketDocument` of v0.82 with lists, and `MarketDocument` of v1.04 without).
///
/// Taken are series of production (business type A01, up) as export and of consumption (A04, down) as import, in Wh, kWh
/// or MWh, with resolutions of 15, 30 or 60 minutes. Point `n` of a period begins at its start plus (n - 1) resolutions.
package struct MarketDocumentAdaptor: Sendable {
    package let settings: AdaptorSettings
    /// Name of the meter; nil takes the document's own metering points.
    package let meter: String?

    package init(_ settings: AdaptorSettings, meter: String? = nil) {
        self.settings = settings
        self.meter = meter
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        try settings.check()
        let document = try MarketDocument(bytes)
        guard let resolution = document.series.lazy.flatMap(\.periods).compactMap({ $0.resolution }).first else {
            throw AdaptorError("the document has no period with a resolution of 15, 30 or 60 minutes")
        }
        if meter != nil, Set(document.series.map(\.meter)).count > 1 {
            throw AdaptorError(
                "the document has several metering points; register their names instead of naming one meter")
        }
        var collector = ReadingCollector(settings, resolution: resolution)
        for series in document.series { take(series, &collector) }
        return try collector.finish()
    }

    private func take(_ series: MarketDocument.Series, _ collector: inout ReadingCollector) {
        let name = meter ?? series.meter
        func reject(_ kind: ReadingNotice.Kind, _ reason: String) {
            let count = series.periods.reduce(0) { $0 + $1.points.count }
            collector.reject(kind, line: series.line, meter: String(name.prefix(32)), count: max(1, count), reason)
        }
        guard let number = settings.meters[name] else {
            return reject(
                .unknownMeter, "meter '\(name.prefix(32))' is no member's in the community file; `cec admit` adds it")
        }
        guard let direction = series.direction else {
            return reject(
                .malformed,
                "business type '\(series.businessType.prefix(8))' with direction '\(series.flow.prefix(8))' is neither production (A01, up A01) nor consumption (A04, down A02)"
            )
        }
        guard let power = series.power else {
            return reject(.malformed, "unit '\(series.unit.prefix(8))' is none of WHR, KWH, MWH")
        }
        for period in series.periods { take(period, number, name, direction, power, &collector) }
    }

    private func take(
        _ period: MarketDocument.Period, _ number: MeterNumber, _ name: String, _ direction: Direction, _ power: Int,
        _ collector: inout ReadingCollector
    ) {
        guard period.resolution == collector.resolution, let start = Stamp(period.start), let end = Stamp(period.end),
            end.utcMinutes > start.utcMinutes
        else {
            return collector.reject(
                .malformed, line: period.line, meter: name, count: max(1, period.points.count),
                "a period needs the resolution \(collector.resolution.iso8601) and an interval such as 2024-12-01T00:00Z; it has '\(period.resolutionText.prefix(24))' from '\(period.start.prefix(24))' to '\(period.end.prefix(24))'"
            )
        }
        let slots = (end.utcMinutes - start.utcMinutes) / collector.slotMinutes
        if Int64(period.points.count) > slots {
            collector.list.add(
                ReadingNotice(
                    .mislabelledClock, .noted, line: period.line, meter: name,
                    "the interval has room for \(slots) points but \(period.points.count) are there: it may be labelled in local time over a clock change"
                ))
        }
        for point in period.points {
            take(point, start.utcMinutes, slots, number, name, direction, power, &collector)
        }
    }

    private func take(
        _ point: MarketDocument.Point, _ start: Int64, _ slots: Int64, _ number: MeterNumber, _ name: String,
        _ direction: Direction, _ power: Int, _ collector: inout ReadingCollector
    ) {
        guard let position = Int64(point.position), position >= 1, position <= slots else {
            return collector.reject(
                .malformed, line: point.line, meter: name,
                "position '\(point.position.prefix(24))' is not among the \(slots) of the interval")
        }
        guard point.quality != "A02", !point.quantity.isEmpty else {
            return collector.reject(.noValue, line: point.line, meter: name, "point \(position) is not available")
        }
        collector.add(
            number, direction, minutes: start + (position - 1) * collector.slotMinutes, text: point.quantity,
            power: power, line: point.line, quality: MarketDocumentAdaptor.quality(point.quality),
            code: String(point.quality.prefix(8)), name: name, wrong: "quantity of energy")
    }

    /// Quality codes of the ENTSO-E list: A01 adjusted, A03 estimated, A04 as provided, A05 incomplete, A06 calculated.
    static func quality(_ code: String) -> Quality {
        switch code {
        case "", "A04": .asProvided
        case "A01", "A06": .adjusted
        default: .estimated
        }
    }
}
