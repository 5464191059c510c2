import Chain
import LedgerCrypto
import LedgerState
import Primitives
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
                let checkpoint = try final.snapshot.checkpoint()
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
}
