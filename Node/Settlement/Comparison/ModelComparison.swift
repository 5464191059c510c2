internal import Chain
package import Primitives
package import Trading

/// A community's own past: what each member produced and consumed, period by period.
package struct CommunityHistory: Sendable {
    package let period: Resolution
    /// Active members with their settings, ascending; the same in every period.
    package let members: [Member]
    /// Names of the members, in their order.
    package let names: [String]
    /// Ascending; one balance for each member in each.
    package let periods: [(number: PeriodNumber, balances: [Flow])]

    /// Energy of one member in one period.
    package struct Flow: Hashable, Sendable {
        package let production: Energy
        package let consumption: Energy
        package let quality: Quality

        package init(production: Energy, consumption: Energy, quality: Quality) {
            self.production = production
            self.consumption = consumption
            self.quality = quality
        }

        package var net: Energy { production - consumption }
    }
}

extension CommunityHistory {
    /// Assembles the past of `members` from batches, as a settlement would. Periods without any reading are left out.
    package init(
        members: [Member], names: [String], rules: CommunityRules, batches: [ReadingBatch]
    ) throws(SettlementError) {
        var byPeriod: [PeriodNumber: [Int]] = [:]
        for (index, batch) in batches.enumerated() {
            let own = Set(batch.readings.map { rules.period.period(at: $0.start) })
            for period in own { byPeriod[period, default: []].append(index) }
        }
        var periods: [(number: PeriodNumber, balances: [Flow])] = []
        for period in byPeriod.keys.sorted() {
            let used = (byPeriod[period] ?? []).map { batches[$0] }
            let balances = try BalanceAssembly.balances(of: members, rules: rules, period: period, batches: used)
            periods.append(
                (
                    period,
                    balances.map {
                        Flow(production: $0.production, consumption: $0.consumption, quality: $0.quality)
                    }
                ))
        }
        self.init(period: rules.period, members: members, names: names, periods: periods)
    }
}

/// What one model and price rule would have made of a community's past. Energy in watt-hours, money in micro-units.
package struct ComparedChoice: Codable, Sendable {
    package let model: String
    package let priceRule: String
    package let traded: Energy
    package let bought: Energy
    package let sold: Energy
    /// What all members together would have paid, less what they would have earned.
    package let bill: Amount
    package let fund: Amount
    package let gridFees: Amount
    package let incentive: Amount
    package let rounding: Amount
    /// What each member would have paid, in the order of the members.
    package let bills: [Amount]
}

/// All models and price rules over the same past, beside no community at all.
package struct ModelComparison: Codable, Sendable {
    package let members: [String]
    package let periods: Int
    package let periodMinutes: UInt64
    /// UTC, milliseconds since 1970.
    package let from: UInt64
    package let to: UInt64
    package let production: Energy
    package let consumption: Energy
    /// Member-periods without a value, counted as 0 Wh, and with an estimated one.
    package let missing: Int
    package let estimated: Int
    /// What each member would have paid alone, at its own grid tariff.
    package let alone: [Amount]
    package let choices: [ComparedChoice]

    package var aloneBill: Amount { alone.reduce(0) { $0 &+ $1 } }

    /// What the member saves with the choice; negative when it loses.
    package func gains(_ choice: ComparedChoice) -> [Amount] { zip(alone, choice.bills).map { $0 &- $1 } }
}

extension ModelComparison {
    /// Settles the whole past once for each choice. The rules give period, tariffs, fees, clock and rounding; model and
    /// price rule are replaced.
    package init(
        _ history: CommunityHistory, rules: CommunityRules,
        choices: [(model: AllocationModel, priceRule: PriceRule, name: String, rule: String)]
    ) throws(SettlementError) {
        var compared: [ComparedChoice] = []
        for choice in choices {
            let changed = rules.with(model: choice.model, priceRule: choice.priceRule)
            compared.append(try ComparedChoice(history, rules: changed, name: choice.name, rule: choice.rule))
        }
        var alone = [Amount](repeating: 0, count: history.members.count)
        var sums = (production: Energy(0), consumption: Energy(0), missing: 0, estimated: 0)
        for (period, flows) in history.periods {
            guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
            for (position, (flow, member)) in zip(flows, history.members).enumerated() {
                let grid = try rules.gridPrices(of: member, at: start)
                let amount =
                    flow.net < 0
                    ? try Pricing.amount(of: 0 - flow.net, at: grid.consumption)
                    : 0 - (try Pricing.amount(of: flow.net, at: grid.production))
                alone[position] += amount
                sums.production += flow.production
                sums.consumption += flow.consumption
                sums.missing += flow.quality == .missing ? 1 : 0
                sums.estimated += flow.quality == .estimated ? 1 : 0
            }
        }
        self.init(
            members: history.names, periods: history.periods.count, periodMinutes: rules.period.minutes,
            from: history.periods.first.flatMap { rules.period.start(of: $0.number)?.value } ?? 0,
            to: history.periods.last.flatMap { rules.period.end(of: $0.number)?.value } ?? 0,
            production: sums.production, consumption: sums.consumption, missing: sums.missing,
            estimated: sums.estimated, alone: alone, choices: compared)
    }
}

extension ComparedChoice {
    fileprivate init(
        _ history: CommunityHistory, rules: CommunityRules, name: String, rule: String
    ) throws(SettlementError) {
        var bills = [Amount](repeating: 0, count: history.members.count)
        var sums = [Int64](repeating: 0, count: 7)
        for (period, flows) in history.periods {
            guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
            var balances: [MemberBalance] = []
            for (flow, member) in zip(flows, history.members) {
                balances.append(
                    MemberBalance(
                        member: member.number, production: flow.production, consumption: flow.consumption,
                        gridPrices: try rules.gridPrices(of: member, at: start), quality: flow.quality))
            }
            let settlement = try PeriodSettlement(
                community: Address(wellKnown: "comparison"), period: period, version: 1, rules: rules,
                balances: balances,
                terms: try AllocationTerms(history.members, rules: rules, at: start, values: []))
            for (position, line) in settlement.lines.enumerated() { bills[position] -= try line.net() }
            let totals = settlement.totals
            let values = [
                totals.traded, totals.bought, totals.sold, totals.fund, totals.gridFees, totals.incentivePaid,
                totals.rounding,
            ]
            for (index, value) in values.enumerated() { sums[index] += value }
        }
        self.init(
            model: name, priceRule: rule, traded: sums[0], bought: sums[1], sold: sums[2],
            bill: bills.reduce(0) { $0 &+ $1 }, fund: sums[3], gridFees: sums[4], incentive: sums[5],
            rounding: sums[6], bills: bills)
    }
}

extension CommunityRules {
    /// The same rules with another model and price rule.
    package func with(model: AllocationModel, priceRule: PriceRule) -> CommunityRules {
        CommunityRules(
            name: name, currency: currency, period: period, model: model, priceRule: priceRule, gridTariff: gridTariff,
            series: series, gridFee: gridFee, fundLevy: fundLevy, rounding: rounding, clock: clock,
            activeMembersMin: activeMembersMin, deadlineHours: deadlineHours, correctionDays: correctionDays,
            listsBatches: listsBatches, attestation: attestation)
    }
}
