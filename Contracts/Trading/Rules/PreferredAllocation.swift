internal import Primitives

extension MarketSides {
    /// Preferred partners first, in rounds: in round r each consumer asks its r-th partner for what it still needs, up to
    /// the agreed amount; a producer that is asked for more than it has left divides it pro rata to what was asked. Then
    /// `rest` allocates what is left on both sides.
    func preferredFirst(
        _ links: [[AllocationTerms.Link]], rest: AllocationModel.RestModel, terms: AllocationTerms,
        period: PeriodNumber
    ) throws(SettlementError) -> Allocation {
        var supply = surplus
        var need = demand
        for round in 0..<(links.lazy.map(\.count).max() ?? 0) {
            var asked = [[(consumer: Int, energy: Energy)]](repeating: [], count: supply.count)
            for (consumer, own) in links.enumerated() where round < own.count && need[consumer] > 0 {
                asked[own[round].producer].append((consumer, min(own[round].amount, need[consumer])))
            }
            for (producer, requests) in asked.enumerated() where !requests.isEmpty && supply[producer] > 0 {
                let energies = requests.map(\.energy)
                let sum = try energies.checkedSum()
                let shares =
                    sum <= supply[producer]
                    ? energies : try Division.proRata(supply[producer], by: energies, period: period)
                for (request, share) in zip(requests, shares) {
                    need[request.consumer] -= share
                    supply[producer] -= share
                }
            }
        }
        let left = try MarketSides(surplus: supply, demand: need)
        let more: [Energy]
        switch rest {
        case .evenSplit: more = try Division.evenly(left.common, upTo: need, period: period)
        case .proRata: more = try Division.proRata(left.common, by: need, period: period)
        case .staticKeys: more = try left.byKeys(try terms.keys(for: need.count), period: period)
        }
        let given = try Division.proRata(try more.checkedSum(), by: supply, period: period)
        var total = Allocation.Sides(count: surplus.count)
        for position in surplus.indices {
            total.received[position] = demand[position] - need[position] + more[position]
            total.given[position] = surplus[position] - supply[position] + given[position]
        }
        return Allocation(
            self, received: total.received, given: total.given, traded: try total.received.checkedSum())
    }
}

extension Allocation {
    /// Both sides while they are made.
    struct Sides {
        var received: [Energy]
        var given: [Energy]

        init(count: Int) {
            received = [Energy](repeating: 0, count: count)
            given = received
        }
    }
}
