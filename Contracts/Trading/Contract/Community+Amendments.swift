internal import Chain
internal import ContractKit
internal import Primitives

extension Community {
    static func amendMember(_ context: Context, _ amendment: Amendment) throws(Rejection) -> Nothing {
        var head = try requireAdministrator(context)
        let change = amendment.change
        var member = try requireMember(change.member, context)
        try require(member.until.map { change.from < $0 } ?? true, membershipEnded("member \(member.number)"))
        try requireUnsettled(change.from, head)
        try require(member.amendments < Member.amendmentsMax, amendmentsFull())
        let rules = try rules(context)
        try checkSettings(change.settings, rules)
        let number = member.amendments
        let current = number == 0 ? nil : try changes.get(Pair(member.number, number - 1), in: context)
        if let signature = amendment.signature {
            let digest = Amendment.signingDigest(
                network: context.network, community: context.instance, number: number, change: change)
            try requireSignature(signature, of: member, over: digest, context)
        } else {
            try require((current?.settings ?? member.settings).differsInKeysOnly(change.settings), memberSignature())
            // What the member signed for later does not begin sooner.
            try require(current.map { $0.from <= change.from } ?? true, memberSignature())
            // Full keys say afterwards who gets what (France: dynamic keys); all others are known before the energy flows.
            if rules.model != .fullKeys { try requireNotBegun(change.from, rules, context) }
        }
        try require(change.bcs.count <= Member.byteCountMax, memberInvalid("the settings are above 1,000 bytes"))
        member.amendments += 1
        try changes.set(Pair(member.number, number), change, in: context)
        try members.set(member.number, member, in: context)
        head.members = MemberLog.appending(change, to: head.members)
        try Community.head.set(head, in: context)
        try context.emit(amended, change)
        return Nothing()
    }

    /// Values for hours after the last settled period: what a settled period was priced with stays as it was, and where
    /// nothing was published in time its fallback counted.
    static func publishPrices(_ context: Context, _ prices: PublishedPrices) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(itselfOr: .oracle)
        var head = try requireHead(context)
        let rules = try rules(context)
        guard Int(prices.series) < rules.series.count, rules.series[Int(prices.series)].oracle == partner else {
            throw notOracle()
        }
        let range = -PricePair.priceMax...PricePair.priceMax
        try require(!prices.values.isEmpty && prices.values.allSatisfy(range.contains), pricesInvalid())
        let settled = head.lastSettled.flatMap { rules.period.start(of: $0) }
        let hours = UInt32(PriceDay.hours)
        let latest = context.time.adding(days: daysAheadMax)
        var isNew = false
        for (index, value) in prices.values.enumerated() {
            let hour = try checked(prices.firstHour.adding(UInt32(index)))
            let start = Timestamp(UInt64(hour) * PriceDay.millisecondsPerHour)
            if let settled { try require(start > settled, startSettled("hour \(hour) is settled")) }
            try require(start <= latest, pricesInvalid("hour \(hour) lies more than 400 days ahead"))
            let key = Pair(UInt16(prices.series), hour / hours)
            let known = try priceDays.get(key, in: context) ?? PriceDay()
            var day = known
            try require(day.publish(value, hour: Int(hour % hours)), pricesInvalid("hour \(hour)"))
            if day == known { continue }
            isNew = true
            try priceDays.set(key, day, in: context)
        }
        // The same again changes nothing: what is being attested stays right.
        guard isNew else { return Nothing() }
        head.members = MemberLog.appending(prices, to: head.members)
        try Community.head.set(head, in: context)
        try context.emit(published, prices)
        return Nothing()
    }
}

extension MemberSettings {
    /// Whether everything but the keys is the same.
    func differsInKeysOnly(_ other: MemberSettings) -> Bool {
        self
            == MemberSettings(
                tariff: other.tariff, key: key, producerKeys: producerKeys, limits: other.limits,
                preferred: other.preferred)
    }
}
