internal import Foundation
package import Primitives
package import Trading

/// Civil time of a place, out of the machine's time zone database.
package enum CivilTime {
    /// The clock of `zone` (such as `Europe/Zurich`) from the beginning of one year to the end of another; nil when the
    /// machine does not know the zone, or the years are outside 1970 to 2200, too many, or in the wrong order.
    package static func clock(_ zone: String, years: ClosedRange<Int>) -> LocalClock? {
        guard let zone = TimeZone(identifier: zone),
            let first = CalendarDay.number(year: Int64(years.lowerBound), month: 1, day: 1),
            let last = CalendarDay.number(year: Int64(years.upperBound) + 1, month: 1, day: 1)
        else { return nil }
        // The offset of the year before, so that local labels of the first day are covered.
        var at = Date(timeIntervalSince1970: Double(max(0, first - 2) * 86_400))
        let end = Date(timeIntervalSince1970: Double((last + 1) * 86_400))
        var spans = [span(at, zone)]
        while let next = zone.nextDaylightSavingTimeTransition(after: at), next < end,
            spans.count <= LocalClock.spansMax
        {
            if zone.secondsFromGMT(for: next) / 60 != Int(spans[spans.count - 1].offsetMinutes) {
                spans.append(span(next, zone))
            }
            at = next
        }
        let clock = LocalClock(spans: spans)
        return clock.problem == nil ? clock : nil
    }

    private static func span(_ date: Date, _ zone: TimeZone) -> LocalClock.Span {
        LocalClock.Span(
            from: Timestamp(UInt64(max(0, date.timeIntervalSince1970)) * 1_000),
            offsetMinutes: Int16(clamping: zone.secondsFromGMT(for: date) / 60))
    }

    /// First instant of a local month `yyyy-MM` and that of the next one; nil when there is no such month.
    package static func month(_ text: String, clock: LocalClock) -> (from: Timestamp, to: Timestamp)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Int64(parts[0]),
            let month = Int64(parts[1]), (1...12).contains(month)
        else { return nil }
        let (nextYear, nextMonth) = month == 12 ? (year + 1, 1) : (year, month + 1)
        guard let from = midnight(year, month, clock), let to = midnight(nextYear, nextMonth, clock) else { return nil }
        return (from, to)
    }

    /// Some clocks skip midnight: then the day begins with the first minute that there is.
    private static func midnight(_ year: Int64, _ month: Int64, _ clock: LocalClock) -> Timestamp? {
        guard let day = CalendarDay.number(year: year, month: month, day: 1) else { return nil }
        return (0..<180).lazy.compactMap { clock.instants(ofLocalMinutes: day * 1_440 + $0).first }.first
    }

    /// Local day of a time as days since 1970, and as `yyyy-MM-dd`.
    package static func day(of time: Timestamp, clock: LocalClock) -> (number: Int64, text: String) {
        let day = dayNumber(of: time, clock: clock)
        return (day, CalendarDay.text(max(0, day)))
    }

    static func dayNumber(of time: Timestamp, clock: LocalClock) -> Int64 {
        let minutes = Int64(clamping: time.milliseconds / 60_000) + Int64(clock.offsetMinutes(at: time))
        return minutes >= 0 ? minutes / 1_440 : (minutes - 1_439) / 1_440
    }
}
