import Anchors
import Chain
import ContractHost
import ContractKit
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import TradingTestSupport

@testable import Trading

@Suite("Community: withdrawal, amendments, prices, windows")
struct AmendmentTests {
    private func withdrawal(
        _ community: SmallCommunity, _ index: Int, signer: Int? = nil
    ) -> Withdrawal {
        let member = community.members[index - 1]
        let digest = Withdrawal.signingDigest(
            network: community.network.genesis.network, community: community.address, member: member.number,
            consent: member.consent)
        return Withdrawal(
            member: member.number,
            signature: MemberSignature(signing: digest, with: TestNetwork.memberKey(signer ?? index)))
    }

    /// The member leaves without the administrator; the running period is the last one.
    @Test func withdrawalTakesEffectWithTheNextPeriod() throws {
        var community = try SmallCommunity()
        let running = PeriodNumber(community.network.time.value / 3_600_000)
        let call = withdrawal(community, 2)
        #expect(
            try community.network.code(
                Community.withdraw, on: community.address, withdrawal(community, 2, signer: 3), by: "dawn")
                == Community.memberSignature.code)
        #expect(try community.network.code(Community.withdraw, on: community.address, call, by: "dawn") == nil)
        let member = try #require(
            try community.network.read(Community.members, MemberNumber(2), of: community.address))
        #expect(member.until == running.next && member.isActive(in: running) && !member.isActive(in: running.next))
        // A settlement attested with the consent still in place comes too late.
        let stale = try community.settlement { inputs, _ in
            inputs = inputs.with(members: MemberLog.start)
        }
        #expect(try community.code(stale) == Community.otherMembers.code)
        // A withdrawn membership cannot be withdrawn again.
        #expect(
            try community.network.code(Community.withdraw, on: community.address, call)
                == Community.membershipEnded.code)
        // The meter is free when the period is over, once.
        community.network.time = Timestamp(running.next.value * 3_600_000)
        #expect(try community.network.emptyBlock().count == 1)
        #expect(
            try community.network.read(Directory.meters, TestNetwork.meter(2).value, of: WellKnown.identity)?.community
                == nil)
        #expect(try community.network.read(Community.head, of: community.address)?.openMemberships == 4)
    }

    /// A later end that the administrator set is brought forward; the meters are released once.
    @Test func withdrawalBringsALaterEndForward() throws {
        var community = try SmallCommunity()
        let running = PeriodNumber(community.network.time.value / 3_600_000)
        let late = MembershipEnd(member: MemberNumber(2), until: running.advanced(by: 10))
        #expect(try community.network.code(Community.endMembership, on: community.address, late) == nil)
        #expect(
            try community.network.code(Community.withdraw, on: community.address, withdrawal(community, 2)) == nil)
        for hours in [UInt64(1), 11] {
            community.network.time = Timestamp((running.value + hours) * 3_600_000)
            _ = try community.network.emptyBlock()
            #expect(try community.network.read(Community.head, of: community.address)?.openMemberships == 4)
        }
    }

    private func settings(key: Int64 = 0, bid: Amount? = nil) -> MemberSettings {
        MemberSettings(
            key: RateSchedule(key),
            limits: bid.map { PriceSchedule(base: PricePair(consumption: $0, production: 1)) })
    }

    @Test func keysAreTheAdministratorsTheRestIsSigned() throws {
        var community = try SmallCommunity()
        let running = PeriodNumber(community.network.time.value / 3_600_000)
        let from = running.next
        func amendment(_ settings: MemberSettings, number: UInt16, signer: Int? = nil) -> Amendment {
            let change = SettingsChange(member: MemberNumber(3), from: from, settings: settings)
            let digest = Amendment.signingDigest(
                network: community.network.genesis.network, community: community.address, number: number,
                change: change)
            return Amendment(
                change: change,
                signature: signer.map { MemberSignature(signing: digest, with: TestNetwork.memberKey($0)) })
        }
        func code(_ amendment: Amendment, by partner: String = "aurora") throws -> UInt16? {
            try community.network.code(Community.amend, on: community.address, amendment, by: partner)
        }
        #expect(try code(amendment(settings(key: 5), number: 0), by: "dawn") == Community.notAdministrator.code)
        #expect(try code(amendment(settings(bid: 9), number: 0)) == Community.memberSignature.code)
        #expect(try code(amendment(settings(bid: 9), number: 0, signer: 4)) == Community.memberSignature.code)
        #expect(try code(amendment(settings(bid: 9), number: 1, signer: 3)) == Community.memberSignature.code)
        let before = try community.network.read(Community.head, of: community.address)?.members
        #expect(try code(amendment(settings(key: 5), number: 0)) == nil)
        #expect(try code(amendment(settings(key: 5, bid: 9), number: 1, signer: 3)) == nil)
        // The same signature does not serve twice: keys may change, a limit needs a new one.
        #expect(try code(amendment(settings(key: 6, bid: 8), number: 1, signer: 3)) == Community.memberSignature.code)
        #expect(try code(amendment(settings(key: 6, bid: 9), number: 2)) == nil)
        #expect(try community.network.read(Community.head, of: community.address)?.members != before)
        let member = try #require(
            try community.network.read(Community.members, MemberNumber(3), of: community.address))
        #expect(member.amendments == 3 && member.settings == .none)
        let changes = try (0..<member.amendments).compactMap {
            try community.network.read(Community.changes, Pair(member.number, $0), of: community.address)
        }
        #expect(member.in(TestNetwork.firstPeriod, changes: changes).settings == .none)
        #expect(member.in(from, changes: changes).settings == settings(key: 6, bid: 9))
        // Keys are known before the energy flows.
        let late = Amendment(
            change: SettingsChange(member: MemberNumber(4), from: running, settings: settings(key: 7)))
        #expect(try code(late) == Community.periodBegun.code)
        // Not for settled periods.
        #expect(try community.code(try community.settlement()) == nil)
        let past = Amendment(
            change: SettingsChange(member: MemberNumber(3), from: TestNetwork.firstPeriod, settings: settings(key: 7)))
        #expect(try code(past) == Community.startSettled.code)
    }

    /// What a member signed for later does not begin sooner, however often the administrator changes the keys.
    @Test func signedTermsDoNotBeginSooner() throws {
        var community = try SmallCommunity()
        let running = PeriodNumber(community.network.time.value / 3_600_000)
        func code(_ number: UInt16, _ periods: UInt64, _ settings: MemberSettings, signer: Int? = nil) throws -> UInt16?
        {
            let change = SettingsChange(
                member: MemberNumber(3), from: running.advanced(by: periods), settings: settings)
            let digest = Amendment.signingDigest(
                network: community.network.genesis.network, community: community.address, number: number,
                change: change)
            let signature = signer.map { MemberSignature(signing: digest, with: TestNetwork.memberKey($0)) }
            return try community.network.code(
                Community.amend, on: community.address, Amendment(change: change, signature: signature))
        }
        #expect(try code(0, 100, settings(bid: 9), signer: 3) == nil)
        #expect(try code(1, 2, settings(key: 5, bid: 9)) == Community.memberSignature.code)
        #expect(try code(1, 100, settings(key: 5, bid: 9)) == nil)
        #expect(try code(2, 101, settings(key: 6, bid: 9)) == nil)
        #expect(try code(3, 2, settings(key: 6, bid: 9), signer: 3) == nil)
    }

    private static func seriesRules(_ period: Resolution = .minutes60) -> CommunityRules {
        CommunityRules(
            name: "Dynamic", currency: "EUR", period: period, priceRule: .midMarketRate,
            gridTariff: Tariff(
                base: PricePair(consumption: 300_000, production: 80_000),
                series: SeriesUse(
                    series: 0, sides: .consumption, surcharge: PricePair(consumption: 100_000, production: 0))),
            series: [PriceSeries(name: "day-ahead", oracle: "dawn")], activeMembersMin: 2)
    }

    @Test func oraclePublishesOnceAndBeforeSettlement() throws {
        var community = try SmallCommunity(Self.seriesRules())
        let hour = UInt32(TestNetwork.firstPeriod.value)
        func publish(_ prices: PublishedPrices, by partner: String = "dawn") throws -> UInt16? {
            try community.network.code(Community.publish, on: community.address, prices, by: partner)
        }
        let first = PublishedPrices(series: 0, firstHour: hour, values: [50_000, -20_000])
        let far = UInt32((community.network.time.value + 401 * 86_400_000) / 3_600_000)
        #expect(
            try publish(PublishedPrices(series: 0, firstHour: far, values: [1])) == Community.pricesInvalid.code)
        #expect(try publish(first, by: "aurora") == Community.notOracle.code)
        #expect(
            try publish(PublishedPrices(series: 1, firstHour: hour, values: [1])) == Community.notOracle.code)
        #expect(
            try publish(PublishedPrices(series: 0, firstHour: hour, values: [])) == Community.pricesInvalid.code)
        #expect(
            try publish(PublishedPrices(series: 0, firstHour: hour, values: [.max])) == Community.pricesInvalid.code)
        let stale = try community.settlement()
        #expect(try publish(first) == nil)
        #expect(try community.code(stale) == Community.otherMembers.code)
        // Again the same is no change, and disturbs no attestation that is under way; another value is refused.
        let log = try community.network.read(Community.head, of: community.address)?.members
        #expect(try publish(first) == nil)
        #expect(try community.network.read(Community.head, of: community.address)?.members == log)
        #expect(
            try publish(PublishedPrices(series: 0, firstHour: hour + 1, values: [7])) == Community.pricesInvalid.code)
        let day = try #require(
            try community.network.read(Community.priceDays, Pair(UInt16(0), hour / 24), of: community.address))
        #expect(day.values[Int(hour % 24)] == 50_000)
        let settled = try community.settlement(values: [50_000])
        #expect(try community.code(settled) == nil)
        // b = 0.05 + 0.10 with the series, 0.30 by the schedule without.
        func inside(_ value: Amount?) throws -> PricePair? {
            try Self.seriesRules().communityPrices(
                at: Timestamp(UInt64(hour) * 3_600_000), volumes: PeriodVolumes(surplus: 0, demand: 0, traded: 0),
                values: [value])
        }
        #expect(try inside(50_000) == PricePair(consumption: 115_000, production: 115_000))
        #expect(try inside(nil) == PricePair(consumption: 190_000, production: 190_000))
        #expect(try inside(-200_000) == PricePair(consumption: -10_000, production: -10_000))
        #expect(
            try publish(PublishedPrices(series: 0, firstHour: hour, values: [50_000])) == Community.startSettled.code)
    }

    @Test func windowClosesByItself() throws {
        var community = try SmallCommunity()
        #expect(try community.code(try community.settlement()) == nil)
        let closing = try #require(
            try community.network.read(Community.windows, TestNetwork.firstPeriod, of: community.address))
        let days = closing.value / 86_400_000
        #expect(closing.value % 86_400_000 == 0 && days == community.network.time.value / 86_400_000 + 61)
        // Two periods on the same day close with one call.
        #expect(try community.code(try community.settlement(TestNetwork.firstPeriod.next)) == nil)
        #expect(
            try community.network.read(Community.closings, UInt32(days), of: community.address)?.periods == 2)
        community.network.time = Timestamp(closing.value - 10_000)
        #expect(try community.code(try community.settlement()) == nil)
        // The correction opened no new window.
        #expect(
            try community.network.read(Community.windows, TestNetwork.firstPeriod, of: community.address) == closing)
        community.network.time = closing
        let receipts = try community.network.emptyBlock()
        #expect(receipts.count == 1 && receipts[0].rejection == nil && receipts[0].events.count == 1)
        #expect(try community.network.read(Community.closings, UInt32(days), of: community.address) == nil)
        #expect(try community.code(try community.settlement()) == Community.windowClosed.code)
        #expect(
            try community.network.code(
                Community.closeWindows, on: community.address, ClosedPeriods(day: UInt32(days), periods: 1))
                == HostRejection.notPermitted.code)
    }

    /// Members keep their right to a correction: nobody ends the community over it.
    @Test(arguments: [false, true])
    func aCommunityEndsWhenNothingCanBeCorrected(isProvisional: Bool) throws {
        var community = try SmallCommunity(testRules(activeMembersMin: 2, deadlineHours: 48))
        community.network.time = Timestamp((TestNetwork.firstPeriod.value + 1) * 3_600_000 + 90_000_000)
        let until = PeriodNumber(community.network.time.value / 3_600_000).next
        if isProvisional { community.batches.removeLast() }
        let settlement = try community.settlement()
        #expect(settlement.claim.stage == (isProvisional ? .provisional : .final))
        #expect(try community.code(settlement) == nil)
        for index in 1...5 as ClosedRange<UInt32> {
            try community.network.must(
                Community.endMembership, on: community.address,
                MembershipEnd(member: MemberNumber(index), until: until))
        }
        community.network.time = Timestamp(until.value * 3_600_000)
        _ = try community.network.emptyBlock()
        let open = try #require(try community.network.read(Community.openUntil, of: community.address))
        if !isProvisional {
            let window = try community.network.read(Community.windows, TestNetwork.firstPeriod, of: community.address)
            #expect(window.map { $0 <= open } == true)
        }
        for time in [community.network.time, Timestamp(open.value - 10_000)] {
            community.network.time = time
            #expect(
                try community.network.code(Community.end, on: community.address, Nothing())
                    == Community.windowsOpen.code)
            #expect(
                try community.network.code(Community.supersede, on: community.address, testRules())
                    == Community.windowsOpen.code)
        }
        community.network.time = open
        #expect(try community.network.code(Community.end, on: community.address, Nothing()) == nil)
    }

    /// The deadline of a provisional period is announced by the chain itself, once, and not when the period is final.
    @Test func deadlineIsAnnounced() throws {
        var community = try SmallCommunity(testRules(activeMembersMin: 2, deadlineHours: 48))
        let end = (TestNetwork.firstPeriod.value + 1) * 3_600_000
        community.network.time = Timestamp(end + 90_000_000)
        let complete = community.batches
        community.batches = Array(complete.dropLast())
        for period in [TestNetwork.firstPeriod, TestNetwork.firstPeriod.next] {
            let settlement = try community.settlement(period)
            #expect(settlement.claim.stage == .provisional)
            #expect(try community.code(settlement) == nil)
        }
        community.batches = complete
        #expect(try community.code(try community.settlement(TestNetwork.firstPeriod.next)) == nil)
        community.network.time = Timestamp(end + 50 * 3_600_000)
        let receipts = try community.network.emptyBlock()
        #expect(receipts.count == 2 && receipts.allSatisfy { $0.rejection == nil })
        #expect(receipts.flatMap(\.events).map(\.payload) == [TestNetwork.firstPeriod.bcs])
        #expect(
            try community.network.code(Community.passDeadline, on: community.address, TestNetwork.firstPeriod)
                == HostRejection.notPermitted.code)
    }

    /// A shared plant names a partner as its agent and members that were admitted before it as owners.
    @Test func plantsAreChecked() throws {
        var community = try SmallCommunity()
        try community.network.registerMeter(6)
        func code(_ plant: PlantTerms) throws -> UInt16? {
            let admission = community.network.admission(6, to: community.address, plant: plant)
            return try community.network.code(Community.admit, on: community.address, admission)
        }
        func owner(_ number: UInt32, _ share: UInt16) -> PlantTerms.Owner {
            PlantTerms.Owner(member: MemberNumber(number), share: share)
        }
        #expect(try code(PlantTerms(agent: "nobody", owners: [owner(1, 1)])) == Community.agentUnknown.code)
        #expect(try code(PlantTerms(agent: "dawn", owners: [owner(9, 1)])) == Community.memberUnknown.code)
        #expect(PlantTerms(agent: "dawn", owners: [owner(1, 6_000), owner(2, 6_000)]).problem != nil)
        #expect(try code(PlantTerms(agent: "dawn", owners: [owner(1, 4_000), owner(2, 6_000)])) == nil)
    }

    /// A move: the old membership ends and the new one begins with the same period, in one transaction.
    @Test func aMoveIsAnEndAndAnAdmission() throws {
        var community = try SmallCommunity()
        try community.network.registerMeter(6)
        let running = PeriodNumber(community.network.time.value / 3_600_000)
        let admission = community.network.admission(6, to: community.address, from: running.next)
        let receipt = try community.network.run(
            [
                Community.endMembership.call(
                    on: community.address, MembershipEnd(member: MemberNumber(1), until: running.next)),
                Community.admit.call(on: community.address, admission),
            ], by: "aurora")
        #expect(receipt.rejection == nil)
        let head = try community.network.read(Community.head, of: community.address)
        #expect(head?.memberCount == 6 && head?.openMemberships == 6)
    }
}
