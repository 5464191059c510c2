import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// A lake that was lost, on a node that settles nothing.
@Suite("Lost lakes") struct RestoringTests {
    static let homes = 4
    static let hours: UInt64 = 6

    private func cluster() throws -> (Cluster, Address, [ReadingBatch]) {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0) }
        let address = try cluster.community(Homes.rules(), homes: Self.homes, from: Homes.first, batches: batches)
        for batch in batches { for partner in ["borealis", "dawn"] { try cluster.lake(partner).store(batch.bcs) } }
        return (cluster, address, batches)
    }

    private func settle(_ cluster: Cluster, _ address: Address, _ hours: Range<UInt64>) async throws {
        for hour in hours { _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + hour)) }
    }

    private func restorer(
        _ cluster: Cluster, _ partner: String, _ lake: DataLake, silent: @escaping @Sendable () -> Set<String> = { [] },
        adjust: (inout LakeRestorer.Settings) -> Void = { _ in }
    ) -> LakeRestorer {
        var settings = LakeRestorer.Settings()
        adjust(&settings)
        return LakeRestorer(
            partner: partner, lake: lake, settings: settings, chain: { () throws(StorageFailure) in cluster.chain }
        ) { other, message in
            silent().contains(other) ? nil : await cluster.ask(other, message, from: partner)
        }
    }

    private func statement(_ cluster: Cluster, _ lake: DataLake, _ address: Address) async throws -> StatementReport {
        let builder = StatementBuilder(lake: lake, chain: cluster.chain) { try cluster.prove($0) }
        let made = try await builder.statement(
            of: MemberNumber(2), in: address, from: Homes.first, to: PeriodNumber(Homes.first.value + Self.hours))
        #expect(made.open.isEmpty)
        return cluster.verify(try made.json())
    }

    /// Readings, salts and results come back from the partners, and statements with them: at the administrator's node, which
    /// lost the members' keys, too, and at a partner's.
    @Test(arguments: ["aurora", "dawn"]) func comesBack(partner: String) async throws {
        let (cluster, address, batches) = try cluster()
        try await settle(cluster, address, 0..<Self.hours)
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let restorer = restorer(cluster, partner, lake)
        await #expect(throws: StatementError.self) { _ = try await statement(cluster, lake, address) }
        let done = try await restorer.round([address])
        #expect(done.periods == Int(Self.hours))
        for batch in batches { #expect(try lake.bytes(batch.digest) == batch.bcs) }
        let report = try await statement(cluster, lake, address)
        #expect(report.isRight, "\(report.failures)")
        // Nothing is left to do, and nobody is asked for what is here.
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 24 * 3_600_000) }
        let again = try await restorer.round([address])
        #expect(again.batches == 0 && again.periods == 0)
    }

    /// A settlement from before a member came names other members than the community has now: it is computed again all the same.
    @Test func alsoAfterMembersChanged() async throws {
        let (cluster, address, _) = try cluster()
        try await settle(cluster, address, 0..<Self.hours)
        let members = try #require(try cluster.chain.community(address)).head.members
        try cluster.network.withLock { (network) in
            try network.registerMeter(9)
            _ = try network.must(
                Community.admit, on: address,
                network.admission(9, to: address, from: PeriodNumber(Homes.first.value + Self.hours)))
        }
        #expect(try cluster.chain.community(address)?.head.members != members)
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        #expect(try await restorer(cluster, "dawn", lake).round([address]).periods == Int(Self.hours))
        let report = try await statement(cluster, lake, address)
        #expect(report.isRight, "\(report.failures)")
    }

    /// What partners say is checked by the chain: inventions of one are passed over, and the others are asked.
    @Test func inventionsArePassedOver() async throws {
        let (cluster, address, _) = try cluster()
        try await settle(cluster, address, 0..<Self.hours)
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let other = SaltList(
            community: SHA256.hash([1]),
            members: (1...Self.homes).map { .init(member: MemberNumber(UInt32($0)), salt: SHA256.hash([UInt8($0)])) })
        let restorer = LakeRestorer(
            partner: "dawn", lake: lake, chain: { () throws(StorageFailure) in cluster.chain }
        ) { partner, message in
            guard partner == "aurora" else { return await cluster.ask(partner, message, from: "dawn") }
            switch message {
            case .inputs:
                return .settledInputs(
                    SettlementInputs(
                        rules: .zero, members: .zero, batches: SettlementBatches([]), salts: other.digest,
                        previous: .zero, contractVersion: Community.version))
            case .saltPart: return .saltList(other)
            case .batchPart: return .batchList(SettlementBatches([SHA256.hash([5])]))
            case .batch: return .batchBytes(Homes.batch(1, revision: 9).bcs)
            default: return .refused(LakeRefusal(.busy, "later"))
            }
        }
        #expect(try await restorer.round([address]).periods == Int(Self.hours))
        let report = try await statement(cluster, lake, address)
        #expect(report.isRight, "\(report.failures)")
    }

    /// Readings of periods that nobody settled yet come by what partners list.
    @Test func openPeriodsReadings() async throws {
        let (cluster, address, batches) = try cluster()
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let done = try await restorer(cluster, "dawn", lake).round([address])
        #expect(done.batches == batches.count && done.periods == 0)
        for batch in batches { #expect(try lake.bytes(batch.digest) == batch.bcs) }
        // A partner that the policy does not name gets, and asks for, nothing.
        let outside = try DataLake(folder: folder.url.appending(path: "outside"))
        let asked = Mutex(0)
        let stranger = LakeRestorer(
            partner: TestNetwork.outsider, lake: outside, chain: { () throws(StorageFailure) in cluster.chain }
        ) { _, _ in
            asked.withLock { $0 += 1 }
            return nil
        }
        _ = try await stranger.round([address])
        #expect(asked.withLock { $0 } == 0)
    }

    /// A round does a bounded part, and the next goes on; while nobody answers little is asked, and it comes back all the same.
    @Test func boundedAndPatient() async throws {
        let (cluster, address, _) = try cluster()
        try await settle(cluster, address, 0..<Self.hours)
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let silent = Mutex(Set(Cluster.all))
        let restorer = restorer(cluster, "dawn", lake, silent: { silent.withLock { $0 } }) { $0.restoresMax = 2 }
        for _ in 0..<3 { #expect(try await restorer.round([address]).periods == 0) }
        silent.withLock { $0 = [] }
        // Not before the wait is over.
        #expect(try await restorer.round([address]).periods == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 60_000) }
        var rounds: [Int] = []
        for _ in 0..<4 { rounds.append(try await restorer.round([address]).periods) }
        #expect(rounds == [2, 2, 2, 0])
    }

    @Test func erasedBatchesStayErased() async throws {
        let (cluster, address, batches) = try cluster()
        try await settle(cluster, address, 0..<Self.hours)
        let lake = try cluster.lake("dawn")
        try lake.erase(batches[0].digest, reason: 2)
        let done = try await restorer(cluster, "dawn", lake).round([address])
        #expect(done.batches == 0)
        #expect(try lake.entry(batches[0].digest)?.status == .erased)
    }

    /// All communities of a partner are found in the chain, and no other's.
    @Test func directory() async throws {
        let (cluster, address, _) = try cluster()
        let policy = AttestationPolicy(attesters: ["borealis"], threshold: 1)
        let second = try cluster.network.withLock { try $0.found(Homes.rules(policy)) }
        func communities(_ partner: String) throws -> [Address] {
            try CommunityDirectory(partner: partner).communities(cluster.chain).addresses
        }
        #expect(try communities("aurora") == [address, second])
        #expect(try communities("borealis") == [address, second])
        #expect(try communities("dawn") == [address])
        #expect(try communities(TestNetwork.outsider) == [])
    }
}
