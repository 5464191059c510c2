internal import Primitives

extension MarketSides {
    /// One price of one side of the book, with the members that named it.
    private struct Level {
        let price: Amount
        var positions: [Int] = []
        var energy: Energy = 0
    }

    /// Sorted double auction: bids from the highest, asks from the lowest price, matched as long as the bid is not below
    /// the ask. Who named a better price than the last one matched is served in full; those at that price share what is
    /// left pro rata, by largest remainder. The clearing price is `floor((bid + ask) / 2)` of the last match.
    func auction(_ limits: [PricePair], period: PeriodNumber) throws(SettlementError) -> Allocation {
        let bids = try levels(demand, limits.map(\.consumption)) { $0 > $1 }
        let asks = try levels(surplus, limits.map(\.production)) { $0 < $1 }
        var (bid, ask) = (0, 0)
        var (wanted, offered) = (bids.first?.energy ?? 0, asks.first?.energy ?? 0)
        var traded: Energy = 0
        var clearing: Amount?
        while bid < bids.count, ask < asks.count, bids[bid].price >= asks[ask].price {
            let energy = min(wanted, offered)
            traded += energy
            clearing = try sized(bids[bid].price.adding(asks[ask].price)) >> 1
            wanted -= energy
            offered -= energy
            if wanted == 0 {
                bid += 1
                if bid < bids.count { wanted = bids[bid].energy }
            }
            if offered == 0 {
                ask += 1
                if ask < asks.count { offered = asks[ask].energy }
            }
        }
        return Allocation(
            self, received: try served(traded, bids, of: demand, period: period),
            given: try served(traded, asks, of: surplus, period: period), traded: traded, clearingPrice: clearing)
    }

    /// Members with energy by price, best first; inside a level in the order of the members.
    private func levels(
        _ energies: [Energy], _ prices: [Amount], isBetter: (Amount, Amount) -> Bool
    ) throws(SettlementError) -> [Level] {
        let ordered = energies.indices.filter { energies[$0] > 0 }.sorted {
            prices[$0] != prices[$1] ? isBetter(prices[$0], prices[$1]) : $0 < $1
        }
        var levels: [Level] = []
        for position in ordered {
            if levels.last?.price != prices[position] { levels.append(Level(price: prices[position])) }
            levels[levels.count - 1].positions.append(position)
            levels[levels.count - 1].energy = try sized(levels[levels.count - 1].energy.adding(energies[position]))
        }
        return levels
    }

    private func served(
        _ traded: Energy, _ levels: [Level], of energies: [Energy], period: PeriodNumber
    ) throws(SettlementError) -> [Energy] {
        var shares = [Energy](repeating: 0, count: energies.count)
        var rest = traded
        for level in levels where rest > 0 {
            let part = min(rest, level.energy)
            let own = level.positions.map { energies[$0] }
            for (position, share) in zip(level.positions, try Division.proRata(part, by: own, period: period)) {
                shares[position] = share
            }
            rest -= part
        }
        return shares
    }
}
