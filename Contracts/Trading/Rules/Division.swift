package import Primitives

/// Exact divisions of whole watt-hours. Shares always sum to what was divided.
package enum Division {
    /// Water filling: everybody gets the same, up to the own demand; what does not divide goes one by one to those that
    /// want more, in an order that rotates with the period. O(n log n).
    ///
    /// Requires demands >= 0 and 0 <= total <= sum of demands, else `overflow`.
    package static func evenly(
        _ total: Energy, upTo demands: [Energy], period: PeriodNumber
    ) throws(SettlementError) -> [Energy] {
        let sum = try demands.checkedSum()
        guard demands.allSatisfy({ $0 >= 0 }), total >= 0, total <= sum else { throw .overflow }
        if total == sum { return demands }
        var shares = [Energy](repeating: 0, count: demands.count)
        let ascending = demands.indices.filter { demands[$0] > 0 }.sorted { demands[$0] < demands[$1] }
        var rest = total
        for (served, position) in ascending.enumerated() {
            let level = rest / Int64(ascending.count - served)
            if demands[position] <= level {
                shares[position] = demands[position]
                rest -= demands[position]
                continue
            }
            // All from here on want more than the level.
            let unfilled = ascending[served...].sorted()
            let leftover = Int(rest - level * Int64(unfilled.count))
            for each in unfilled { shares[each] = level }
            let rotation = Rotation(period: period, count: unfilled.count)
            for (place, each) in unfilled.enumerated() where rotation.rank(place) < leftover { shares[each] += 1 }
            return shares
        }
        return shares
    }

    /// Pro rata by largest remainder: `floor(total w / W)`, then one each to the largest remainders, ties in an order
    /// that rotates with the period. With `total <= W` nobody gets more than the own weight. O(n log n).
    ///
    /// Requires weights >= 0, total >= 0, and total = 0 when all weights are 0 (else `overflow`).
    package static func proRata(
        _ total: Energy, by weights: [Int64], period: PeriodNumber
    ) throws(SettlementError) -> [Energy] {
        let sum = try weights.checkedSum()
        guard weights.allSatisfy({ $0 >= 0 }), total >= 0, sum > 0 || total == 0 else { throw .overflow }
        // All of it: each share is the weight, without a remainder.
        if total == sum { return weights }
        var shares = [Energy](repeating: 0, count: weights.count)
        if total == 0 { return shares }
        var remainders: [(position: Int, place: Int, remainder: Int64)] = []
        remainders.reserveCapacity(weights.count)
        var given: Energy = 0
        for (position, weight) in weights.enumerated() where weight > 0 {
            let (quotient, remainder) = divided(total, weight, sum)
            shares[position] = quotient
            given += quotient
            if remainder > 0 { remainders.append((position, remainders.count, remainder)) }
        }
        let rotation = Rotation(period: period, count: remainders.count)
        remainders.sort {
            $0.remainder != $1.remainder
                ? $0.remainder > $1.remainder : rotation.rank($0.place) < rotation.rank($1.place)
        }
        for entry in remainders.prefix(Int(total - given)) { shares[entry.position] += 1 }
        return shares
    }

    /// Quotient and remainder of `total * weight / sum`, all >= 0 and sum > 0. With `weight <= sum` both fit.
    @inline(__always)
    private static func divided(_ total: Int64, _ weight: Int64, _ sum: Int64) -> (quotient: Int64, remainder: Int64) {
        let (product, overflow) = total.multipliedReportingOverflow(by: weight)
        // Nearly always: one 64-bit division instead of a 128-bit one.
        if !overflow { return product.quotientAndRemainder(dividingBy: sum) }
        let (quotient, remainder) = (Int128(total) * Int128(weight)).quotientAndRemainder(dividingBy: Int128(sum))
        return (Int64(truncatingIfNeeded: quotient), Int64(truncatingIfNeeded: remainder))
    }
}
