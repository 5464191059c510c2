import Anchors
import Chain
import ContractKit
import LedgerCrypto
import Primitives
import TradingTestSupport

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
        listing listed: SettlementBatches? = nil, values: [Amount?] = [],
        changing change: (inout SettlementInputs, inout SettlementClaim) -> Void = { _, _ in }
    ) throws -> AttestedSettlement {
        let current = try network.read(Community.settlements, period, of: address)
        let version = (current?.claim.version ?? 0) + 1
        let salts = salts(period, version)
        let end = rules.period.end(of: period) ?? Timestamp(0)
        let task = SettlementTask(
            community: address, rules: rules, period: period, version: version, previousStage: current?.claim.stage,
            isDeadlineOver: network.time >= rules.deadline(afterEnd: end),
            members: members.filter { $0.isActive(in: period) }, values: values, batches: batches, salts: salts)
        let head = try network.read(Community.head, of: address)
        var claim = try task.run().claim
        let named = SettlementBatches(batches.map(\.digest).sorted())
        var inputs = SettlementInputs(
            rules: rules.digest, members: head?.members ?? .zero, batches: named,
            salts: salts.digest, previous: current?.digest ?? .zero, contractVersion: Community.version)
        change(&inputs, &claim)
        let record = SettlementRecord(inputs, claim)
        return AttestedSettlement(
            inputs: inputs, claim: claim, batches: listed ?? named,
            attestations: network.attestations(record, address, by: partners))
    }

    mutating func code(_ settlement: AttestedSettlement, by partner: String = "aurora") throws -> UInt16? {
        try network.code(Community.settle, on: address, settlement, by: partner)
    }
}

extension SettlementInputs {
    func with(
        rules: Digest? = nil, members: Digest? = nil, batches: SettlementBatches? = nil, previous: Digest? = nil,
        contractVersion: UInt32? = nil
    ) -> SettlementInputs {
        SettlementInputs(
            rules: rules ?? self.rules, members: members ?? self.members, batchRoot: batches?.root ?? batchRoot,
            batchCount: batches.map { UInt32($0.digests.count) } ?? batchCount, salts: salts,
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
