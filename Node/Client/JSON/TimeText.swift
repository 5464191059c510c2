package import Primitives

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds, e.g. "2026-03-29T00:59:59.000Z"; plain milliseconds beyond the year 9999.
    package var text: String { withText { String(decoding: $0, as: UTF8.self) } }

    /// The same as UTF-8, without memory of its own: every answer that has a time writes one.
    package func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        guard value <= 253_402_300_799_999 else { return Array("\(value) ms".utf8).withUnsafeBufferPointer(body) }
        let seconds = value / 1_000
        let (year, month, day) = Timestamp.civil(daysSince1970: seconds / 86_400)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { out in
            func put(_ number: UInt64, _ places: ClosedRange<Int>, then mark: UInt8) {
                var rest = number
                for place in places.reversed() {
                    out[place] = 48 + UInt8(rest % 10)
                    rest /= 10
                }
                out[places.upperBound + 1] = mark
            }
            put(year, 0...3, then: UInt8(ascii: "-"))
            put(month, 5...6, then: UInt8(ascii: "-"))
            put(day, 8...9, then: UInt8(ascii: "T"))
            put(seconds / 3_600 % 24, 11...12, then: UInt8(ascii: ":"))
            put(seconds / 60 % 60, 14...15, then: UInt8(ascii: ":"))
            put(seconds % 60, 17...18, then: UInt8(ascii: "."))
            put(value % 1_000, 20...22, then: UInt8(ascii: "Z"))
            return body(UnsafeBufferPointer(out))
        }
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
}
