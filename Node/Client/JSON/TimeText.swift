package import Primitives

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds, e.g. "2026-03-29T00:59:59.000Z"; plain milliseconds beyond the year 9999.
    package var text: String {
        guard value <= 253_402_300_799_999 else { return "\(value) ms" }
        let seconds = value / 1_000
        let (year, month, day) = Timestamp.civil(daysSince1970: seconds / 86_400)
        let clock = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map { Timestamp.padded($0, 2) }
        let date = "\(Timestamp.padded(year, 4))-\(Timestamp.padded(month, 2))-\(Timestamp.padded(day, 2))"
        return "\(date)T\(clock.joined(separator: ":")).\(Timestamp.padded(value % 1_000, 3))Z"
    }

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; years begin in March.
    private static func civil(daysSince1970 days: UInt64) -> (UInt64, UInt64, UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
