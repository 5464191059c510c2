import Chain
import Foundation
import Storage
import TestSupport
import Testing

/// A folder that is removed at the end of a test.
final class TemporaryFolder {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "commonwatt-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct StoreTests {
    /// The store agrees with a sorted model under random batches, scans and restarts.
    @Test(arguments: 0..<3) func behavesLikeAModel(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: seed)
        var model: [[UInt8]: [UInt8]] = [:]
        func key() -> [UInt8] {
            // Tags of all three parts, and the bytes beside them.
            let tags: [UInt8] = [0, 1, 2, 3, 0x0f, 0x10, 0x11, 0x40]
            var key = [tags.randomElement(using: &random) ?? 0]
            if Bool.random(using: &random) { key.append(UInt8.random(in: 0...9, using: &random)) }
            return key
        }
        var store = try KeyValueStore.open(at: folder.path + "/s")
        for round in 0..<120 {
            var batch = KeyValueBatch()
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let name = key()
                if Bool.random(using: &random) {
                    let value = [UInt8](repeating: UInt8(round), count: Int.random(in: 0...300, using: &random))
                    batch.put(name, value)
                    model[name] = value
                } else {
                    batch.remove(name)
                    model[name] = nil
                }
            }
            try store.write(batch, durable: round % 7 == 0)
            if round % 40 == 20 {
                store.close()
                store = try KeyValueStore.open(at: folder.path + "/s")
            }
            let probe = key()
            #expect(try store.get(probe) == model[probe])
            let (start, end) = (key(), key())
            let limit = Int.random(in: 0...12, using: &random)
            let reversed = Bool.random(using: &random)
            var expected = model.keys.sorted { $0.lexicographicallyPrecedes($1) }.filter {
                !$0.lexicographicallyPrecedes(start) && $0.lexicographicallyPrecedes(end)
            }
            if reversed { expected.reverse() }
            let found = try store.scan(from: start, to: end, limit: limit, reversed: reversed)
            #expect(found.map(\.key) == Array(expected.prefix(limit)))
            #expect(found.allSatisfy { model[$0.key] == $0.value })
        }
    }

    @Test func aSnapshotDoesNotMove() throws {
        let folder = try TemporaryFolder()
        let store = try KeyValueStore.open(at: folder.path)
        var batch = KeyValueBatch()
        batch.put([1], [1])
        try store.write(batch, durable: false)
        let snapshot = try store.snapshot()
        batch.put([1], [2])
        batch.put([2], [2])
        try store.write(batch, durable: true)
        #expect(try snapshot.get([1]) == [1])
        #expect(try snapshot.scan(from: [0], to: [9], limit: 9, reversed: false).count == 1)
        #expect(try store.get([1]) == [2])
    }

    @Test func errorsAreTyped() throws {
        let folder = try TemporaryFolder()
        let store = try KeyValueStore.open(at: folder.path + "/s")
        #expect { try KeyValueStore.open(at: folder.path + "/s") } throws: { ($0 as? StorageError)?.kind == .locked }
        var options = KeyValueStoreOptions()
        options.createIfMissing = false
        #expect { try KeyValueStore.open(at: folder.path + "/t", options: options) } throws: {
            ($0 as? StorageError)?.kind == .missing
        }
        store.close()
        #expect(throws: StorageFailure.self) { try store.get([1]) }
        #expect { try store.write(KeyValueBatch(), durable: true) } throws: {
            ($0 as? StorageError)?.kind == .stopped
        }
    }

    /// A changed byte in a table is noticed by the read that meets it.
    @Test func aDamagedTableIsReported() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        do {
            let store = try KeyValueStore.open(at: path)
            var batch = KeyValueBatch()
            for number in 0..<2000 {
                batch.put(Array("key\(10_000 + number)".utf8), [UInt8](repeating: UInt8(number % 251), count: 100))
            }
            try store.write(batch, durable: true)
            store.compact()
            store.close()
        }
        let tables = try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.hasSuffix(".ldb") }
        #expect(!tables.isEmpty)
        for table in tables {
            let url = URL(filePath: path + "/" + table)
            var bytes = try Data(contentsOf: url)
            for position in stride(from: 0, to: bytes.count - 60, by: 1000) { bytes[position] ^= 0x55 }
            try bytes.write(to: url)
        }
        do {
            let store = try KeyValueStore.open(at: path)
            #expect(throws: StorageFailure.self) {
                _ = try store.scan(from: [0], to: [255], limit: 5000, reversed: false)
            }
        } catch {
            #expect(error.kind == .corrupt)
        }
    }
}

@Suite struct DiskFolderTests {
    @Test func aRealFolderHoldsAJournal() throws {
        let place = try TemporaryFolder()
        let folder = try DiskFolder(place.path + "/journal")
        try Journal.prepareFresh(folder, owner: owner)
        for round in 0..<3 {
            let (journal, records) = try Journal.open(folder, owner: owner, options: small())
            #expect(records == (0..<round * 20).map { entry(UInt64($0 + 1), bytes: 700) })
            try journal.append((1...20).map { entry(UInt64(round * 20 + $0), bytes: 700) })
            journal.close()
        }
        // A copy of the folder, as a backup tool makes it.
        try FileManager.default.copyItem(atPath: place.path + "/journal", toPath: place.path + "/copy")
        let (copy, _) = try Journal.open(try DiskFolder(place.path + "/copy"), owner: owner, options: small())
        guard case .lost = copy.standing else { return #expect(Bool(false), "the copy passes as the original") }
    }
}
