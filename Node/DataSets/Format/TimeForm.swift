package import Primitives

/// How a table writes the time of a row. Times before 1970 and after 2200 are refused.
package enum TimeForm: Hashable, Sendable, BCSCodable {
    /// RFC 3339 with a zone: `2015-10-04T01:00:00Z`, `2015-10-04T03:00:00.250+02:00` (also `+0200`, and a space for `T`).
    case rfc3339
    /// Whole seconds since 1970 UTC.
    case seconds
    /// Whole milliseconds since 1970 UTC.
    case milliseconds
    /// Labels without a zone (`2016-07-31T23:00`), read at one fixed offset from UTC in minutes: whoever cuts by time uses
    /// the same offset. What a label means beyond that is for the data set's description to say.
    case local(offsetMinutes: Int16)

    package static let offsetMinutesMax: Int16 = 14 * 60
    private static let millisecondsMax: Int64 = 7_289_654_399_999

    /// The time that a field says; nil for anything else.
    package func time(_ field: some Collection<UInt8>) -> Timestamp? {
        switch self {
        case .seconds: whole(field).flatMap { checked($0.multipliedReportingOverflow(by: 1_000)) }
        case .milliseconds: whole(field).flatMap { checked(($0, false)) }
        case .rfc3339: labelled(field, zone: nil)
        case .local(let offset): labelled(field, zone: Int64(offset))
        }
    }

    private func checked(_ value: (partialValue: Int64, overflow: Bool)) -> Timestamp? {
        guard !value.overflow, (0...TimeForm.millisecondsMax).contains(value.partialValue) else { return nil }
        return Timestamp(UInt64(value.partialValue))
    }

    private func whole(_ field: some Collection<UInt8>) -> Int64? {
        guard (1...15).contains(field.count) else { return nil }
        return TimeForm.number(field)
    }

    private static func number(_ digits: some Sequence<UInt8>) -> Int64? {
        var value: Int64 = 0
        for unit in digits {
            guard (48...57).contains(unit) else { return nil }
            value = value * 10 + Int64(unit - 48)
        }
        return value
    }

    /// `yyyy-MM-ddTHH:mm[:ss[.fraction]]`, then a zone unless `zone` gives the offset in minutes.
    private func labelled(_ field: some Collection<UInt8>, zone: Int64?) -> Timestamp? {
        let units = Array(field)
        guard (16...40).contains(units.count), units[4] == 45, units[7] == 45, units[13] == 58,
            units[10] == 84 || units[10] == 116 || units[10] == 32,
            let year = TimeForm.number(units[0..<4]), let month = TimeForm.number(units[5..<7]),
            let day = TimeForm.number(units[8..<10]), let hour = TimeForm.number(units[11..<13]),
            let minute = TimeForm.number(units[14..<16]), hour < 24, minute < 60,
            let days = TimeForm.days(year, month, day)
        else { return nil }
        var at = 16
        var milliseconds: Int64 = 0
        if at < units.count, units[at] == 58 {
            guard units.count >= 19, let second = TimeForm.number(units[17..<19]), second < 60 else { return nil }
            milliseconds = second * 1_000
            at = 19
            if at < units.count, units[at] == 46 {
                let digits = units[(at + 1)...].prefix { (48...57).contains($0) }
                guard (1...9).contains(digits.count) else { return nil }
                milliseconds += (Array(digits) + [48, 48]).prefix(3).reduce(0) { $0 * 10 + Int64($1 - 48) }
                at = digits.endIndex
            }
        }
        let offset: Int64
        if let zone {
            guard at == units.count else { return nil }
            offset = zone
        } else {
            guard let read = TimeForm.offset(units[at...]) else { return nil }
            offset = read
        }
        let minutes = (days * 24 + hour) * 60 + minute - offset
        return checked((minutes * 60_000 + milliseconds, false))
    }

    /// Minutes east of UTC: `Z`, `+02:00`, `+0200`.
    private static func offset(_ zone: ArraySlice<UInt8>) -> Int64? {
        guard let sign = zone.first else { return nil }
        let rest = zone.dropFirst()
        if sign == 90 || sign == 122 { return rest.isEmpty ? 0 : nil }
        guard sign == 43 || sign == 45 else { return nil }
        let digits =
            rest.count == 5 && rest[rest.startIndex + 2] == 58 ? Array(rest.prefix(2) + rest.suffix(2)) : Array(rest)
        guard digits.count == 4, let hours = number(digits[0..<2]), let minutes = number(digits[2..<4]), minutes < 60,
            hours * 60 + minutes <= Int64(offsetMinutesMax)
        else { return nil }
        return (sign == 43 ? 1 : -1) * (hours * 60 + minutes)
    }

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil; years begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
        let lengths: [Int64] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        guard (1970...2200).contains(year), (1...12).contains(month), day >= 1,
            day <= (month == 2 && isLeap ? 29 : lengths[Int(month) - 1])
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .rfc3339: encoder.uleb(0)
        case .seconds: encoder.uleb(1)
        case .milliseconds: encoder.uleb(2)
        case .local(let offset):
            encoder.uleb(3)
            encoder.u16(UInt16(bitPattern: offset))
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .rfc3339
        case 1: self = .seconds
        case 2: self = .milliseconds
        case 3:
            let offset = Int16(bitPattern: try decoder.u16())
            guard (-TimeForm.offsetMinutesMax...TimeForm.offsetMinutesMax).contains(offset) else {
                throw decoder.failure(.invalid("an offset from UTC is at most 14 hours"))
            }
            self = .local(offsetMinutes: offset)
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
