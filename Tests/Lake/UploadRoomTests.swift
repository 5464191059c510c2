import Chain
import ContractKit
import Foundation
import Logging
import Primitives
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

/// What the door for readings takes: what its node may hold, and of each provider only so much that waits for its anchors.
@Suite("The door for readings") struct UploadRoomTests {
    private func reason(_ service: LakeService, _ upload: BatchUpload) -> LakeRefusal.Reason? {
        do {
            _ = try service.accept(upload)
            return nil
        } catch {
            return (error as? LakeRefusal)?.reason ?? .unavailable
        }
    }

    /// The provider's own node takes readings of any of its meters, others those of members whose policy names them.
    @Test func onlyWhereTheyMayLie() throws {
        let cluster = try Cluster()
        let policy = AttestationPolicy(attesters: ["borealis"], threshold: 1)
        let address = try cluster.community(Homes.rules(policy), homes: 1, from: Homes.first, batches: [])
        try cluster.registerUploadKey()
        try cluster.network.withLock { try $0.registerMeter(9) }
        let (member, stranger) = (Homes.batch(1), Homes.batch(9))
        for partner in ["aurora", "borealis", "corona"] {
            #expect(try reason(cluster.service(partner), cluster.upload(member)) == nil)
        }
        #expect(try reason(cluster.service("dawn"), cluster.upload(member)) == .notPermitted)
        #expect(try cluster.lake("dawn").entry(member.digest) == nil)
        #expect(try reason(cluster.service("corona"), cluster.upload(stranger)) == nil)
        for partner in ["aurora", "borealis", "dawn"] {
            #expect(try reason(cluster.service(partner), cluster.upload(stranger)) == .notPermitted)
        }
        // Late readings of a membership that is over.
        let end = MembershipEnd(member: MemberNumber(1), until: PeriodNumber(Homes.first.value + 6))
        try cluster.network.withLock { (network) throws in
            try network.before(Timestamp(end.until.value * 3_600_000)) {
                _ = try $0.must(Community.endMembership, on: address, end)
            }
            _ = try network.emptyBlock()
        }
        let late = Homes.batch(1, revision: 1)
        #expect(try reason(cluster.service("aurora"), cluster.upload(late)) == nil)
    }

    @Test func onlySoMuchWaits() throws {
        let cluster = try Cluster()
        let batches = (1...5).map { Homes.batch($0) }
        _ = try cluster.community(Homes.rules(), homes: 5, from: Homes.first, batches: [])
        try cluster.registerUploadKey()
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        func service(_ lake: DataLake, batchesMax: Int = 2, bytesMax: UInt64 = .max) -> LakeService {
            LakeService(
                partner: "aurora", lake: lake, attester: nil,
                room: WaitingRoom(batchesMax: batchesMax, bytesMax: bytesMax), now: { cluster.time },
                communities: Cluster.communities(of: "aurora")
            ) { () throws(StorageFailure) in cluster.chain }
        }
        for batch in batches.prefix(2) { #expect(reason(service(lake), cluster.upload(batch)) == nil) }
        #expect(reason(service(lake), cluster.upload(batches[2])) == .busy)
        #expect(try lake.entry(batches[2].digest) == nil)
        // By bytes, and after a start, when another one counts nothing twice.
        let bytes = UInt64(batches.prefix(2).reduce(0) { $0 + $1.bcs.count })
        let again = try DataLake(folder: folder.url)
        #expect(again.waitingTotal(of: Cluster.provider) == WaitingTotal(batches: 2, bytes: bytes))
        let more = bytes + UInt64(batches[2].bcs.count)
        #expect(reason(service(again, batchesMax: 9, bytesMax: more - 1), cluster.upload(batches[2])) == .busy)
        #expect(reason(service(again, batchesMax: 9, bytesMax: more), cluster.upload(batches[1])) == nil)
        #expect(again.waitingTotal(of: Cluster.provider) == WaitingTotal(batches: 2, bytes: bytes))
        // What was anchored meanwhile does not count: the next upload sees it, and the upkeep does.
        try cluster.network.withLock { try $0.anchor(Array(batches.prefix(1))) }
        #expect(reason(service(again), cluster.upload(batches[2])) == nil)
        #expect(again.waitingTotal(of: Cluster.provider).batches == 2)
        #expect(reason(service(again), cluster.upload(batches[3])) == .busy)
        try cluster.network.withLock { try $0.anchor(Array(batches[1...3])) }
        let upkeep = ReadingUpkeep(
            partner: "aurora", lake: again, log: Logger(label: "test"), now: { cluster.time },
            communities: Cluster.communities(of: "aurora")
        ) {
            () throws(StorageFailure) in cluster.chain
        }
        var folderNumber: UInt8 = 0
        #expect(try upkeep.round(from: &folderNumber).isEmpty)
        #expect(again.waitingTotal(of: Cluster.provider) == WaitingTotal())
        // And what is anchored when it is handed in waits for nothing.
        #expect(reason(service(again, batchesMax: 0), cluster.upload(batches[3])) == nil)
        #expect(reason(service(again, batchesMax: 0), cluster.upload(batches[4])) == .busy)
    }

    /// Of many that wait, an upload looks at some, and the next one at others.
    @Test func looksInTurn() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batches = (1...7).map { Homes.batch($0) }
        for batch in batches { _ = try lake.store(batch.bcs, waitingFor: "corona", since: Timestamp(1)) }
        var seen: [Digest] = []
        for _ in 0..<3 { seen += try lake.catalogue.nextWaiting(of: "corona", limit: 3).map(\.digest) }
        #expect(seen == batches.map(\.digest).sorted())
        #expect(try lake.catalogue.nextWaiting(of: "corona", limit: 3).map(\.digest) == Array(seen.prefix(3)))
        #expect(try lake.catalogue.nextWaiting(of: "dawn", limit: 3).isEmpty)
    }

    /// The largest import that is meant to pass does.
    @Test func aLargeCommunitysMonthPasses() {
        let batches = 10_000 * 31
        let bytesOfOne = 64 + 2 * 96 * 28
        let bytes = UInt64(batches * bytesOfOne)
        #expect(WaitingRoom.standard.holds(WaitingTotal(batches: batches, bytes: bytes), and: 230_000))
    }
}
