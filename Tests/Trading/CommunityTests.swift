import Anchors
import Chain
import ContractHost
import ContractKit
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@testable import Trading

/// A community of five homes with one anchored day of readings.
struct SmallCommunity {
    var network: TestNetwork
    let address: Address
    let rules: CommunityRules
    var members: [Member] = []
    var batches: [ReadingBatch] = []

    static let nets: [Energy] = [5_000, 2_000, -1_500, -4_000, -3_000]

    init(_ rules: CommunityRules = testRules(activeMembersMin: 2), attesters: [String] = []) throws {
        self.rules = rules
        network = try TestNetwork()
        address = try network.found(rules)
        for index in 1...5 {
            try network.registerMeter(index)
            let number = try network.must(
                Community.admit, on: address, network.admission(index, to: address, attesters: attesters))
            if let member = try network.read(Community.members, number, of: address) { members.append(member) }
            batches.append(Self.batch(index, revision: 0))
        }
        try network.anchor(batches)
    }

    /// 24 hours of one home: its net of the list in every hour.
    static func batch(_ index: Int, revision: UInt16, extra: Energy = 0) -> ReadingBatch {
        let net = nets[index - 1] + extra
        let start = TestNetwork.firstPeriod.value * 3_600_000
        let readings = (0..<UInt64(24)).flatMap { hour in
            [Direction.load, .production].map { direction in
                Reading(
                    start: Timestamp(start + hour * 3_600_000), direction: direction,
                    energy: direction == .load ? max(-net, 0) : max(net, 0), quality: .asProvided, revision: revision,
                    receivedAt: Timestamp(start + 90_000_000))
            }
        }
        return ReadingBatch(
            salt: SHA256.hash(Array("salt \(index) \(revision)".utf8)), meter: TestNetwork.meter(index),
            resolution: .minutes60, readings: readings)
    }

    func salts(_ period: PeriodNumber, _ version: UInt32) -> SaltList {
        SaltList(
            community: SaltList.salt(key: SHA256.hash([0]), period: period, version: version),
            members: members.map {
                SaltList.Entry(
                    member: $0.number,
                    salt: SaltList.salt(key: SHA256.hash([UInt8($0.number.value)]), period: period, version: version))
            })
    }

    /// The right settlement of a period as it would follow now, attested by `partners`.
    func settlement(
        _ period: PeriodNumber = TestNetwork.firstPeriod, by partners: [String] = ["aurora", "borealis", "corona"],
        changing change: (inout SettlementInputs, inout SettlementClaim) -> Void = { _, _ in }
    ) throws -> AttestedSettlement {
        let current = try network.read(Community.settlements, period, of: address)
        let version = (current?.claim.version ?? 0) + 1
        let salts = salts(period, version)
        let end = rules.period.end(of: period) ?? Timestamp(0)
        let task = SettlementTask(
            community: address, rules: rules, period: period, version: version, previousStage: current?.claim.stage,
            isDeadlineOver: network.time >= rules.deadline(afterEnd: end),
            members: members.filter { $0.isActive(in: period) }, batches: batches, salts: salts)
        let head = try network.read(Community.head, of: address)
        var claim = try task.run().claim
        var inputs = SettlementInputs(
            rules: rules.digest, members: head?.members ?? .zero, batches: batches.map(\.digest).sorted(),
            salts: salts.digest, previous: current?.digest ?? .zero, contractVersion: Community.version)
        change(&inputs, &claim)
        let record = SettlementRecord(inputs: inputs.digest, claim: claim)
        return AttestedSettlement(
            inputs: inputs, claim: claim, attestations: network.attestations(record, address, by: partners))
    }

    mutating func code(_ settlement: AttestedSettlement, by partner: String = "aurora") throws -> UInt16? {
        try network.code(Community.settle, on: address, settlement, by: partner)
    }
}

extension SettlementInputs {
    func with(
        rules: Digest? = nil, members: Digest? = nil, batches: [Digest]? = nil, previous: Digest? = nil,
        contractVersion: UInt32? = nil
    ) -> SettlementInputs {
        SettlementInputs(
            rules: rules ?? self.rules, members: members ?? self.members, batches: batches ?? self.batches,
            salts: salts,
            previous: previous ?? self.previous, contractVersion: contractVersion ?? self.contractVersion)
    }
}

extension SettlementClaim {
    func with(
        period: PeriodNumber? = nil, version: UInt32? = nil, stage: SettlementStage? = nil,
        totals: PublishedTotals? = nil, members: UInt32? = nil, missing: UInt32? = nil
    ) -> SettlementClaim {
        SettlementClaim(
            period: period ?? self.period, version: version ?? self.version, stage: stage ?? self.stage,
            totals: totals ?? self.totals, root: root, members: members ?? self.members,
            missing: missing ?? self.missing, estimated: estimated)
    }
}

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
        #expect(try network.code(Community.admit, on: address, admission) == Identity.inCommunity.code)
        let second = try network.found(rules, by: "borealis")
        let elsewhere = network.admission(1, to: second)
        #expect(
            try network.code(Community.admit, on: second, elsewhere, by: "borealis") == Identity.inCommunity.code)
        // Ending: not while a member is in it, then for good.
        #expect(try network.code(Community.end, on: address, Nothing()) == Community.membersRemain.code)
        let end = MembershipEnd(member: MemberNumber(1), until: PeriodNumber(408_400))
        #expect(
            try network.code(Community.endMembership, on: address, end, by: "borealis")
                == Community.notAdministrator.code)
        #expect(try network.code(Community.endMembership, on: address, end) == nil)
        #expect(try network.code(Community.endMembership, on: address, end) == Community.membershipEnded.code)
        #expect(try network.code(Community.admit, on: second, elsewhere, by: "borealis") == nil)
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
        #expect(try network.code(Community.end, on: address, Nothing()) == nil)
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
                terms: MembershipTerms(meters: changed.terms.meters, tariff: nil, from: PeriodNumber(1)),
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
            gridTariff: PriceSchedule(base: PricePair(consumption: 1, production: 1)),
            attestation: AttestationPolicy(attesters: ["nobody"], threshold: 1))
        let call = InstanceService.create.call(
            on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: unknown))
        #expect(try network.run([call], by: "aurora").rejection?.code == Community.attestersUnknown.code)
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
