/// Decimal numbers as files write them, turned into whole units without binary fractions.
enum DecimalText {
    enum Value: Hashable {
        case exact(Int64)
        /// Rounded to the nearest unit, halves away from zero.
        case rounded(Int64)

        var value: Int64 {
            switch self {
            case .exact(let value), .rounded(let value): value
            }
        }
    }

    static let digitsMax = 36

    /// `text * 10^power` in whole units; nil when it is no plain decimal number (`-12.345`), or does not fit 64 bits.
    static func units(_ text: some StringProtocol, power: Int) -> Value? {
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == 45
        if isNegative || rest.first == 43 { rest = rest.dropFirst() }
        guard !rest.isEmpty, rest.count <= digitsMax, (-18...18).contains(power) else { return nil }
        var digits: [UInt8] = []
        var fraction: Int?
        for unit in rest {
            if unit == 46, fraction == nil, !digits.isEmpty {
                fraction = 0
            } else if (48...57).contains(unit) {
                digits.append(unit - 48)
                fraction = fraction.map { $0 + 1 }
            } else {
                return nil
            }
        }
        if fraction == 0 { return nil }
        return scaled(digits, power: power - (fraction ?? 0), isNegative)
    }

    private static func scaled(_ digits: [UInt8], power: Int, _ isNegative: Bool) -> Value? {
        let kept = power >= 0 ? digits.count : digits.count + power
        var value: Int64 = 0
        func append(_ digit: UInt8) -> Bool {
            let (tens, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int64(digit))
            value = sum
            return !high && !overflow
        }
        for digit in digits.prefix(max(0, kept)) where !append(digit) { return nil }
        for _ in 0..<max(0, power) where !append(0) { return nil }
        let cut = kept >= 0 ? digits.dropFirst(kept) : digits[...]
        if cut.allSatisfy({ $0 == 0 }) { return .exact(isNegative ? -value : value) }
        // With fewer digits than places the first one that was cut is a zero.
        if kept >= 0, let first = cut.first, first >= 5 {
            let (sum, overflow) = value.addingReportingOverflow(1)
            if overflow { return nil }
            value = sum
        }
        return .rounded(isNegative ? -value : value)
    }
}
