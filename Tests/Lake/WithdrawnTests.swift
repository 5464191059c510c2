import Chain
import ContractKit
import Foundation
import Logging
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

/// Copies of readings that a partner may not hold any more.
@Suite("Copies without a right") struct WithdrawnTests {
    static let days = HoldingRights.graceMilliseconds / 86_400_000
    let batch = Homes.batch(1)

    /// A community of all validators, anchored at every lake.
    private func cluster() throws -> Cluster {
        let cluster = try Cluster()
        _ = try cluster.community(Homes.rules(), homes: 1, from: Homes.first, batches: [batch])
        for partner in TestNetwork.partners { try cluster.lake(partner).store(batch.bcs) }
        return cluster
    }

    /// One round at a partner's node; with `gone` the set of validators has them no more.
    private func round(
        _ cluster: Cluster, _ partner: String, without gone: Set<String> = [], behind: UInt64 = 0
    ) throws -> [Digest] {
        let upkeep = ReadingUpkeep(
            partner: partner, lake: try cluster.lake(partner), log: Logger(label: "test"),
            now: { cluster.time.adding(milliseconds: behind) }, communities: Cluster.communities(of: partner)
        ) { () throws(StorageFailure) in WithdrawnTests.chain(cluster, without: gone) }
        var folder: UInt8 = 0
        return try upkeep.round(from: &folder)
    }

    private static func chain(_ cluster: Cluster, without gone: Set<String>) -> ChainView {
        let chain = cluster.chain
        let left = chain.validators.validators.filter { !gone.contains($0.partner) }
        guard let set = try? ValidatorSet(left) else { preconditionFailure("some validators are left") }
        return ChainView(network: chain.network, time: chain.time, validators: set, state: chain.state)
    }

    private func isThere(_ cluster: Cluster, _ partner: String) throws -> Bool {
        let lake = try cluster.lake(partner)
        let hasFile = FileManager.default.fileExists(atPath: lake.files.path(batch.digest).path)
        #expect(try (lake.entry(batch.digest)?.status == .held) == hasFile)
        return hasFile
    }

    /// Who is no validator any more, in a community whose policy names those, keeps its copy for the grace.
    @Test func goAfterTheGrace() throws {
        let cluster = try cluster()
        #expect(try round(cluster, "borealis", without: ["borealis"]).isEmpty)
        cluster.pass(days: Self.days)
        #expect(try round(cluster, "borealis", without: ["borealis"]).isEmpty && isThere(cluster, "borealis"))
        cluster.pass(days: 1)
        #expect(try round(cluster, "borealis", without: ["borealis"]) == [batch.digest])
        #expect(try !isThere(cluster, "borealis") && cluster.lake("borealis").entry(batch.digest) == nil)
        // Nothing of it is left to count, and the copy may come back with the right.
        #expect(try cluster.lake("borealis").catalogue.withdrawn(in: batch.digest.bytes[0]).isEmpty)
        try cluster.lake("borealis").store(batch.bcs)
        #expect(try round(cluster, "borealis").isEmpty && isThere(cluster, "borealis"))
    }

    @Test func aRightThatComesBackBeginsAnew() throws {
        let cluster = try cluster()
        _ = try round(cluster, "borealis", without: ["borealis"])
        cluster.pass(days: Self.days)
        _ = try round(cluster, "borealis")
        cluster.pass(days: 1)
        #expect(try round(cluster, "borealis", without: ["borealis"]).isEmpty)
        cluster.pass(days: Self.days)
        #expect(try round(cluster, "borealis", without: ["borealis"]).isEmpty && isThere(cluster, "borealis"))
    }

    /// The data provider's and the administrator's stay, whoever validates.
    @Test(arguments: [Cluster.provider, Cluster.administrator]) func ownersKeepTheirs(partner: String) throws {
        let cluster = try cluster()
        for _ in 0..<3 {
            #expect(try round(cluster, partner, without: [partner]).isEmpty && isThere(cluster, partner))
            cluster.pass(days: Self.days + 1)
        }
    }

    /// A node that is behind begins no count and removes nothing.
    @Test func notWhileTheChainIsBehind() throws {
        let cluster = try cluster()
        let late = ChainView.ageMillisecondsMax + 1
        #expect(try round(cluster, "borealis", without: ["borealis"], behind: late).isEmpty)
        cluster.pass(days: Self.days + 1)
        // The count begins only now.
        #expect(try round(cluster, "borealis", without: ["borealis"]).isEmpty)
        cluster.pass(days: Self.days + 1)
        #expect(try round(cluster, "borealis", without: ["borealis"], behind: late).isEmpty)
        #expect(try isThere(cluster, "borealis"))
        #expect(try round(cluster, "borealis", without: ["borealis"]) == [batch.digest])
    }

    /// Nor while not all communities of the partner are known.
    @Test func notWhileCommunitiesAreUnknown() throws {
        let cluster = try cluster()
        let lake = try cluster.lake("dawn")
        let upkeep = ReadingUpkeep(
            partner: "dawn", lake: lake, log: Logger(label: "test"), now: { cluster.time },
            communities: { (_) throws(StorageFailure) in nil }
        ) { () throws(StorageFailure) in cluster.chain }
        for _ in 0..<2 {
            var folder: UInt8 = 0
            #expect(try upkeep.round(from: &folder).isEmpty && isThere(cluster, "dawn"))
            cluster.pass(days: Self.days + 1)
        }
    }

    /// What an earlier release took of a time before the membership goes; what reaches into it stays.
    @Test func readingsOfNoMembershipGo() throws {
        let cluster = try Cluster()
        let from = PeriodNumber(Homes.first.value + 4)
        let (before, across) = (Homes.batch(1, hours: 4), Homes.batch(1, hours: 6, revision: 1))
        _ = try cluster.community(Homes.rules(), homes: 1, from: from, batches: [before, across])
        let lake = try cluster.lake("borealis")
        for batch in [before, across] { try lake.store(batch.bcs) }
        #expect(try round(cluster, "borealis").isEmpty)
        cluster.pass(days: Self.days + 1)
        #expect(try round(cluster, "borealis") == [before.digest])
        #expect(try lake.entry(across.digest)?.status == .held)
        #expect(try round(cluster, Cluster.provider).isEmpty)
    }
}
