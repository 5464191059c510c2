package import Chain
package import Primitives

/// Result of one period: a line per member, and the sums. A pure function of its arguments.
///
/// Invariants: received and given both sum to `totals.traded`; production - consumption = sold - bought, for each member
/// and in total; postings sum to zero.
package struct PeriodSettlement: Hashable, Sendable {
    /// Ascending by member.
    package let lines: [StatementLine]
    package let totals: SettlementTotals
    /// Members with a surplus, and with a demand.
    package let activeProducers: Int
    package let activeConsumers: Int

    /// `balances` strictly ascending by member, at most 131,072; `terms` by the same positions; `values` of the rules'
    /// price series for the period's hour. O(n log n).
    package init(
        community: Address, period: PeriodNumber, version: UInt32, rules: CommunityRules, balances: [MemberBalance],
        terms: AllocationTerms = .none, values: [Amount?] = []
    ) throws(SettlementError) {
        guard balances.count <= SaltList.membersMax else { throw .tooManyMembers(limit: SaltList.membersMax) }
        guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
        let nets = try MemberBalance.nets(balances)
        let allocation = try Allocation(nets, model: rules.model, period: period, terms: terms)
        let pricing = try PeriodPricing(
            rules, start: start, period: period, balances: balances, allocation: allocation, terms: terms,
            values: values)
        var sums = LineSums()
        var lines: [StatementLine] = []
        lines.reserveCapacity(balances.count)
        for (position, balance) in balances.enumerated() {
            let line = try StatementLine(
                community: community, period: period, version: version, balance: balance,
                received: allocation.received[position], given: allocation.given[position],
                prices: pricing.prices(of: position, balance))
            try sums.add(line)
            lines.append(line)
        }
        self.lines = lines
        totals = try pricing.totals(sums, allocation.volumes)
        activeProducers = nets.count { $0 > 0 }
        activeConsumers = nets.count { $0 < 0 }
    }
}
