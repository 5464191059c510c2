import Chain
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Data lake on disk")
struct LakeStorageTests {
    private func file(_ digest: Digest, in folder: TemporaryFolder) -> URL {
        folder.url.appending(path: "batches/\(digest.description.prefix(2))/\(digest)")
    }

    @Test func keepsAndFinds() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batch = Homes.batch(1)
        #expect(throws: LakeError.notHeld(batch.digest)) { try lake.bytes(batch.digest) }
        #expect(try lake.store(batch.bcs).digest == batch.digest)
        #expect(try lake.store(batch.bcs).digest == batch.digest)
        try lake.store(Homes.batch(2).bcs)
        #expect(try lake.bytes(batch.digest) == batch.bcs)
        #expect(try lake.batch(batch.digest) == batch)
        // Opened again, it is still there.
        let again = try DataLake(folder: folder.url)
        #expect(try again.batch(batch.digest) == batch)
        let span = try #require(batch.span)
        let found = try again.entries(of: batch.meter, from: span.from, to: span.to)
        #expect(found.map(\.digest) == [batch.digest])
        #expect(try again.entries(of: batch.meter, from: span.to, to: Timestamp(.max)).isEmpty)
        #expect(try again.entries(of: batch.meter, from: Timestamp(0), to: span.from).isEmpty)
    }

    @Test func refusesWhatIsNoBatch() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        var generator = SeededGenerator(seed: 3)
        let good = Homes.batch(1).bcs
        for _ in 0..<300 {
            var bytes = good
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            // A change that leaves a well-formed batch is another batch, under another name.
            if let entry = try? lake.store(bytes) { #expect(entry.digest == SHA256.hash(bytes)) }
        }
        #expect(throws: LakeError.self) { try lake.store([]) }
        #expect(throws: LakeError.self) { try lake.store(Array(good.dropLast())) }
        #expect(throws: LakeError.self) { try lake.store([UInt8](repeating: 0, count: ReadingBatch.byteCountMax + 1)) }
    }

    @Test func damagedFilesAreReportedRefusedAndHealed() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batch = Homes.batch(1)
        try lake.store(batch.bcs)
        let path = file(batch.digest, in: folder)
        var bytes = try Data(contentsOf: path)
        bytes[60] ^= 1
        try bytes.write(to: path)
        #expect(throws: LakeError.corrupted(batch.digest, path: path.path)) { try lake.bytes(batch.digest) }
        #expect(try lake.entry(batch.digest)?.status == .corrupted)
        // Cut short, and gone.
        try bytes.prefix(10).write(to: path)
        #expect(throws: LakeError.self) { try lake.bytes(batch.digest) }
        try FileManager.default.removeItem(at: path)
        #expect(throws: LakeError.self) { try lake.bytes(batch.digest) }
        try lake.store(batch.bcs)
        #expect(try lake.entry(batch.digest)?.status == .held)
        #expect(try lake.bytes(batch.digest) == batch.bcs)
    }

    @Test func erasedStaysErased() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batch = Homes.batch(1)
        #expect(throws: LakeError.notHeld(batch.digest)) { try lake.erase(batch.digest, reason: 1) }
        try lake.store(batch.bcs)
        try lake.erase(batch.digest, reason: 1)
        #expect(throws: LakeError.erased(batch.digest)) { try lake.bytes(batch.digest) }
        #expect(throws: LakeError.erased(batch.digest)) { try lake.store(batch.bcs) }
        #expect(!FileManager.default.fileExists(atPath: file(batch.digest, in: folder).path))
        #expect(try DataLake(folder: folder.url).entry(batch.digest)?.status == .erased)
        try lake.erase(batch.digest, reason: 1)
    }

    @Test func destroyedKeysLeaveNothing() throws {
        let folder = try TemporaryFolder()
        let secrets = try DataLake(folder: folder.url).secrets
        let community = Address(wellKnown: "test")
        let members = [MemberNumber(1), MemberNumber(2)]
        let key = SHA256.hash([1])
        #expect(try secrets.salts(of: members, in: community, period: Homes.first, version: 1) == nil)
        for (member, bytes) in [(nil, [UInt8(0)]), (members[0], [1]), (members[1], [2])] as [(MemberNumber?, [UInt8])] {
            try secrets.setKey(SHA256.hash(bytes), of: member, in: community)
        }
        let salts = try #require(try secrets.salts(of: members, in: community, period: Homes.first, version: 1))
        #expect(salts.members[0].salt == SaltList.salt(key: key, period: Homes.first, version: 1))
        try secrets.store(salts, of: community, period: Homes.first, version: 1)
        #expect(try secrets.salts(of: members, in: community, period: Homes.first, version: 1) == salts)
        try secrets.destroy(members[0], in: community)
        #expect(try secrets.salts(of: members, in: community, period: Homes.first, version: 1) == nil)
        #expect(try secrets.salts(of: [members[1]], in: community, period: Homes.first, version: 1) != nil)
        let file = try Data(contentsOf: folder.url.appending(path: "secrets.sqlite"))
        for secret in [key, salts.members[0].salt] { #expect(file.range(of: Data(secret.bytes)) == nil) }
        #expect(file.range(of: Data(SHA256.hash([2]).bytes)) != nil)
    }

    /// New batches are told in their order, once; whoever falls too far behind is told that.
    @Test func arrivals() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batches = (1...3).map { Homes.batch($0) }
        for batch in batches + batches { try lake.store(batch.bcs) }
        let (all, next) = lake.arrivals.entries(from: 0)
        #expect(all?.map(\.digest) == batches.map(\.digest) && next == 3)
        #expect(lake.arrivals.entries(from: 2).entries?.map(\.digest) == [batches[2].digest])
        #expect(lake.arrivals.entries(from: next).entries?.isEmpty == true)
        #expect(try DataLake(folder: folder.url).arrivals.entries(from: 0).entries?.isEmpty == true)
        let log = ArrivalLog()
        let entry = try #require(all?.first)
        for _ in 0...ArrivalLog.entriesMax { log.note(entry) }
        let (rest, end) = log.entries(from: 0)
        #expect(rest == nil && end == UInt64(ArrivalLog.entriesMax) + 1)
        #expect(log.entries(from: end - 5).entries?.count == 5)
    }
}
