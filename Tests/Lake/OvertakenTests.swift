import Chain
import ContractKit
import DataLake
import Foundation
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// Another settler is faster, between a period being found due and its being settled: the period is not corrected for nothing.
@Suite("Settlers that are overtaken")
struct OvertakenTests {
    static let homes = 4
    static let hours: UInt64 = 6
    static let deputy = "borealis"

    private static var periods: [PeriodNumber] { (0..<hours).map { PeriodNumber(Homes.first.value + $0) } }

    private func cluster(_ rules: CommunityRules = Homes.rules(), homes present: Int = homes) throws -> (
        Cluster, Address
    ) {
        let cluster = try Cluster()
        cluster.network.withLock { $0.time = Timestamp((Homes.first.value + Self.hours) * 3_600_000) }
        let batches = (1...present).map { Homes.batch($0) }
        return (cluster, try cluster.community(rules, homes: Self.homes, from: Homes.first, batches: batches))
    }

    private func settler(
        _ cluster: Cluster, _ partner: String,
        asks: @escaping @Sendable (String, LakeMessage) -> Bool = { _, _ in true },
        submit: @escaping @Sendable (Address, AttestedSettlement) -> SettlerSubmission
    ) throws -> Settler {
        var settings = SettlerSettings()
        (settings.quietMilliseconds, settings.delayMilliseconds) = (0, 0)
        let ports = SettlerPorts(
            partner: partner, chain: { () throws(StorageFailure) in cluster.chain },
            ask: { asks($0, $1) ? await cluster.ask($0, $1, from: partner) : nil },
            submit: { submit($0, $1) })
        return Settler(lake: try cluster.lake(partner), ports: ports, settings: settings)
    }

    /// What the deputy computed and has had attested by all but the administrator, whose node so has no record of it.
    private func settlements(of cluster: Cluster, _ address: Address) async throws -> [PeriodNumber: AttestedSettlement]
    {
        let made = Mutex<[PeriodNumber: AttestedSettlement]>([:])
        let asks: @Sendable (String, LakeMessage) -> Bool = { other, message in
            if case .attest = message { other != Cluster.administrator } else { true }
        }
        let deputy = try settler(cluster, Self.deputy, asks: asks) { _, settlement in
            made.withLock { $0[settlement.claim.period] = settlement }
            return .unknown("it is late")
        }
        #expect(try await deputy.round([address]) == 0)
        return made.withLock { $0 }
    }

    @Test func bySettlementsThatTheirNodeKnowsNothingOf() async throws {
        let (cluster, address) = try cluster()
        let others = try await settlements(of: cluster, address)
        #expect(others.count == Int(Self.hours))
        let settler = try administrator(cluster, others: others)
        // Which period came first decides what is left to the administrator: that one alone.
        #expect(try await settler.round([address]) == 1)
        for _ in 0..<3 { #expect(try await settler.round([address]) == 0) }
        for period in Self.periods {
            let record = try #require(try cluster.chain.settlement(of: address, period: period))
            #expect(record.claim.version == 1 && record.claim.stage == .final, "\(record.claim)")
        }
        let report = try #require(await settler.report().communities.first)
        #expect(report.overtaken == Int(Self.hours) - 1 && report.corrected == 0 && report.troubles.isEmpty)
    }

    /// Where it cannot be told whether the other one's is the same, the period was overtaken all the same, and nothing failed.
    @Test func bySettlementsWhoseSaltsNobodyGives() async throws {
        let (cluster, address) = try cluster()
        let others = try await settlements(of: cluster, address)
        let settler = try administrator(cluster, others: others) { _, message in
            switch message {
            case .salts, .saltPart: false
            default: true
            }
        }
        #expect(try await settler.round([address]) == 1)
        let report = try #require(await settler.report().communities.first)
        #expect(report.overtaken == Int(Self.hours) - 1 && report.failed == 0 && report.corrected == 0)
    }

    /// With the administrator's own first settlement all of the deputy's come, so that the later ones of the round are settled already.
    private func administrator(
        _ cluster: Cluster, others: [PeriodNumber: AttestedSettlement],
        asks: @escaping @Sendable (String, LakeMessage) -> Bool = { _, _ in true }
    ) throws -> Settler {
        let others = Mutex(others)
        return try settler(cluster, Cluster.administrator, asks: asks) { address, settlement in
            // Two periods are under way at once: the second one waits until all of the deputy's are there.
            others.withLock { theirs in
                defer { theirs = [:] }
                for (period, other) in theirs.sorted(by: { $0.key < $1.key }) where period != settlement.claim.period {
                    guard case .settled = cluster.submission(of: other, to: address, by: Self.deputy) else {
                        return .unknown("the deputy's settlement of period \(period) was refused")
                    }
                }
                return cluster.submission(of: settlement, to: address, by: Cluster.administrator)
            }
        }
    }

    /// The same for an administrator who settles by hand.
    @Test func byHand() async throws {
        let (cluster, address) = try cluster()
        let others = try await settlements(of: cluster, address)
        let first = try #require(others[Homes.first])
        #expect(try cluster.submit(first, to: address, by: Self.deputy) == nil)
        #expect(throws: SettlementRefusal.unchanged(Homes.first, version: 1)) {
            try cluster.engine().prepare(address, period: Homes.first)
        }
        // Better readings are something to correct, whoever settled before.
        try cluster.arrive(Homes.batch(2, revision: 1, more: 200), supersedes: Homes.batch(2).digest)
        let correction = try await cluster.settle(address, Homes.first)
        #expect(correction.claim.stage == .corrected && correction.inputs.previous == first.record.digest)
    }

    /// A provisional settlement that another settler made becomes final when nothing lacks any more, even where the balances
    /// are the same: the meter that was silent counted nothing.
    @Test func provisionalOnesBecomeFinal() async throws {
        let (cluster, address) = try cluster(homes: Self.homes - 1)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 86_400_000) }
        let others = try await settlements(of: cluster, address)
        let first = try #require(others[Homes.first])
        #expect(first.claim.stage == .provisional)
        #expect(try cluster.submit(first, to: address, by: Self.deputy) == nil)
        #expect(throws: SettlementRefusal.unchanged(Homes.first, version: 1)) {
            try cluster.engine().prepare(address, period: Homes.first)
        }
        let readings = Homes.batch(Self.homes).readings.map {
            Reading(
                start: $0.start, direction: $0.direction, energy: 0, quality: $0.quality, revision: $0.revision,
                receivedAt: $0.receivedAt)
        }
        let silent = ReadingBatch(
            salt: Homes.batch(Self.homes).salt, meter: TestNetwork.meter(Self.homes), resolution: .minutes60,
            readings: readings)
        try cluster.arrive(silent)
        #expect(try await cluster.settle(address, Homes.first).claim.stage == .final)
    }
}
