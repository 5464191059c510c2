import Chain
import Foundation
import Storage
import TestSupport
import Testing

/// The three parts of a store, and what a crash leaves between them.
@Suite struct StorePartsTests {
    private static func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    /// A checkpoint in miniature: records of the state and of blocks, more than one chunk of them, and a tip that names them.
    private static func checkpoint(_ height: UInt64, bytes: Int = 300) -> KeyValueBatch {
        var batch = KeyValueBatch()
        for record in 0..<8 as Range<UInt8> {
            batch.put([0x01] + number(height) + [7 - record], [UInt8](repeating: record, count: bytes))
        }
        batch.put([0x14] + number(height &* 0x9e37_79b9_7f4a_7c15), number(height))
        batch.put([0x10] + number(height) + [0], [UInt8](repeating: 9, count: bytes))
        batch.put([0x1f], number(height))
        return batch
    }

    /// All that the tip names is there.
    private static func expectWhole(_ reader: some KeyValueReader) throws -> UInt64 {
        guard let tip = try reader.get([0x1f]) else { return 0 }
        let height = tip.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        for number in 1...height {
            #expect(try reader.get([0x10] + self.number(number) + [0]) != nil, "block \(number) of \(height)")
            for record in 0..<8 as Range<UInt8> {
                #expect(try reader.get([0x01] + self.number(number) + [record]) != nil, "state \(number) of \(height)")
            }
        }
        return height
    }

