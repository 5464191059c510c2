import Anchors
import Chain
import ContractKit
import Foundation
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

/// What a crash between two steps of storing or erasing leaves, and what happens when both run at once.
@Suite("Erasure, interrupted") struct ErasureCrashTests {
    let folder: TemporaryFolder
    let batch = Homes.batch(1)

    init() throws { folder = try TemporaryFolder() }

    private func lake() throws -> DataLake { try DataLake(folder: folder.url) }

    private func isThere(_ lake: DataLake, _ digest: Digest) -> Bool {
        FileManager.default.fileExists(atPath: lake.files.path(digest).path)
    }

    @Test(arguments: [false, true]) func aCrashIsFinishedAtTheNextStart(hasFile: Bool) throws {
        let before = try lake()
        try before.store(batch.bcs)
        try before.catalogue.beginErasing(batch.digest, reason: 7)
        if !hasFile { try before.files.remove(batch.digest) }
        // Also before it is finished nothing is served or stored.
        #expect(try before.entry(batch.digest)?.status == .erased)
        #expect(throws: LakeError.erased(batch.digest)) { try before.bytes(batch.digest) }
        #expect(throws: LakeError.erased(batch.digest)) { try before.store(batch.bcs) }
        #expect(isThere(before, batch.digest) == hasFile)
        let after = try lake()
        #expect(try !isThere(after, batch.digest) && after.catalogue.erasing().isEmpty)
        #expect(try after.entry(batch.digest)?.status == .erased)
        #expect(throws: LakeError.erased(batch.digest)) { try after.store(batch.bcs) }
    }

