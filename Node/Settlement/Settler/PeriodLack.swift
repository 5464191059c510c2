internal import DataLake
internal import Primitives
package import Trading

/// What a period still waits for.
package struct PeriodLack: Hashable, Sendable {
    /// Meters of active members without a reading for all of the period, ascending.
    package var missing: [MeterNumber] = []
    /// Meters whose readings are estimated, ascending.
    package var estimated: [MeterNumber] = []
    /// Price series of the rules, by position, without a published value for the period's hour.
    package var unpriced: [Int] = []

    package init() {}

    package var isNothing: Bool { !lacksReadings && unpriced.isEmpty }
    package var lacksReadings: Bool { !missing.isEmpty || !estimated.isEmpty }
}

extension InputSelection {
    /// What readings and prices say of each meter. Throws what also keeps the period from being computed.
    package func lack() throws(SettlementError) -> PeriodLack {
        let meters = members.flatMap(\.meters).sorted()
        // One stand-in for each meter, so that the rules of the contract judge each for itself.
        let single = meters.enumerated().map { index, meter in
            Member(
                number: MemberNumber(UInt32(clamping: index + 1)), meters: [meter], holder: .zero, consent: .zero,
                from: PeriodNumber(0))
        }
        let balances = try BalanceAssembly.balances(
            of: single, rules: community.rules, period: period, batches: batches.map(\.batch), values: values)
        var lack = PeriodLack()
        for (meter, balance) in zip(meters, balances) {
            switch balance.quality {
            case .missing: lack.missing.append(meter)
            case .estimated: lack.estimated.append(meter)
            case .asProvided, .adjusted: continue
            }
        }
        lack.unpriced = values.indices.filter { values[$0] == nil }
        return lack
    }
}
