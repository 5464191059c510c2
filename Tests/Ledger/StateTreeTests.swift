import Chain
import LedgerCrypto
import LedgerState
import Primitives
import Synchronization
import TestSupport
import Testing

/// Remembers everything; for one thread.
private final class TestMemory: NodeDigestMemory, @unchecked Sendable {
    private var digests: [Digest: NodeDigests] = [:]
    subscript(_ node: Digest) -> NodeDigests? { digests[node] }
    func keep(_ digests: NodeDigests, of node: Digest) { self.digests[node] = digests }
}

/// Compares a snapshot with the model: root, every value, absent keys, all proofs, all leaves.
private func expectSame(_ snapshot: StateSnapshot, _ model: StateModel, keys: Int, _ note: String) throws {
    #expect(snapshot.root == model.root, "\(note): root")
    let memory = TestMemory()
    // In no order, and some twice.
    let mixed = (0..<keys + 5).map { Array("k\(($0 * 7 + 3) % keys)".utf8) }
    #expect(try snapshot.values(mixed) == mixed.map { model.values[$0] }, "\(note): values together")
    for number in 0..<keys {
        let key = Array("k\(number)".utf8)
        #expect(try snapshot.value(key) == model.values[key], "\(note): value of k\(number)")
        let proof = try snapshot.prove(key)
        for _ in 0..<2 { #expect(try snapshot.prove(key, memory: memory) == proof, "\(note): remembered proof") }
        if let value = model.values[key] {
            #expect(proof?.verifyMembership(root: model.root, key: key, value: value) == true, "\(note): k\(number)")
            #expect(proof?.verifyMembership(root: model.root, key: key, value: value + [0]) == false)
            #expect(proof?.verifyNonMembership(root: model.root, key: key) == false)
        } else if model.values.isEmpty {
            #expect(proof == nil)
        } else {
            #expect(proof?.verifyNonMembership(root: model.root, key: key) == true, "\(note): absence of k\(number)")
        }
        if let proof { #expect(try CommitmentProof(protobuf: proof.protobuf) == proof) }
    }
    var collected: [StateLeaf] = []
    while true {
        let chunk = try snapshot.leaves(after: collected.last.map { SHA256.hash($0.key) }, limit: 7)
        collected += chunk
        if chunk.count < 7 { break }
    }
    #expect(collected == model.leaves, "\(note): leaves")
}

@Suite struct StateTreeTests {
    @Test(arguments: 0..<12 as Range<UInt64>)
    func followsTheModelOverForksCheckpointsAndRestarts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let keys = [3, 20, 60, 200][Int(seed % 4)]
        let store = MemoryStore()
        var tips: [(snapshot: StateSnapshot, model: StateModel)] = [(.empty(over: store), StateModel())]
        var height: UInt64 = 0
        for round in 0..<24 {
            let parent = tips[Int.random(in: 0..<tips.count, using: &random)]
            let changes = random.changes(Int.random(in: 0...keys / 2 + 1, using: &random), keys: keys)
            var model = parent.model
            model.apply(changes)
            let child = try parent.snapshot.applying(changes, version: Height(height))
            height += UInt64.random(in: 1...2, using: &random)
            try expectSame(child, model, keys: keys, "seed \(seed) round \(round)")
            tips.append((child, model))
            if tips.count > 4 { tips.removeFirst() }
            // The parent must not have noticed.
            #expect(parent.snapshot.root == parent.model.root)

            if round % 5 == 4 {
                // Finalize a middle one; others that do not descend from it go.
                let final = tips[tips.count / 2]
                let heldBytesMax = [StateCheckpoint.heldBytesMax, 20_000, 0][Int(seed / 4 % 3)]
                let checkpoint = try final.snapshot.checkpoint(heldBytesMax: heldBytesMax)
                #expect(checkpoint.root == final.model.root)
                store.apply(try checkpoint.batch())
                tips = tips.compactMap { tip in tip.snapshot.rebased(onto: checkpoint).map { ($0, tip.model) } }
                #expect(!tips.isEmpty)
                for tip in tips { try expectSame(tip.snapshot, tip.model, keys: keys, "rebased, seed \(seed)") }
            }
            if round % 10 == 9 {
                let reopened = try #require(try StateSnapshot.open(store.copy()))
                let newest = try #require(tips.first { $0.snapshot.version == reopened.version })
                try expectSame(reopened, newest.model, keys: keys, "reopened, seed \(seed)")
            }
        }
    }
    /// Upper nodes are written by every block; without the replaced ones a whole small state stays in memory.
    @Test func aStateThatFitsIsNotReadBack() throws {
        var random = SeededGenerator(seed: 7)
        let reader = CountingReader()
        var model = StateModel()
        var tip = StateSnapshot.empty(over: reader)
        let keys = (0..<400).map { Array("k\($0)".utf8) }
        for height in 0..<600 as Range<UInt64> {
            // Every key is written now and then, one of them most of the time.
            let changes = Set([Int.random(in: 0..<400, using: &random), Int(height) % 400, 0]).sorted().map {
                StateChange(key: keys[$0], value: [UInt8](repeating: UInt8($0 % 200), count: 20) + Height(height).bcs)
            }
            model.apply(changes)
            tip = try tip.applying(changes, version: Height(height))
            guard height % 16 == 15 else { continue }
            // The state itself takes some 150 KB; all that its blocks wrote would be ten times as much.
            let checkpoint = try tip.checkpoint(heldBytesMax: 300_000)
            reader.store.apply(try checkpoint.batch())
            tip = try #require(tip.rebased(onto: checkpoint))
        }
        reader.gets.withLock { $0 = 0 }
        for key in keys { #expect(try tip.value(key) == model.values[key]) }
        #expect(reader.gets.withLock { $0 } == 0)
        #expect(tip.root == model.root)
    }

    /// What was replaced takes no memory, however many blocks wrote it: a node's memory must not follow its uptime.
    @Test func replacedStateTakesNoMemory() throws {
        let store = MemoryStore()
        var tip = StateSnapshot.empty(over: store)
        var model = StateModel()
        var held: [Int] = []
        for height in 0..<6_000 as Range<UInt64> {
            // Each of 150 keys once in three blocks, and one of 400 keys, so that a little is left of many blocks.
            let keys = (0..<50).map { Int(height) % 3 * 50 + $0 } + [200 + Int(height) % 400]
            let changes = keys.map { StateChange(key: Array("k\($0)".utf8), value: Height(height).bcs) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            model.apply(changes)
            tip = try tip.applying(changes, version: Height(height))
            guard height % 16 == 15 else { continue }
            let checkpoint = try tip.checkpoint()
            store.apply(try checkpoint.batch())
            tip = try #require(tip.rebased(onto: checkpoint))
            held.append(tip.heldBytes)
            #expect(tip.heldLayerCount <= 420)
        }
        let (early, late) = (held[50..<100].max() ?? 0, held.suffix(50).max() ?? 0)
        #expect(late > 0 && late <= early * 11 / 10, "\(early) bytes early, \(late) late")
        for (key, value) in model.values { #expect(try tip.value(key) == value) }
        #expect(tip.root == model.root)
    }

    /// Of keys that are never written again something is left of every block: then the oldest blocks go.
    @Test func aBoundedNumberOfBlocksIsHeld() throws {
        let store = MemoryStore()
        var tip = StateSnapshot.empty(over: store)
        for height in 0..<5_000 as Range<UInt64> {
            let change = StateChange(key: Array("k\(height)".utf8), value: Height(height).bcs)
            tip = try tip.applying([change], version: Height(height))
            guard height % 100 == 99 else { continue }
            let checkpoint = try tip.checkpoint()
            store.apply(try checkpoint.batch())
            tip = try #require(tip.rebased(onto: checkpoint))
            #expect(tip.heldLayerCount == min(Int(height) + 1, 4_096))
        }
        for height in 0..<5_000 as Range<UInt64> {
            #expect(try tip.value(Array("k\(height)".utf8)) == Height(height).bcs)
        }
    }
}

/// A store that counts what is read from it.
private final class CountingReader: KeyValueReader {
    let store = MemoryStore()
    let gets = Mutex(0)

    func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        gets.withLock { $0 += 1 }
        return try store.get(key)
    }

    func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
        try store.scan(from: start, to: end, limit: limit, reversed: reversed)
    }
}
