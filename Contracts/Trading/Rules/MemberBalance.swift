package import Primitives

/// What a member produced and consumed in one period.
package struct MemberBalance: Hashable, Sendable {
    package let member: MemberNumber
    package let production: Energy
    package let consumption: Energy
    /// What went into the grid and came out of it: for registers at the grid connection production and consumption
    /// themselves, behind it what is left of one after the other, meter by meter.
    package let injected: Energy
    package let withdrawn: Energy
    /// b and f of the member in this period.
    package let gridPrices: PricePair
    package let quality: Quality

    /// Without `flows` the balance as a whole is what went in or out.
    package init(
        member: MemberNumber, production: Energy, consumption: Energy, gridPrices: PricePair,
        quality: Quality = .asProvided, flows: (injected: Energy, withdrawn: Energy)? = nil
    ) {
        self.member = member
        self.production = production
        self.consumption = consumption
        let net = production.subtractingReportingOverflow(consumption)
        injected = flows?.injected ?? (net.overflow ? 0 : max(net.partialValue, 0))
        withdrawn = flows?.withdrawn ?? (net.overflow ? 0 : max(0 &- net.partialValue, 0))
        self.gridPrices = gridPrices
        self.quality = quality
    }
}

extension MemberBalance {
    /// production - consumption of each; the balances must be ascending by member, and their energy >= 0.
    static func nets(_ balances: [MemberBalance]) throws(SettlementError) -> [Energy] {
        var nets: [Energy] = []
        nets.reserveCapacity(balances.count)
        var last: MemberNumber?
        for balance in balances {
            if let last, last >= balance.member { throw .membersNotAscending }
            last = balance.member
            guard balance.production >= 0, balance.consumption >= 0 else { throw .negativeEnergy(balance.member) }
            nets.append(balance.production - balance.consumption)
        }
        return nets
    }
}

extension AllocationTerms {
    /// What the rules' model needs of these members in a period that starts at `start`. Ties to producers that are not
    /// active members are left out.
    package init(
        _ members: [Member], rules: CommunityRules, at start: Timestamp, values: [Amount?]
    ) throws(SettlementError) {
        switch rules.model {
        case .evenSplit, .proRata: self = .none
        case .staticKeys: self.init(keys: members.map(\.settings.key.base))
        case .scheduledKeys, .sharedIncentive:
            self.init(keys: members.map { $0.settings.key.value(at: start, clock: rules.clock) })
        case .fullKeys:
            self.init(
                links: AllocationTerms.links(members) { settings in
                    settings.producerKeys.map { ($0.producer, $0.key.value(at: start, clock: rules.clock)) }
                })
        case .preferredPartners:
            self.init(
                keys: members.map(\.settings.key.base),
                links: AllocationTerms.links(members) { $0.preferred.map { ($0.producer, $0.energyMax) } })
        case .uniformPrice, .payAsBid:
            var limits: [PricePair] = []
            for member in members {
                if let own = member.settings.limits {
                    limits.append(own.prices(at: start, clock: rules.clock))
                } else {
                    limits.append(try rules.gridPrices(of: member, at: start, values: values))
                }
            }
            self.init(limits: limits)
        }
    }

    private static func links(
        _ members: [Member], _ ties: (MemberSettings) -> [(producer: MemberNumber, amount: Int64)]
    ) -> [[Link]] {
        members.map { member in
            ties(member.settings).compactMap { tie in
                position(of: tie.producer, in: members).map { Link(producer: $0, amount: tie.amount) }
            }
        }
    }

    /// Binary search: members ascend.
    private static func position(of number: MemberNumber, in members: [Member]) -> Int? {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = low + (high - low) / 2
            if members[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].number == number ? low : nil
    }
}
