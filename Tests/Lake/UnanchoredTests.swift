import Anchors
import Chain
import ContractKit
import Foundation
import Identity
import LedgerCrypto
import Logging
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

extension Cluster {
    static let uploadKey = TestNetwork.key("upload")

    /// From then on the provider hands in batches signed with `uploadKey`.
    func registerUploadKey() throws {
        try network.withLock { (network) throws in
            let key = Cluster.uploadKey
            let digest = AddSigningKey.signingDigest(
                network: network.genesis.network, partner: Cluster.provider, key: key.publicKey)
            _ = try network.must(
                Identity.addSigningKey, on: WellKnown.identity,
                AddSigningKey(key: key.publicKey, proof: key.sign(digest)), by: Cluster.provider)
        }
    }

    func upload(_ batch: ReadingBatch) -> BatchUpload {
        BatchUpload(signing: batch, network: chain.network, provider: Cluster.provider, key: Cluster.uploadKey)
    }

    func pass(days: UInt64) { network.withLock { $0.time = $0.time.adding(milliseconds: days * 86_400_000) } }

    /// Anchors a batch of the provider's as another partner's.
    func squat(_ batch: ReadingBatch, by partner: String) throws {
        let span = try #require(batch.span)
        let new = NewBatch(digest: batch.digest, root: batch.root, count: 1, from: span.from, to: span.to)
        try network.withLock { (network) throws in
            _ = try network.must(
                Anchors.register, on: WellKnown.anchors, RegisterDataSet(name: "trap", schema: ReadingBatch.schema),
                by: partner)
            _ = try network.must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [new]), by: partner)
        }
    }
}

/// Batches that were handed in, or came otherwise, and that the meter's data provider never anchored.
@Suite("Batches that nobody anchored") struct UnanchoredTests {
    let own = Homes.batch(1, hours: 3)
    let orphan = Homes.batch(1, hours: 3, revision: 1)

    private func erasure(_ cluster: Cluster, behind: UInt64 = 0) throws -> Erasure {
        Erasure(
            lake: try cluster.lake(Cluster.administrator), chain: cluster.chain,
            now: cluster.time.adding(milliseconds: behind)
        ) { (_) in [] }
    }

    private func upkeep(_ lake: DataLake, _ cluster: Cluster, behind: UInt64 = 0) throws -> [Digest] {
        let upkeep = ReadingUpkeep(
            partner: "borealis", lake: lake, log: Logger(label: "test"),
            now: { cluster.time.adding(milliseconds: behind) },
            communities: Cluster.communities(of: "borealis")
        ) { () throws(StorageFailure) in cluster.chain }
        var folder: UInt8 = 0
        return try upkeep.round(from: &folder)
    }

