internal import Chain
package import Primitives
package import Trading

/// Settings for members that have none yet, taken from the past, so that every model can be tried on it. What is assumed
/// is said in words, for whoever reads the comparison.
package enum AssumedSettings {
    package static let notes = [
        "Keys: each member's part of the community's demand in this past; scheduled keys by three-hour blocks of the day; "
            + "full keys the same for every producer.",
        "Preferred partners: consumers take up to 1 kWh an hour from one producer each, producers in turn.",
        "Auctions: bids and asks are spread evenly over the range between feed-in and retail, by member number.",
    ]

    static let blocks = 8
    static let minutesPerBlock = 180
    /// Upper bound of a preferred amount, watt-hours an hour.
    static let preferredHourly: Energy = 1_000

    /// Members of a past, numbered from 1, with assumed settings.
    package static func members(
        _ flows: [(number: PeriodNumber, balances: [CommunityHistory.Flow])], rules: CommunityRules, count: Int
    ) throws(SettlementError) -> [Member] {
        var demand = [[Energy]](repeating: [Energy](repeating: 0, count: count), count: blocks)
        var total = [Energy](repeating: 0, count: count)
        var produced = total
        for (period, balances) in flows {
            guard let start = rules.period.start(of: period) else { throw .periodOutOfRange }
            let block = rules.clock.local(at: start).minute / minutesPerBlock
            for (member, flow) in balances.enumerated() {
                let need = max(0 - flow.net, 0)
                demand[block][member] += need
                total[member] += need
                produced[member] += max(flow.net, 0)
            }
        }
        let keys = try shares(total)
        let scheduled = try demand.map { (block) throws(SettlementError) in try shares(block) }
        let producers = produced.indices.filter { produced[$0] > 0 }
        return (0..<count).map { position in
            let bands = (0..<blocks).map { block in
                RateBand(
                    weekdays: 127, fromMinute: UInt16(block * minutesPerBlock),
                    toMinute: UInt16((block + 1) * minutesPerBlock), value: scheduled[block][position])
            }
            return Member(
                number: MemberNumber(UInt32(position + 1)), meters: [MeterNumber(UInt64(position + 1))],
                settings: MemberSettings(
                    key: RateSchedule(keys[position], bands: bands),
                    producerKeys: producers.prefix(MemberSettings.producersMax).map {
                        ProducerKey(producer: MemberNumber(UInt32($0 + 1)), key: RateSchedule(keys[position]))
                    }, limits: limits(position, of: count, rules),
                    preferred: preferred(position, producers, rules.period)), holder: .zero, consent: .zero,
                from: PeriodNumber(0))
        }
    }

    /// Parts of 10,000.
    private static func shares(_ energies: [Energy]) throws(SettlementError) -> [Int64] {
        guard energies.contains(where: { $0 > 0 }) else { return energies.map { _ in 0 } }
        return try Division.proRata(AllocationKeys.whole, by: energies, period: PeriodNumber(0))
    }

    private static func preferred(
        _ position: Int, _ producers: [Int], _ period: Resolution
    ) -> [PreferredPartner] {
        let others = producers.filter { $0 != position }
        guard !others.isEmpty else { return [] }
        let amount = preferredHourly * Int64(period.minutes) / 60
        let producer = others[position % others.count]
        return [PreferredPartner(producer: MemberNumber(UInt32(producer + 1)), energyMax: amount)]
    }

    /// Between feed-in and retail: the more willing a buyer, the less willing the same home as a seller.
    private static func limits(_ position: Int, of count: Int, _ rules: CommunityRules) -> PriceSchedule {
        let base = rules.gridTariff.schedule.base
        let step = (base.consumption - base.production) * Int64(position + 1) / Int64(count + 1)
        return PriceSchedule(
            base: PricePair(consumption: base.consumption - step, production: base.production + step))
    }
}

extension CommunityHistory {
    /// The same past with assumed settings.
    package func assuming(_ rules: CommunityRules) throws(SettlementError) -> CommunityHistory {
        CommunityHistory(
            period: period, members: try AssumedSettings.members(periods, rules: rules, count: members.count),
            names: names, periods: periods)
    }
}

/// What a comparison tries.
package enum ComparedChoices {
    /// Every model with the mid-market rate (or its own price), and even split with every other price rule.
    package static func all(
        incentive: Amount, community: PricePair
    ) -> [(model: AllocationModel, priceRule: PriceRule, name: String, rule: String)] {
        let tariffs = PriceRule.communityTariffs(PriceSchedule(base: community))
        let ratio = PriceRule.supplyDemandRatio
        return [
            (.evenSplit, .midMarketRate, "even split", "mid-market rate"),
            (.proRata, .midMarketRate, "pro rata", "mid-market rate"),
            (.staticKeys, .midMarketRate, "static keys", "mid-market rate"),
            (.scheduledKeys, .midMarketRate, "scheduled keys", "mid-market rate"),
            (.fullKeys, .midMarketRate, "full keys", "mid-market rate"),
            (.preferredPartners(then: .evenSplit), .midMarketRate, "preferred partners", "mid-market rate"),
            (.evenSplit, tariffs, "even split", "community tariffs"),
            (.proRata, tariffs, "pro rata", "community tariffs"),
            (.evenSplit, ratio, "even split", "supply-demand ratio"),
            (.evenSplit, .billSharing, "even split", "bill sharing"),
            (.uniformPrice, .byModel, "auction", "uniform price"), (.payAsBid, .byModel, "auction", "pay as bid"),
            (.sharedIncentive(RateSchedule(incentive)), .byModel, "shared incentive", "grid tariff + incentive"),
        ]
    }
}
