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

/// A partner of the policy that answers with salts of its own invention while the administrator's node is silent.
@Suite("Planted salts") struct PlantedSaltsTests {
    static let homes = 4
    /// Who is asked right after the administrator.
    static let liar = "borealis"
    static let victim = "dawn"

    private func cluster() throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0, hours: 1) }
        let address = try cluster.community(Homes.rules(), homes: Self.homes, from: Homes.first, batches: batches)
        for batch in batches { try cluster.lake(Self.victim).store(batch.bcs) }
        // No further period ends while the test runs.
        cluster.network.withLock { $0.time = Timestamp((Homes.first.value + 1) * 3_600_000) }
        return (cluster, address)
    }

    private static let invented = SaltList(
        community: SHA256.hash([66]),
        members: (1...homes).map { .init(member: MemberNumber(UInt32($0)), salt: SHA256.hash([66, UInt8($0)])) })

    /// What the liar says: whatever is asked for, with its salts.
    private static func lie(_ message: LakeMessage) -> LakeMessage? {
        switch message {
        case .saltPart, .salts: return .saltList(invented)
        case .inputs:
            return .settledInputs(
                SettlementInputs(
                    rules: .zero, members: .zero, batches: SettlementBatches([]), salts: invented.digest,
                    previous: .zero, contractVersion: Community.version))
        case .batchPart: return .batchList(SettlementBatches([]))
        default: return nil
        }
    }

    /// A settler of the victim whom the liar answers, and of the others those who are not silent.
    private func settler(_ cluster: Cluster, silent: @escaping @Sendable () -> Set<String>) throws -> Settler {
        var settings = SettlerSettings()
        settings.quietMilliseconds = 0
        settings.delayMilliseconds = 0
        settings.syncMilliseconds = 0
        let ports = SettlerPorts(
            partner: Self.victim,
            chain: { () throws(StorageFailure) in cluster.chain },
            ask: { other, message in
                if silent().contains(other) { return nil }
                if other == Self.liar, let lie = Self.lie(message) { return lie }
                return await cluster.ask(other, message, from: Self.victim)
            },
            submit: { cluster.submission(of: $1, to: $0, by: Self.victim) })
        return Settler(lake: try cluster.lake(Self.victim), ports: ports, settings: settings)
    }

    private func stored(_ cluster: Cluster, _ address: Address) throws -> SaltList? {
        try cluster.lake(Self.victim).secrets.storedSalts(
            of: address, period: Homes.first, version: 1, first: 0, limit: 100)
    }

    /// Before the chain has the period nothing tells right salts from others: they come from the administrator alone.
    @Test func ofAVersionToComeTheyComeFromTheAdministrator() async throws {
        let (cluster, address) = try cluster()
        let silent = Mutex<Set<String>>([Cluster.administrator])
        let settler = try settler(cluster) { silent.withLock { $0 } }
        #expect(try await settler.round([address]) == 0)
        #expect(try stored(cluster, address) == nil)
        #expect(try cluster.chain.settlement(of: address, period: Homes.first) == nil)
        let trouble = try #require(await settler.report().communities.first?.troubles.first)
        #expect(trouble.reason.contains("salts"), "\(trouble.reason)")
        // It is back: settled with its salts.
        silent.withLock { $0 = [] }
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 3_000) }
        #expect(try await settler.round([address]) == 1)
        let numbers = (1...Self.homes).map { MemberNumber(UInt32($0)) }
        #expect(
            try stored(cluster, address)
                == cluster.lake(Cluster.administrator).secrets.salts(
                    of: numbers, in: address, period: Homes.first, version: 1))
    }

    /// Of what the chain took they must be those that its record leads to, whoever gives them.
    @Test func ofASettledVersionTheyAreChecked() async throws {
        let (cluster, address) = try cluster()
        let settled = try await cluster.settle(address, Homes.first, except: [Self.victim])
        let silent = Mutex<Set<String>>([Cluster.administrator, "corona"])
        let settler = try settler(cluster) { silent.withLock { $0 } }
        for _ in 0..<2 { #expect(try await settler.round([address]) == 0) }
        #expect(try stored(cluster, address) == nil)
        #expect(try cluster.chain.settlement(of: address, period: Homes.first)?.claim.version == 1)
        // Another partner, not the administrator, has the right ones, and is asked after the liar.
        silent.withLock { $0 = [Cluster.administrator] }
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 300_000) }
        #expect(try await settler.round([address]) == 0)
        #expect(try stored(cluster, address)?.members.count == Self.homes)
        let lake = try cluster.lake(Self.victim)
        #expect(
            try lake.results.inputs(of: address, period: Homes.first, version: 1)?.inputs.digest
                == settled.inputs.digest)
        #expect(await settler.report().communities.first?.troubles.isEmpty == true)
    }
}
