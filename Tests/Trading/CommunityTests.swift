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

@Suite("Community: founding and membership")
struct MembershipTests {
    @Test func lifeOfACommunity() throws {
        var network = try TestNetwork()
        let rules = testRules()
        let address = try network.found(rules)
        #expect(try network.read(Community.head, of: address)?.administrator == "aurora")
        try network.registerMeter(1)
        let admission = network.admission(1, to: address)
        #expect(try network.must(Community.admit, on: address, admission) == MemberNumber(1))
        let head = try network.read(Community.head, of: address)
        let member = try #require(try network.read(Community.members, MemberNumber(1), of: address))
        #expect(head?.members == MemberLog.appending(member, to: MemberLog.start))
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == address
        )
        // The same meter again, here and in a second community.
        #expect(try network.code(Community.admit, on: address, admission) == Community.consentUsed.code)
        let again = network.admission(1, to: address, from: TestNetwork.firstPeriod.next)
        #expect(try network.code(Community.admit, on: address, again) == Identity.inCommunity.code)
        let second = try network.found(rules, by: "borealis")
        let elsewhere = network.admission(1, to: second)
        #expect(
            try network.code(Community.admit, on: second, elsewhere, by: "borealis") == Identity.inCommunity.code)
        // Ending: not while a member is in it, then for good.
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.membersRemain.code)
        // What was delivered stays the member's: an end in the past is none.
        let running = PeriodNumber(network.time.value / 3_600_000)
        for past in [PeriodNumber(408_400), running] {
            #expect(
                try network.code(
                    Community.endMembership, on: address, MembershipEnd(member: MemberNumber(1), until: past))
                    == Community.periodBegun.code)
        }
        let end = MembershipEnd(member: MemberNumber(1), until: running.next)
        #expect(
            try network.code(Community.endMembership, on: address, end, by: "borealis")
                == Community.notAdministrator.code)
        #expect(try network.code(Community.endMembership, on: address, end) == nil)
        #expect(try network.code(Community.endMembership, on: address, end) == Community.membershipEnded.code)
        network.time = Timestamp(running.next.value * 3_600_000)
        _ = try network.emptyBlock()
        // The second community settles nothing that the first one has: it takes the meter from the end on.
        #expect(try network.code(Community.admit, on: second, elsewhere, by: "borealis") == Identity.notFree.code)
        let before = network.admission(1, to: second, from: running)
        #expect(try network.code(Community.admit, on: second, before, by: "borealis") == Identity.notFree.code)
        let after = network.admission(1, to: second, from: running.next)
        #expect(try network.code(Community.admit, on: second, after, by: "borealis") == nil)
        // With the old consent nobody is taken back.
        #expect(try network.code(Community.admit, on: address, admission) == Community.consentUsed.code)
        // What was delivered can be settled, and corrected, before the community ends.
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.windowsOpen.code)
        network.time = try #require(try network.read(Community.openUntil, of: address))
        #expect(network.time.value > (running.next.value + 72 + 60 * 24) * 3_600_000)
        #expect(try network.code(Community.end, on: address, Nothing()) == nil)
        #expect(try network.code(Community.admit, on: address, admission) == HostRejection.instanceEnded.code)
    }

    @Test func metersAreHeldUntilAFutureEnd() throws {
        var network = try TestNetwork()
        let address = try network.found(testRules())
        try network.registerMeter(1)
        try network.must(Community.admit, on: address, network.admission(1, to: address))
        let until = PeriodNumber(network.time.value / 3_600_000 + 2)
        try network.must(Community.endMembership, on: address, MembershipEnd(member: MemberNumber(1), until: until))
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.membersRemain.code)
        #expect(
            try network.code(Community.releaseMeters, on: address, MemberNumber(1)) == HostRejection.notPermitted.code)
        network.time = Timestamp(until.value * 3_600_000)
        let receipts = try network.emptyBlock()
        #expect(receipts.count == 1 && receipts[0].rejection == nil)
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == nil)
        network.time = try #require(try network.read(Community.openUntil, of: address))
        #expect(try network.code(Community.end, on: address, Nothing()) == nil)
    }

    /// A slip of the pen, a period for a time, would hold the meters and the community for ever; a membership that never begins
    /// holds nothing.
    @Test func membershipsBeginAndEndWithinSight() throws {
        var network = try TestNetwork()
        let address = try network.found(testRules())
        try network.registerMeter(1)
        let running = PeriodNumber(network.time.value / 3_600_000)
        func admit(_ from: PeriodNumber) throws -> UInt16? {
            try network.code(Community.admit, on: address, network.admission(1, to: address, from: from))
        }
        #expect(try admit(PeriodNumber(network.time.value)) == Community.memberInvalid.code)
        #expect(try admit(running.advanced(by: 401 * 24)) == Community.memberInvalid.code)
        #expect(try admit(running.advanced(by: 399 * 24)) == nil)
        func end(_ member: UInt32, _ until: PeriodNumber) throws -> UInt16? {
            try network.code(
                Community.endMembership, on: address, MembershipEnd(member: MemberNumber(member), until: until))
        }
        #expect(try end(1, running.advanced(by: 401 * 24)) == Community.memberInvalid.code)
        #expect(try end(1, running.advanced(by: 399 * 24)) == nil)
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == nil)
        #expect(try network.read(Community.head, of: address)?.openMemberships == 0)
        #expect(try admit(running.next) == nil)
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == address
        )
    }

    /// A release that was refused would keep meters and community for ever: any partner starts it, once its time has come.
    @Test func aRefusedReleaseIsStartedByAnybody() throws {
        var network = try TestNetwork()
        let address = try network.found(testRules())
        try network.registerMeter(1)
        try network.must(Community.admit, on: address, network.admission(1, to: address))
        func release() throws -> UInt16? {
            try network.code(Community.releaseMeters, on: address, MemberNumber(1), by: TestNetwork.outsider)
        }
        // Nothing waits for a membership without an end.
        #expect(try release() == HostRejection.notPermitted.code)
        let until = PeriodNumber(network.time.value / 3_600_000 + 2)
        try network.must(Community.endMembership, on: address, MembershipEnd(member: MemberNumber(1), until: until))
        #expect(try release() == HostRejection.notPermitted.code)
        network.time = Timestamp(until.value * 3_600_000)
        let key = Directory.parameters.stateKey(at: WellKnown.governance)
        let parameters = network.state.values[key]
        var none = NetworkParameters()
        none.transactionWorkMax = 1
        network.state.values[key] = none.bcs
        #expect(try network.emptyBlock().map { $0.rejection?.code } == [HostRejection.workExceeded.code])
        network.state.values[key] = parameters
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.membersRemain.code)
        #expect(try release() == nil)
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == nil)
        // The household is a member again, of the same community: nobody frees its meters by the old end.
        try network.must(Community.admit, on: address, network.admission(1, to: address, from: until))
        #expect(try release() == nil)
        #expect(
            try network.read(Directory.meters, TestNetwork.meter(1).value, of: WellKnown.identity)?.community == address
        )
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.membersRemain.code)
        #expect(
            try network.code(Community.releaseMeters, on: address, MemberNumber(9)) == Community.memberUnknown.code)
    }

    @Test func refusals() throws {
        var network = try TestNetwork()
        let address = try network.found(testRules())
        try network.registerMeter(1)
        func refused(_ admission: Admission, _ kind: RejectionKind, by partner: String = "aurora") throws {
            #expect(try network.code(Community.admit, on: address, admission, by: partner) == kind.code)
        }
        try refused(network.admission(1, to: address), Community.notAdministrator, by: "borealis")
        try refused(network.admission(1, to: address, attesters: ["aurora"]), Community.consentOtherAttesters)
        // A consent for another community, and one signed by somebody else.
        let other = try network.found(testRules())
        try refused(network.admission(1, to: other), Community.consentSignature)
        try refused(network.admission(1, to: address, signer: TestNetwork.memberKey(2)), Identity.notConfirmed)
        try refused(network.admission(2, to: address), Identity.meterUnknown)
        try refused(network.admission(1, to: address, meters: []), Community.memberInvalid)
        try refused(
            network.admission(1, to: address, meters: [TestNetwork.meter(2), TestNetwork.meter(1)]),
            Community.memberInvalid)
        try refused(network.admission(1, to: address, from: PeriodNumber(.max)), Community.memberInvalid)
        let changed = network.admission(1, to: address)
        try refused(
            Admission(
                terms: MembershipTerms(meters: changed.terms.meters, from: PeriodNumber(1)),
                consent: changed.consent), Community.consentSignature)
        #expect(
            try network.code(
                Community.endMembership, on: address, MembershipEnd(member: MemberNumber(9), until: PeriodNumber(1)))
                == Community.memberUnknown.code)
        // Registered, but not confirmed by its grid operator.
        try network.must(
            Identity.registerMeter, on: WellKnown.identity,
            RegisterMeter(
                meter: TestNetwork.meter(3).value, gridOperator: "borealis", dataProvider: "corona",
                holder: Consent.holder(TestNetwork.memberKey(3).publicKey)), by: "corona")
        try refused(network.admission(3, to: address), Identity.notConfirmed)
        #expect(try network.read(Community.head, of: address)?.memberCount == 0)
    }

    @Test func rulesAreChecked() throws {
        var network = try TestNetwork()
        let unknown = CommunityRules(
            name: "A", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(base: PricePair(consumption: 1, production: 1)),
            attestation: AttestationPolicy(attesters: ["nobody"], threshold: 1))
        let call = InstanceService.create.call(
            on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: unknown))
        #expect(try network.run([call], by: "aurora").rejection?.code == Community.attestersUnknown.code)
        let never = CommunityRules(
            name: "A", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(base: PricePair(consumption: 1, production: 1)),
            attestation: AttestationPolicy(attesters: [], threshold: 5))
        let second = InstanceService.create.call(
            on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: never))
        #expect(try network.run([second], by: "aurora").rejection?.code == Community.rulesInvalid.code)
        // Who is named has the role for it.
        let key = Directory.partners.stateKey("dawn", at: WellKnown.governance)
        let dawn = try network.read(Directory.partners, "dawn", of: WellKnown.governance)
        func found(attester: String, oracle: String, roles: Roles) throws -> UInt16? {
            var changed = try #require(dawn)
            changed.roles = roles
            network.state.values[key] = changed.bcs
            let rules = CommunityRules(
                name: "A", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
                gridTariff: Tariff(
                    base: PricePair(consumption: 1, production: 1),
                    series: SeriesUse(
                        series: 0, sides: .consumption, surcharge: PricePair(consumption: 0, production: 0))),
                series: [PriceSeries(name: "day-ahead", oracle: oracle)],
                attestation: AttestationPolicy(attesters: [attester], threshold: 1))
            let call = InstanceService.create.call(
                on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: rules))
            return try network.run([call], by: "aurora").rejection?.code
        }
        let others = Roles.all.subtracting([.attester, .oracle])
        #expect(try found(attester: "dawn", oracle: "corona", roles: others) == Community.attestersUnknown.code)
        #expect(try found(attester: "corona", oracle: "dawn", roles: others) == Community.oracleUnknown.code)
        #expect(try found(attester: "dawn", oracle: "dawn", roles: .all) == nil)
    }

    @Test func newRulesAreANewInstance() throws {
        var network = try TestNetwork()
        let address = try network.found(testRules())
        let next = try network.must(Community.supersede, on: address, testRules(activeMembersMin: 7))
        #expect(next != address)
        #expect(try network.code(Community.end, on: address, Nothing()) == HostRejection.instanceEnded.code)
        #expect(try network.read(Community.head, of: next)?.rules == testRules(activeMembersMin: 7).digest)
    }
}
