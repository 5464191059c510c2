internal import Primitives
internal import Trading

/// Reads Green Button files (NAESB REQ.21 ESPI: an Atom feed of UsagePoint, MeterReading, ReadingType, IntervalBlock).
///
/// Taken are interval blocks of electricity in watt-hours as differences (accumulation behaviour 4), forward as import
/// and reverse as export, with intervals of 15, 30 or 60 minutes, all of one length. Links between entries say which
/// reading type a block has; a feed with a single one needs none. Starts are seconds since 1970 UTC.
package struct GreenButtonAdaptor: Sendable {
    package static let namespace = "http://naesb.org/espi"
    package static let entriesMax = 65_536

    package let settings: AdaptorSettings
    /// Name of the meter; nil takes the feed's own names of usage points.
    package let meter: String?

    package init(_ settings: AdaptorSettings, meter: String? = nil) {
        self.settings = settings
        self.meter = meter
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        try settings.check()
        let feed = try GreenButtonFeed(bytes)
        guard !feed.blocks.isEmpty else { throw AdaptorError("the feed has no interval blocks") }
        if meter != nil, Set(feed.blocks.map { usagePoint($0) }).count > 1 {
            throw AdaptorError("the feed has several usage points; register their names instead of naming one meter")
        }
        let lengths = feed.blocks.flatMap(\.intervals).map(\.seconds)
        guard let length = lengths.first(where: { resolution($0) != nil }), let resolution = resolution(length) else {
            throw AdaptorError("the feed has no intervals of 15, 30 or 60 minutes")
        }
        var collector = ReadingCollector(settings, resolution: resolution)
        for block in feed.blocks { take(block, feed, seconds: length, &collector) }
        noteUTCDays(feed.blocks, &collector)
        return try collector.finish()
    }

    private func resolution(_ seconds: Int64) -> Resolution? {
        Resolution.allCases.first { Int64($0.minutes) * 60 == seconds }
    }

    /// What follows `UsagePoint/` in the block's links.
    private func usagePoint(_ block: GreenButtonFeed.Block) -> String {
        let parts = block.up.split(separator: "/")
        guard let at = parts.lastIndex(of: "UsagePoint"), at + 1 < parts.count else { return "" }
        return String(parts[at + 1])
    }

    private func take(
        _ block: GreenButtonFeed.Block, _ feed: GreenButtonFeed, seconds: Int64, _ collector: inout ReadingCollector
    ) {
        let name = meter ?? usagePoint(block)
        func reject(_ kind: ReadingNotice.Kind, _ reason: String) {
            collector.reject(
                kind, line: block.line, meter: String(name.prefix(32)), count: max(1, block.intervals.count), reason)
        }
        guard let number = settings.meters[name] else {
            return reject(
                .unknownMeter, "meter '\(name.prefix(32))' is no member's in the community file; `cec admit` adds it")
        }
        guard let type = feed.type(of: block) else {
            return reject(.malformed, "the interval block leads to no reading type")
        }
        if let problem = type.problem { return reject(.malformed, problem) }
        guard let direction = type.direction else {
            return reject(
                .malformed, "flow direction \(type.flowDirection ?? -1) is neither forward (1) nor reverse (19)")
        }
        for interval in block.intervals {
            guard interval.seconds == seconds else {
                collector.reject(
                    .malformed, line: interval.line, meter: name,
                    "an interval of \(interval.seconds) seconds where others have \(seconds)")
                continue
            }
            guard interval.start % 60 == 0 else {
                collector.reject(.malformed, line: interval.line, meter: name, "an interval starts within a minute")
                continue
            }
            collector.add(
                number, direction, minutes: interval.start / 60, text: interval.value, power: type.powerOfTen,
                line: interval.line, quality: GreenButtonAdaptor.quality(interval.quality),
                code: "\(interval.quality ?? 0)", name: name, wrong: "number of watt-hours")
        }
    }

    /// QualityOfReading of ESPI: 0 valid, 14 raw, 17 validated, 18 verified, 19 revenue quality; 7 edited, 11 derived,
    /// 13 mixed, 15 normalised; everything else is an estimate, a projection or unknown.
    static func quality(_ code: Int64?) -> Quality {
        switch code ?? 0 {
        case 0, 14, 17, 18, 19: .asProvided
        case 7, 11, 13, 15: .adjusted
        default: .estimated
        }
    }

    /// Blocks of a day begin at midnight of the meter's clock. When they begin at midnight UTC instead, the source has
    /// probably written local time as if it were UTC.
    private func noteUTCDays(_ blocks: [GreenButtonFeed.Block], _ collector: inout ReadingCollector) {
        let days = blocks.filter { block in
            guard let first = block.intervals.first else { return false }
            return block.duration == 86_400 && first.start >= 0
        }
        let suspicious = days.filter { block in
            let start = block.intervals.first?.start ?? 0
            let offset = Int64(
                settings.clock.offsetMinutes(
                    at: Timestamp(UInt64(max(0, start)).multipliedReportingOverflow(by: 1_000).partialValue)))
            return offset % 1_440 != 0 && start % 86_400 == 0
        }
        if !days.isEmpty, suspicious.count == days.count {
            collector.list.add(
                ReadingNotice(
                    .mislabelledClock, .noted, line: days[0].line, count: days.count,
                    "every day begins at midnight UTC, not at midnight of the clock: the source may have written local time as UTC"
                ))
        }
    }
}