    @Test func aFailedRemovalIsTriedAgain() throws {
        let lake = try lake()
        try lake.store(batch.bcs)
        // A folder in the place of the file cannot be unlinked.
        let path = lake.files.path(batch.digest).path
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: LakeError.self) { try lake.erase(batch.digest, reason: 1) }
        #expect(throws: LakeError.self) { try lake.finishErasing() }
        #expect(try lake.entry(batch.digest)?.status == .erased && lake.catalogue.erasing() == [batch.digest])
        _ = try self.lake()
        try FileManager.default.removeItem(atPath: path)
        #expect(try lake.finishErasing() == 1 && lake.finishErasing() == 0)
        #expect(try lake.catalogue.erasing().isEmpty)
    }

    @Test func damageDoesNotBringAnErasedOneBack() throws {
        let lake = try lake()
        try lake.store(batch.bcs)
        try lake.erase(batch.digest, reason: 1)
        try lake.catalogue.markCorrupted(batch.digest)
        #expect(try lake.entry(batch.digest)?.status == .erased)
    }

    @Test func filesWithoutAnEntryGo() throws {
        let lake = try lake()
        let (stray, erased) = (Homes.batch(2), Homes.batch(3))
        let own = batch.digest.bytes[0]
        // The catalogue is empty: perhaps it was lost, and all of these are wanted.
        try lake.files.write(stray.bcs, digest: stray.digest)
        #expect(try lake.removeOrphans(in: stray.digest.bytes[0]) == 0)
        try lake.store(batch.bcs)
        try lake.store(erased.bcs)
        try lake.erase(erased.digest, reason: 1)
        // As a version before wrote it: erased, but the file is there.
        try lake.files.write(erased.bcs, digest: erased.digest)
        let beside = lake.files.path(batch.digest).deletingLastPathComponent()
        let half = beside.appending(path: ".\(batch.digest.description.prefix(8))-17")
        for name in [half, beside.appending(path: "README"), beside.appending(path: "ab12")] {
            try Data("x".utf8).write(to: name)
        }
        var removed = 0
        for folder in UInt8.min...UInt8.max { removed += try lake.removeOrphans(in: folder) }
        #expect(removed == 3)
        #expect(!isThere(lake, stray.digest) && !isThere(lake, erased.digest) && isThere(lake, batch.digest))
        #expect(!FileManager.default.fileExists(atPath: half.path))
        #expect(FileManager.default.fileExists(atPath: beside.appending(path: "README").path))
        #expect(try lake.removeOrphans(in: own) == 0 && lake.bytes(batch.digest) == batch.bcs)
    }

    /// However storing and erasing fall together, an erased batch's content is not there.
    @Test func storingAndErasingAtOnce() throws {
        let lake = try lake()
        let batches = (1...24).map { Homes.batch($0) }
        for batch in batches { try lake.store(batch.bcs) }
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for batch in batches {
                switch thread {
                case 0: try? lake.erase(batch.digest, reason: 1)
                case 1: for folder in [batch.digest.bytes[0]] { _ = try? lake.removeOrphans(in: folder) }
                default: for _ in 0..<3 { _ = try? lake.store(batch.bcs) }
                }
            }
        }
        for batch in batches {
            #expect(try lake.entry(batch.digest)?.status == .erased && !isThere(lake, batch.digest))
            #expect(lake.batchesInMemory([batch.digest]) == [nil])
        }
    }

    // MARK: secrets and lines

    @Test func saltsOfADestroyedMemberDoNotComeBack() throws {
        let secrets = try lake().secrets
        let community = Address(wellKnown: "test")
        let members = [MemberNumber(1), MemberNumber(2)]
        let keys = (0...2).map { SHA256.hash([UInt8($0), 5]) }
        func setKeys() throws {
            try secrets.setKeys([(nil, keys[0]), (members[0], keys[1]), (members[1], keys[2])], in: community)
        }
        func salts(_ members: [MemberNumber]) throws -> SaltList? {
            try secrets.salts(of: members, in: community, period: Homes.first, version: 1)
        }
        try setKeys()
        let all = try #require(try salts(members))
        try secrets.destroy(members[0], in: community)
        // Computed before, stored after; and keys of a backup.
        for origin in [nil, "borealis"] {
            try secrets.storeLater(
                all, of: community, period: Homes.first, version: 1, origin: origin, afterMilliseconds: 60_000)
        }
        try setKeys()
        func check(_ secrets: SecretStore) throws {
            #expect(try secrets.salts(of: members, in: community, period: Homes.first, version: 1) == nil)
            for origin in [nil, "borealis"] {
                let salt = try secrets.salt(
                    of: members[0], in: community, period: Homes.first, version: 1, origin: origin)
                #expect(salt == nil)
                let listed = try secrets.storedSalts(
                    of: community, period: Homes.first, version: 1, origin: origin, first: 0, limit: 9)
                #expect(listed?.members.map(\.member) == [members[1]])
            }
        }
        try check(secrets)
        try secrets.flush()
        try check(secrets)
        try check(try lake().secrets)
        let file = try Data(contentsOf: folder.url.appending(path: "secrets.sqlite"))
        for secret in [keys[1], all.members[0].salt] { #expect(file.range(of: Data(secret.bytes)) == nil) }
    }

    @Test func destroyingAndStoringAtOnce() throws {
        let secrets = try lake().secrets
        let community = Address(wellKnown: "test")
        let members = (1...8).map { MemberNumber($0) }
        let all = SaltList(
            community: SHA256.hash([0]),
            members: members.map { .init(member: $0, salt: SHA256.hash([UInt8($0.value), 3])) })
        DispatchQueue.concurrentPerform(iterations: 3) { thread in
            for (index, member) in members.enumerated() {
                if thread == 0 {
                    try? secrets.destroy(member, in: community)
                } else {
                    for version in 0..<4 {
                        try? secrets.storeLater(
                            all, of: community, period: Homes.first, version: UInt32(index * 4 + version),
                            afterMilliseconds: 0)
                    }
                }
            }
        }
        try secrets.flush()
        for store in [secrets, try lake().secrets] {
            for version in UInt32(0)..<32 {
                let listed = try store.storedSalts(
                    of: community, period: Homes.first, version: version, first: 0, limit: 9)
                #expect(listed?.members.isEmpty == true)
            }
        }
    }

    /// Lines of a member, computed before and stored after.
    @Test func linesOfAnErasedMemberDoNotComeBack() async throws {
        let (cluster, address) = try await WebVerifierTests.settled(Homes.rules(), hours: 1)
        let member = MemberNumber(2)
        let prepared = try cluster.engine().prepare(address, period: PeriodNumber(Homes.first.value + 1))
        let results = try lake().results
        try results.eraseLines(of: member, in: address)
        for origin in [nil, "dawn"] {
            try results.storeLater(
                prepared.result, inputs: prepared.inputs, batches: prepared.batches, of: address, origin: origin,
                afterMilliseconds: 60_000)
        }
        let claim = prepared.result.claim
        func check(_ results: ResultStore) throws {
            for origin in [nil, "dawn"] {
                let entries = try results.entries(
                    of: address, period: claim.period, version: claim.version, origin: origin)
                #expect(entries.map(\.leaf) == prepared.result.leaves)
                #expect(entries.filter { $0.line == nil }.map(\.member) == [member])
            }
        }
        try check(results)
        try results.flush()
        try check(results)
        try check(try lake().results)
    }

    // MARK: following the chain

    /// A tombstoned batch is not served, listed or kept, whether its file is whole or damaged.
    @Test func everyLakeFollowsByItself() async throws {
        let (cluster, address) = try await WebVerifierTests.settled(Homes.rules(), hours: 2)
        let own = Homes.batch(1, hours: 3)
        let span = try #require(own.span)
        func ask(_ partner: String, _ message: LakeMessage) async -> LakeMessage? {
            await cluster.ask(partner, message, from: Cluster.administrator)
        }
        let partners = try TestNetwork.partners.filter { try cluster.lake($0).entry(own.digest) != nil }
        try #require(partners.count > 2)
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: own.digest, reason: 7), by: "corona")
        }
        for partner in partners {
            let message = await ask(partner, .batch(own.digest))
            guard case .refused(let refusal)? = message else { throw TestFailure("\(partner) served it") }
            #expect(refusal.reason == .erased)
            guard
                case .listed(let listed)? = await ask(partner, .list(community: address, from: span.from, to: span.to))
            else { throw TestFailure("\(partner) gave no list") }
            #expect(!listed.map(\.digest).contains(own.digest))
        }
        for (index, partner) in partners.enumerated() {
            let lake = try cluster.lake(partner)
            if index == 0 {
                try Data("damage".utf8).write(to: lake.files.path(own.digest))
                #expect(throws: LakeError.self) { try lake.bytes(own.digest) }
                #expect(try lake.entry(own.digest)?.status == .corrupted)
            }
            let kept = try lake.keptBatches()
            let upkeep = ReadingUpkeep(
                partner: partner, lake: lake, log: Logger(label: "test"), now: { cluster.time },
                communities: Cluster.communities(of: partner)
            ) {
                () throws(StorageFailure) in cluster.chain
            }
            var folder: UInt8 = 0
            #expect(try upkeep.round(from: &folder) == [own.digest])
            #expect(try upkeep.round(from: &folder).isEmpty)
            #expect(try lake.entry(own.digest)?.status == .erased && !isThere(lake, own.digest))
            #expect(try lake.keptBatches() == kept.filter { $0 != own.digest })
        }
    }
}
