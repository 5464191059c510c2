/// A sum, difference or product that does not fit its type. Swift would trap; a validator must reject instead.
package struct ArithmeticOverflow: Error, Hashable, Sendable {
    package init() {}
}

extension FixedWidthInteger {
    package func adding(_ other: Self) throws(ArithmeticOverflow) -> Self {
        let (value, overflow) = addingReportingOverflow(other)
        if overflow { throw ArithmeticOverflow() }
        return value
    }

    package func subtracting(_ other: Self) throws(ArithmeticOverflow) -> Self {
        let (value, overflow) = subtractingReportingOverflow(other)
        if overflow { throw ArithmeticOverflow() }
        return value
    }

    package func multiplied(by other: Self) throws(ArithmeticOverflow) -> Self {
        let (value, overflow) = multipliedReportingOverflow(by: other)
        if overflow { throw ArithmeticOverflow() }
        return value
    }
}

extension Int64 {
    /// `floor(self * factor / divisor)` with a 128-bit product. Divisor > 0, else overflow.
    package func scaled(by factor: Int64, over divisor: Int64) throws(ArithmeticOverflow) -> Int64 {
        guard divisor > 0 else { throw ArithmeticOverflow() }
        let product = Int128(self) * Int128(factor)
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: Int128(divisor))
        let floored = remainder < 0 ? quotient - 1 : quotient
        guard let value = Int64(exactly: floored) else { throw ArithmeticOverflow() }
        return value
    }
}

/// Energy in watt-hours; production and surplus are positive.
package typealias Energy = Int64
/// Money in micro-units (10^-6) of one currency.
package typealias Amount = Int64
