package import Primitives

/// Who gets how much of the traded energy in one period, by position of the members.
package struct Allocation: Hashable, Sendable {
    /// T = min(S, D).
    package let traded: Energy
    /// a_j: sums to T, at most the demand of each.
    package let received: [Energy]
    /// g_i: sums to T, at most the surplus of each.
    package let given: [Energy]

    /// `balances` are production - consumption in the order of the members.
    package init(
        _ balances: [Energy], model: AllocationModel, period: PeriodNumber
    ) throws(SettlementError) {
        var surplus: [Energy] = []
        var demand: [Energy] = []
        surplus.reserveCapacity(balances.count)
        demand.reserveCapacity(balances.count)
        for balance in balances {
            surplus.append(max(balance, 0))
            demand.append(balance < 0 ? try sized(Int64(0).subtracting(balance)) : 0)
        }
        let traded = min(try surplus.checkedSum(), try demand.checkedSum())
        self.traded = traded
        switch model {
        case .evenSplit: received = try Division.evenly(traded, upTo: demand, period: period)
        }
        given = try Division.proRata(traded, by: surplus, period: period)
    }
}