    /// Everything that `own` reaches into is settled.
    private func settled() async throws -> (Cluster, Address) {
        let (cluster, address) = try await WebVerifierTests.settled(Homes.rules(), hours: 2)
        _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + 2))
        try cluster.registerUploadKey()
        return (cluster, address)
    }

    private func isThere(_ lake: DataLake, _ digest: Digest) -> Bool {
        FileManager.default.fileExists(atPath: lake.files.path(digest).path)
    }

    /// A first import that was interrupted left a batch without an anchor. The tombstones of the others stand in one
    /// transaction that the chain takes, and the member is forgotten.
    @Test func doNotBlockErasure() async throws {
        let (cluster, address) = try await settled()
        let (member, lake) = (MemberNumber(1), try cluster.lake(Cluster.administrator))
        _ = try cluster.service(Cluster.administrator).accept(cluster.upload(orphan))
        cluster.pass(days: 62)
        let plan = try erasure(cluster).plan(of: member, in: address)
        #expect(plan.batches == [own.digest] && plan.unanchored == [orphan.digest] && plan.kept.isEmpty)
        let receipt = try cluster.network.withLock { (network) throws in
            try network.run(
                plan.batches.map {
                    Anchors.tombstone.call(on: WellKnown.anchors, DeleteBatch(batch: $0, reason: 1))
                }, by: Cluster.provider)
        }
        #expect(receipt.rejection == nil)
        #expect(try erasure(cluster).followTombstones() == 1)
        // Forgetting takes the rest along, for which nobody need have asked before.
        let end = MembershipEnd(member: member, until: PeriodNumber(Homes.first.value + 3))
        try cluster.network.withLock { (network) throws in
            try network.before(Timestamp(end.until.value * 3_600_000)) {
                _ = try $0.must(Community.endMembership, on: address, end)
            }
            _ = try network.emptyBlock()
        }
        try erasure(cluster).forget(member, in: address)
        #expect(try lake.entry(orphan.digest) == nil && !isThere(lake, orphan.digest))
        #expect(try lake.secrets.key(of: member, in: address) == nil)
        #expect(lake.waitingTotal(of: Cluster.provider) == WaitingTotal())
    }

    /// What may still be anchored stays, for a day after it was first handed in: once more makes it no newer, for its bytes and
    /// their signature are anybody's who has seen them.
    @Test func anAnchorOnItsWayIsWaitedFor() async throws {
        let (cluster, address) = try await settled()
        let (member, lake) = (MemberNumber(1), try cluster.lake(Cluster.administrator))
        cluster.pass(days: 62)
        let service = try cluster.service(Cluster.administrator)
        _ = try service.accept(cluster.upload(orphan))
        func check(_ erasure: Erasure, _ reason: String) throws {
            let plan = try erasure.plan(of: member, in: address)
            #expect(plan.batches == [own.digest] && plan.unanchored.isEmpty)
            #expect(plan.kept.map(\.batch) == [orphan.digest] && plan.kept.first?.reason.contains(reason) == true)
            #expect(try erasure.removeUnanchored(of: member, in: address) == 0)
            #expect(throws: LakeRefusal.self) { try erasure.forget(member, in: address) }
        }
        try check(try erasure(cluster), "on its way")
        cluster.pass(days: 2)
        try check(try erasure(cluster, behind: 3_600_000), "behind")
        let old = try erasure(cluster)
        #expect(try old.plan(of: member, in: address).unanchored == [orphan.digest])
        _ = try service.accept(cluster.upload(orphan))
        #expect(try old.removeUnanchored(of: member, in: address) == 1)
        #expect(try lake.entry(orphan.digest) == nil && !isThere(lake, orphan.digest))
        #expect(try lake.entry(own.digest)?.status == .held)
    }

    /// A digest that another partner anchored never gets its provider's anchor, damaged or not.
    @Test(arguments: [false, true]) func whatAnotherAnchoredGoesAtOnce(isDamaged: Bool) async throws {
        let (cluster, address) = try await settled()
        let lake = try cluster.lake(Cluster.administrator)
        cluster.pass(days: 62)
        try lake.store(orphan.bcs)
        if isDamaged { try lake.catalogue.markCorrupted(orphan.digest) }
        try cluster.squat(orphan, by: "borealis")
        #expect(try erasure(cluster).plan(of: MemberNumber(1), in: address).unanchored == [orphan.digest])
        #expect(try erasure(cluster).removeUnanchored(of: MemberNumber(1), in: address) == 1)
        #expect(try lake.entry(orphan.digest) == nil && !isThere(lake, orphan.digest))
    }

    /// Any lake drops them by itself, by the chain's time, and not while its chain is behind.
    @Test func goByThemselves() async throws {
        let (cluster, _) = try await settled()
        let lake = try cluster.lake("borealis")
        try lake.store(own.bcs)
        try lake.store(orphan.bcs)
        // Behind, it does not even begin to wait.
        #expect(try upkeep(lake, cluster, behind: 30 * 86_400_000).isEmpty)
        #expect(lake.waitingTotal(of: Cluster.provider).batches == 0)
        #expect(try upkeep(lake, cluster).isEmpty)
        #expect(lake.waitingTotal(of: Cluster.provider).batches == 1)
        cluster.pass(days: 6)
        #expect(try upkeep(lake, cluster).isEmpty)
        cluster.pass(days: 2)
        #expect(try upkeep(lake, cluster, behind: 3_600_000).isEmpty && isThere(lake, orphan.digest))
        #expect(try upkeep(lake, cluster) == [orphan.digest])
        #expect(try lake.entry(orphan.digest) == nil && !isThere(lake, orphan.digest))
        #expect(try lake.bytes(own.digest) == own.bcs)
        // It may come back.
        try lake.store(orphan.bcs)
        #expect(try lake.bytes(orphan.digest) == orphan.bcs)
    }

    @Test func anAnchorEndsTheWait() async throws {
        let (cluster, _) = try await settled()
        let lake = try cluster.lake(Cluster.administrator)
        _ = try cluster.service(Cluster.administrator).accept(cluster.upload(orphan))
        try cluster.network.withLock { try $0.anchor([orphan]) }
        cluster.pass(days: 30)
        #expect(try upkeep(lake, cluster).isEmpty && lake.waitingTotal(of: Cluster.provider) == WaitingTotal())
        #expect(try lake.bytes(orphan.digest) == orphan.bcs)
    }

    @Test(arguments: [false, true]) func aCrashIsFinishedAtTheNextStart(hasFile: Bool) throws {
        let folder = try TemporaryFolder()
        let before = try DataLake(folder: folder.url)
        _ = try before.store(orphan.bcs, waitingFor: Cluster.provider, since: Timestamp(5))
        #expect(try !before.catalogue.beginRemoving(orphan.digest, waitingSince: Timestamp(4)))
        #expect(try before.catalogue.beginRemoving(orphan.digest, waitingSince: Timestamp(5)))
        if !hasFile { try before.files.remove(orphan.digest) }
        #expect(throws: LakeError.erased(orphan.digest)) { try before.bytes(orphan.digest) }
        let after = try DataLake(folder: folder.url)
        #expect(try after.entry(orphan.digest) == nil && !isThere(after, orphan.digest))
        #expect(try after.catalogue.erasing().isEmpty)
        #expect(after.waitingTotal(of: Cluster.provider) == WaitingTotal())
        try after.store(orphan.bcs)
        #expect(try after.bytes(orphan.digest) == orphan.bcs)
    }

    /// What is removed closes no period, also when its anchor comes later: the index forgets it, too.
    @Test func theIndexForgetsThem() async throws {
        let (cluster, _) = try await settled()
        let lake = try cluster.lake(Cluster.administrator)
        try lake.store(orphan.bcs)
        let from = Timestamp(Homes.first.value * 3_600_000)
        func candidates() throws -> [Digest] {
            let to = from.adding(milliseconds: 3_600_000)
            let found = try lake.candidates(of: [own.meter], from: from, to: to, chain: cluster.chain)
            let state = try lake.candidatesOfState(of: [own.meter], from: from, to: to, chain: cluster.chain)
            #expect(found == state)
            return found.map(\.entry.digest)
        }
        #expect(try Set(candidates()) == [own.digest, orphan.digest])
        #expect(try lake.removeUnanchored(orphan.digest, waitingSince: Timestamp(.max)))
        #expect(try candidates() == [own.digest])
        try cluster.network.withLock { try $0.anchor([orphan]) }
        #expect(try candidates() == [own.digest])
    }

    /// Partners get, and are told of, nothing that the provider did not anchor.
    @Test func areNotServed() async throws {
        let (cluster, address) = try await settled()
        let lake = try cluster.lake(Cluster.administrator)
        let squatted = Homes.batch(1, hours: 3, revision: 2)
        for batch in [orphan, squatted] { try lake.store(batch.bcs) }
        try cluster.squat(squatted, by: "borealis")
        func served(_ batch: ReadingBatch) async throws -> Bool {
            let answer = await cluster.ask(Cluster.administrator, .batch(batch.digest), from: "borealis")
            if case .refused(let refusal)? = answer { #expect(refusal.reason == .unknown) }
            return answer == .batchBytes(batch.bcs)
        }
        func listed() async throws -> Set<Digest> {
            let message = LakeMessage.list(community: address, from: Timestamp(0), to: Timestamp(.max))
            guard case .listed(let listed)? = await cluster.ask(Cluster.administrator, message, from: "borealis")
            else { throw TestFailure("a list was expected") }
            return Set(listed.map(\.digest))
        }
        for batch in [orphan, squatted] { #expect(try await !served(batch)) }
        #expect(try await listed() == Set((1...4).map { Homes.batch($0, hours: 3).digest }))
        try cluster.network.withLock { try $0.anchor([orphan]) }
        #expect(try await served(orphan))
        #expect(try await listed().contains(orphan.digest))
    }
}
