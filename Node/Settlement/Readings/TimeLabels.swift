/// Days of the civil calendar, as numbers since 1970-01-01.
enum CalendarDay {
    static let years: ClosedRange<Int64> = 1970...2200

    /// The day, nil when the calendar has none such or the year is outside 1970 to 2200.
    static func number(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard years.contains(year), (1...12).contains(month), day >= 1, day <= days(year, month) else { return nil }
        var total = (year - 1970) * 365 + leapYears(before: year) - leapYears(before: 1970)
        for each in 1..<month { total += days(year, each) }
        return total + day - 1
    }

    /// Day `weekday` (1 = Monday to 7) of an ISO 8601 week; nil when the year has no such week.
    static func number(isoYear: Int64, week: Int64, weekday: Int64) -> Int64? {
        guard (1...7).contains(weekday), (1...53).contains(week), let monday = firstMonday(isoYear),
            let next = firstMonday(isoYear + 1)
        else { return nil }
        let day = monday + (week - 1) * 7 + weekday - 1
        return day < next ? day : nil
    }

    /// Monday of week 1: the week with 4 January.
    private static func firstMonday(_ year: Int64) -> Int64? {
        guard let fourth = number(year: year, month: 1, day: 4) else { return nil }
        // 1970-01-01 was a Thursday.
        return fourth - (fourth + 3) % 7
    }

    private static func leapYears(before year: Int64) -> Int64 {
        let last = year - 1
        return last / 4 - last / 100 + last / 400
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// `yyyy-MM-dd` of a day number; for messages.
    static func text(_ day: Int64) -> String {
        var year = 1970 + day / 366
        while let next = number(year: year + 1, month: 1, day: 1), next <= day { year += 1 }
        var month: Int64 = 12
        while month > 1, let first = number(year: year, month: month, day: 1), first > day { month -= 1 }
        let first = number(year: year, month: month, day: 1) ?? day
        return "\(year)-\(two(month))-\(two(day - first + 1))"
    }

    static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

/// Local times as files write them.
enum LocalLabel {
    /// Minutes since 1970-01-01T00:00 of `yyyy-MM-ddTHH:mm`, years 1970 to 2200; nil for anything else.
    static func minutes(_ text: Substring) -> Int64? { minutes(Array(text.utf8)[...]) }

    static func minutes(_ units: ArraySlice<UInt8>) -> Int64? {
        let at = units.startIndex
        guard units.count == 16, units[at + 4] == 45, units[at + 7] == 45, units[at + 10] == 84, units[at + 13] == 58,
            let year = number(units[at..<at + 4]), let month = number(units[at + 5..<at + 7]),
            let day = number(units[at + 8..<at + 10]), let hour = number(units[at + 11..<at + 13]),
            let minute = number(units[at + 14..<at + 16]), hour < 24, minute < 60,
            let days = CalendarDay.number(year: year, month: month, day: day)
        else { return nil }
        return days * 1_440 + hour * 60 + minute
    }

    /// A number of decimal digits only, at most 18 of them.
    static func number(_ units: ArraySlice<UInt8>) -> Int64? {
        guard !units.isEmpty, units.count <= 18 else { return nil }
        var value: Int64 = 0
        for unit in units {
            guard (48...57).contains(unit) else { return nil }
            value = value * 10 + Int64(unit - 48)
        }
        return value
    }

    static func text(minutes: Int64) -> String {
        let day = minutes >= 0 ? minutes / 1_440 : (minutes - 1_439) / 1_440
        let rest = minutes - day * 1_440
        return "\(CalendarDay.text(day))T\(CalendarDay.two(rest / 60)):\(CalendarDay.two(rest % 60))"
    }
}

/// A time with its distance to UTC: `yyyy-MM-ddTHH:mm[:ss[.fff]]` and `Z`, `+hh:mm` or `+hhmm` (ISO 8601).
struct Stamp: Hashable, Sendable {
    /// Minutes of the label itself since 1970-01-01T00:00.
    let labelMinutes: Int64
    /// Local time minus UTC.
    let offsetMinutes: Int64
    var utcMinutes: Int64 { labelMinutes - offsetMinutes }

    init?(_ text: some StringProtocol) {
        var units = Array(text.utf8)[...]
        guard units.count >= 17, units.count <= 32, let minutes = LocalLabel.minutes(units.prefix(16)) else {
            return nil
        }
        units = units.dropFirst(16)
        if units.first == 58 {
            guard units.count >= 4, let seconds = LocalLabel.number(units.dropFirst().prefix(2)), seconds == 0 else {
                return nil
            }
            units = units.dropFirst(3)
            if units.first == 46 {
                units = units.dropFirst()
                while units.first == 48 { units = units.dropFirst() }
            }
        }
        guard let sign = units.first, let offset = Stamp.offset(sign, units.dropFirst()) else { return nil }
        labelMinutes = minutes
        offsetMinutes = offset
        guard utcMinutes >= 0 else { return nil }
    }

    private static func offset(_ sign: UInt8, _ rest: ArraySlice<UInt8>) -> Int64? {
        if sign == 90 { return rest.isEmpty ? 0 : nil }
        guard sign == 43 || sign == 45 else { return nil }
        let digits = rest.filter { $0 != 58 }
        guard digits.count == 4, rest.count == 4 || (rest.count == 5 && rest[rest.startIndex + 2] == 58),
            let hours = LocalLabel.number(digits[0..<2]), let minutes = LocalLabel.number(digits[2..<4]), hours <= 15,
            minutes < 60
        else { return nil }
        return (sign == 45 ? -1 : 1) * (hours * 60 + minutes)
    }
}
