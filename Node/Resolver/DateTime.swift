internal import NodeClient
package import Primitives

/// Times as DID documents have them: RFC 3339 in UTC with whole seconds.
package enum DateTime {
    package static func text(_ time: Timestamp) -> String {
        var bytes: [UInt8] = []
        append(time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func append(_ time: Timestamp, to bytes: inout [UInt8]) {
        Timestamp(min(time.value, 253_402_300_799_999)).withText { bytes.append(contentsOf: $0.prefix(19)) }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The last millisecond that the text stands for: a time in whole seconds means all of its second, so that a
    /// document's own `updated` selects it. Nil for anything but `YYYY-MM-DDThh:mm:ss[.fff]Z` from 1970 on.
    package static func end(of text: String) -> Timestamp? {
        let units = Array(text.utf8)
        guard (20...30).contains(units.count), units.last == UInt8(ascii: "Z") || units.last == UInt8(ascii: "z") else {
            return nil
        }
        let marks: [(Int, UInt8)] = [(4, 45), (7, 45), (13, 58), (16, 58)]
        guard marks.allSatisfy({ units[$0.0] == $0.1 }),
            units[10] == UInt8(ascii: "T") || units[10] == UInt8(ascii: "t")
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for unit in units[range] {
                guard (48...57).contains(unit) else { return nil }
                value = value * 10 + Int64(unit - 48)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), year >= 1970, (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = days(year, month, day)
        // The day is there when it is written as it was read.
        guard Timestamp(UInt64(days) * 86_400_000).text.utf8.starts(with: units[..<10]) else { return nil }
        guard let milliseconds = fraction(units[19..<units.count - 1]) else { return nil }
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        return Timestamp(UInt64(seconds) * 1_000 + milliseconds)
    }

    /// 999 for none; at most nine digits are read as milliseconds.
    private static func fraction(_ units: ArraySlice<UInt8>) -> UInt64? {
        guard let first = units.first else { return 999 }
        let digits = Array(units.dropFirst())
        guard first == 46, (1...9).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return (digits + [48, 48]).prefix(3).reduce(0) { $0 * 10 + UInt64($1 - 48) }
    }

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil; years begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