    @Test func keysAreDividedByTag() throws {
        let folder = try TemporaryFolder()
        let store = try KeyValueStore.open(at: folder.path + "/s")
        var batch = KeyValueBatch()
        let keys: [[UInt8]] = [
            [], [0], [1], [1, 0], [1, 255], [2], [3, 1], [0x0f, 255], [0x10], [0x10, 5], [0x11], [255, 255],
        ]
        for key in keys.reversed() { batch.put(key, key + [1]) }
        try store.write(batch, durable: true)
        for key in keys { #expect(try store.get(key) == key + [1]) }
        let top: [UInt8] = [255, 255, 255]
        for limit in 0...keys.count {
            let up = try store.scan(from: [], to: top, limit: limit, reversed: false)
            #expect(up.map(\.key) == Array(keys.prefix(limit)))
            let down = try store.scan(from: [], to: top, limit: limit, reversed: true)
            #expect(down.map(\.key) == Array(keys.reversed().prefix(limit)))
        }
        // What begins and ends within parts and at their edges.
        for start in keys.indices {
            for end in start..<keys.count {
                let found = try store.scan(from: keys[start], to: keys[end], limit: 99, reversed: false)
                #expect(found.map(\.key) == Array(keys[start..<end]))
                let back = try store.scan(from: keys[start], to: keys[end], limit: 99, reversed: true)
                #expect(back.map(\.key) == keys[start..<end].reversed())
            }
        }
        #expect(try store.scan(from: [9], to: [9], limit: 9, reversed: false).isEmpty)
        #expect(store.property("leveldb.stats")?.contains("blocks: ") == true)
        #expect(store.property("no.such") == nil)
    }

    /// The same batches in a store on disk and in one in memory, with removals and keys written twice.
    @Test(arguments: 0..<3 as Range<UInt64>) func agreesWithMemory(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: seed)
        var store = try KeyValueStore.open(at: folder.path + "/s")
        let memory = MemoryStore()
        for round in 0..<60 {
            var batch = KeyValueBatch()
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let tags: [UInt8] = [1, 1, 3, 4, 0x10, 0x10, 0x14]
                var key = [tags.randomElement(using: &random) ?? 0]
                key += StorePartsTests.number(UInt64.random(in: 0...6, using: &random))
                for _ in 0..<Int.random(in: 0...12, using: &random) {
                    key.append(UInt8.random(in: 0...1, using: &random))
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    batch.remove(key)
                } else {
                    batch.put(key, [UInt8](repeating: UInt8(round), count: Int.random(in: 0...90_000, using: &random)))
                }
            }
            try store.write(batch, durable: round % 5 == 0)
            memory.apply(batch.history)
            memory.apply(batch.index)
            if round % 25 == 24 {
                store.close()
                store = try KeyValueStore.open(at: folder.path + "/s")
            }
        }
        let found = try store.scan(from: [], to: [255], limit: 100_000, reversed: false)
        let expected = memory.entries()
        #expect(found.map(\.key) == expected.map(\.key) && found.map(\.value) == expected.map(\.value))
        #expect(found.count > 100)
    }

    /// A copy of the folder while batches are written, index first: what its index names is all there, because history
    /// reaches the files before.
    @Test func historyIsWrittenBeforeWhatNamesIt() async throws {
        let folder = try TemporaryFolder()
        let store = try KeyValueStore.open(at: folder.path + "/s")
        let writer = Task.detached {
            for height in 1...400 as ClosedRange<UInt64> {
                try store.write(StorePartsTests.checkpoint(height, bytes: 2_000), durable: height % 16 == 0)
            }
        }
        var heights: [UInt64] = []
        for round in 0..<12 {
            let copy = folder.path + "/copy\(round)"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            for part in [StorePart.index, .blocks, .state] {
                let name = KeyValueStore.folder(part)
                try FileManager.default.copyItem(atPath: folder.path + "/s/" + name, toPath: copy + "/" + name)
            }
            let opened = try KeyValueStore.open(at: copy)
            heights.append(try StorePartsTests.expectWhole(opened))
            opened.close()
            // A snapshot shows whole batches, while more are written.
            let frozen = try store.snapshot()
            let height = try StorePartsTests.expectWhole(frozen)
            let beyond = try frozen.scan(
                from: [0x01] + StorePartsTests.number(height + 1), to: [0x02], limit: 1, reversed: false)
            #expect(beyond.isEmpty, "half of a batch above \(height)")
        }
        try await writer.value
        #expect(heights == heights.sorted() && heights.last ?? 0 > 0)
        #expect(try StorePartsTests.expectWhole(store) == 400)
    }

    /// What a crash leaves between history and index is there and named by nothing; the next batch takes its place.
    @Test func historyAloneIsNotVisible() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        do {
            let store = try KeyValueStore.open(at: path)
            try store.write(StorePartsTests.checkpoint(1), durable: true)
            try store.write(StorePartsTests.checkpoint(2, bytes: 400_000).history, durable: true)
            store.close()
        }
        let store = try KeyValueStore.open(at: path)
        #expect(try StorePartsTests.expectWhole(store) == 1)
        #expect(try store.get([0x10] + StorePartsTests.number(2) + [0]) != nil)
        try store.write(StorePartsTests.checkpoint(2), durable: true)
        #expect(try StorePartsTests.expectWhole(store) == 2)
    }

    @Test func anOlderFormatIsRefused() throws {
        let folder = try TemporaryFolder()
        try Data("MANIFEST-000002\n".utf8).write(to: URL(filePath: folder.path + "/CURRENT"))
        #expect { try KeyValueStore.open(at: folder.path) } throws: {
            "\($0)".contains("older version") && "\($0)".contains("fetches everything from its peers")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/index"))
    }

    /// A part that is gone is damage: it is not made anew beside the others.
    @Test(arguments: [StorePart.state, .blocks]) func aMissingPartIsReported(part: StorePart) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        let store = try KeyValueStore.open(at: path)
        try store.write(StorePartsTests.checkpoint(1), durable: true)
        store.close()
        try FileManager.default.removeItem(atPath: path + "/" + KeyValueStore.folder(part))
        #expect { try KeyValueStore.open(at: path) } throws: {
            ($0 as? StorageError)?.kind == .corrupt && "\($0)".contains(KeyValueStore.folder(part))
        }
        #expect(!FileManager.default.fileExists(atPath: path + "/" + KeyValueStore.folder(part)))
    }
}
