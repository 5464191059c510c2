package import Primitives

extension Division {
    /// Largest remainder of `total k / max(10^4, sum of keys)`: with keys that sum to less than the whole the rest stays
    /// undivided, with more they count in proportion. O(n log n).
    ///
    /// Requires keys >= 0 and total >= 0, else `overflow`. Shares sum to at most `total`.
    package static func byKeys(
        _ total: Energy, keys: [Int64], period: PeriodNumber
    ) throws(SettlementError) -> [Energy] {
        let sum = try keys.checkedSum()
        let rest = sum < 0 ? 0 : max(AllocationKeys.whole - sum, 0)
        var shares = try proRata(total, by: keys + [rest], period: period)
        shares.removeLast()
        return shares
    }
}

extension MarketSides {
    /// Static and scheduled keys: `min(LR(S k_j / 10^4), d_j)`.
    func byKeys(_ keys: [Int64], period: PeriodNumber) throws(SettlementError) -> [Energy] {
        let shares = try Division.byKeys(surplusSum, keys: keys, period: period)
        return zip(shares, demand).map { min($0, $1) }
    }

    /// Full keys: each producer's surplus is divided by the keys that consumers hold of it; a consumer that is given more
    /// than its demand keeps what it needs, pro rata to what came from each producer.
    func byProducerKeys(
        _ links: [[AllocationTerms.Link]], period: PeriodNumber
    ) throws(SettlementError) -> Allocation {
        // Consumers of each producer, in the order of the members.
        var consumers = [[(consumer: Int, key: Int64)]](repeating: [], count: surplus.count)
        for (consumer, own) in links.enumerated() {
            for link in own where surplus[link.producer] > 0 {
                consumers[link.producer].append((consumer, link.amount))
            }
        }
        var offers = [[(producer: Int, energy: Energy)]](repeating: [], count: surplus.count)
        for (producer, keys) in consumers.enumerated() where !keys.isEmpty {
            let shares = try Division.byKeys(surplus[producer], keys: keys.map(\.key), period: period)
            for (entry, share) in zip(keys, shares) where share > 0 { offers[entry.consumer].append((producer, share)) }
        }
        var received = [Energy](repeating: 0, count: surplus.count)
        var given = received
        for (consumer, own) in offers.enumerated() where !own.isEmpty {
            let energies = own.map(\.energy)
            let offered = try energies.checkedSum()
            let kept =
                offered <= demand[consumer]
                ? energies : try Division.proRata(demand[consumer], by: energies, period: period)
            received[consumer] = min(offered, demand[consumer])
            for (offer, energy) in zip(own, kept) { given[offer.producer] += energy }
        }
        return Allocation(self, received: received, given: given, traded: try received.checkedSum())
    }
}
