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
        let left = try Allocation(
            try MarketSides(surplus: supply, demand: need), model: rest.model, period: period, terms: terms)
        var received = demand
        var given = surplus
        for position in surplus.indices {
            received[position] += left.received[position] - need[position]
            given[position] += left.given[position] - supply[position]
        }
        return Allocation(self, received: received, given: given, traded: try received.checkedSum())
    }
}
