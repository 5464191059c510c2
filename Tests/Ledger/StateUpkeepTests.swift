import Chain
import Foundation
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

/// A chain of checkpoints with the model of each.
private func makeChain(
    seed: UInt64, checkpoints: Int, keys: Int = 60
) throws -> (store: MemoryStore, tip: StateSnapshot, models: [(version: Height, model: StateModel)]) {
    var random = SeededGenerator(seed: seed)
    let store = MemoryStore()
    var tip = StateSnapshot.empty(over: store)
    var model = StateModel()
    var models: [(version: Height, model: StateModel)] = []
    for number in 0..<checkpoints {
        for step in 0..<3 {
            let changes = random.changes(12, keys: keys)
            model.apply(changes)
            tip = try tip.applying(changes, version: Height(UInt64(number * 3 + step)))
        }
        let checkpoint = try tip.checkpoint()
        store.apply(try checkpoint.batch())
        tip = try #require(tip.rebased(onto: checkpoint))
        models.append((tip.version, model))
    }
    return (store, tip, models)
}

private func expectReadable(_ store: MemoryStore, _ version: Height, _ model: StateModel, keys: Int = 60) throws {
    let old = try #require(try StateSnapshot.historic(store, at: version))
    #expect(old.root == model.root)
    #expect(try old.leaves(after: nil, limit: 1_000) == model.leaves)
    for number in 0..<keys {
        let key = Array("k\(number)".utf8)
        #expect(try old.value(key) == model.values[key])
        let proof = try #require(try old.prove(key))
        #expect(proof.isValid(root: model.root, key: key))
        #expect(proof.value == model.values[key])
    }
}

@Suite struct StateUpkeepTests {
    @Test(arguments: 0..<4 as Range<UInt64>) func storedVersionsStayReadableUntilPruned(seed: UInt64) throws {
        let (store, tip, models) = try makeChain(seed: seed, checkpoints: 12)
        for (version, model) in models { try expectReadable(store, version, model) }
        #expect(try StateSnapshot.historic(store, at: Height(1)) == nil)
        #expect(try StateSnapshot.newestStored(store, atMost: Height(4)) == Height(2))
        #expect(try StateSnapshot.newestStored(store, atMost: Height(1)) == nil)

        let kept = models[7].version
        while true {
            let step = try StateMaintenance.prune(store, before: kept, limit: 9)
            store.apply(step.batch)
            if step.isComplete { break }
        }
        for (version, model) in models {
            if version < kept {
                #expect(try StateSnapshot.historic(store, at: version) == nil)
            } else {
                try expectReadable(store, version, model)
            }
        }
        #expect(try tip.leaves(after: nil, limit: 1_000) == models[11].model.leaves)
    }

    /// After pruning up to the newest version the store holds exactly what a rebuild from the leaves would write,
    /// versions aside: nothing leaks and nothing is lost.
    @Test(arguments: 0..<6 as Range<UInt64>) func pruningLeavesExactlyTheNewestVersion(seed: UInt64) throws {
        let (store, tip, models) = try makeChain(seed: seed, checkpoints: 6)
        let newest = try #require(models.last)
        // Roots of their own, then all records.
        let roots = try StateMaintenance.prune(store, before: Height(.max), limit: 100_000)
        #expect(!roots.isComplete && roots.batch.history.isEmpty && !roots.batch.isEmpty)
        store.apply(roots.batch)
        let step = try StateMaintenance.prune(store, before: Height(.max), limit: 100_000)
        #expect(step.isComplete)
        store.apply(step.batch)
        try expectReadable(store, newest.version, newest.model)
        let rebuilt = try rebuild(tip, chunk: 5)
        #expect(store.count == rebuilt.count)
        func values(_ store: MemoryStore) -> [[UInt8]] {
            store.entries().filter { $0.key[0] == 1 && $0.key[9] == 0xff }
                .map { Array($0.key[10...]) + $0.value }.sorted { $0.lexicographicallyPrecedes($1) }
        }
        #expect(values(store) == values(rebuilt))
    }

    /// Power fails within every step of pruning, after some of its history or all of it: what looks readable is whole, and
    /// pruning again leaves what it would have left without.
    @Test(arguments: 0..<4 as Range<UInt64>) func pruningIsCutShortAnywhere(seed: UInt64) throws {
        let (store, _, models) = try makeChain(seed: seed, checkpoints: 8)
        let kept = models[6].version
        let whole = store.copy()
        func prune(_ store: MemoryStore) throws {
            while true {
                let step = try StateMaintenance.prune(store, before: kept, limit: 9)
                store.apply(step.batch)
                if step.isComplete { return }
            }
        }
        try prune(whole)
        var steps = 0
        while true {
            let step = try StateMaintenance.prune(store, before: kept, limit: 9)
            let history = step.batch.history.entries
            for count in Set([history.count / 3, history.count]) {
                let cut = store.copy()
                cut.apply(KeyValueBatch(history.prefix(count)))
                for (version, model) in models where try StateSnapshot.historic(cut, at: version) != nil {
                    try expectReadable(cut, version, model)
                }
                try prune(cut)
                #expect(cut.entries().map(\.key) == whole.entries().map(\.key))
            }
            store.apply(step.batch)
            steps += 1
            if step.isComplete { break }
        }
        #expect(steps > 3)
    }

    private func rebuild(_ snapshot: StateSnapshot, chunk: Int) throws -> MemoryStore {
        let store = MemoryStore()
        var rebuilder = StateRebuilder(version: snapshot.version)
        while true {
            let leaves = try snapshot.leaves(after: rebuilder.last, limit: chunk)
            store.apply(try rebuilder.add(leaves))
            if leaves.count < chunk { break }
        }
        #expect(try StateSnapshot.open(store) == nil, "nothing may be served before the root was checked")
        store.apply(try rebuilder.finish(root: snapshot.root))
        return store
    }

    @Test(arguments: [0, 1, 2, 3, 17, 200, 2_000]) func rebuildsFromLeaves(count: Int) throws {
        var model = StateModel()
        model.apply((0..<count).map { StateChange(key: Array("k\($0)".utf8), value: [1, UInt8($0 % 251)]) })
        let changes = model.leaves.map { StateChange(key: $0.key, value: $0.value) }
        let original = try StateSnapshot.empty(over: MemoryStore()).applying(changes, version: Height(9))
        let store = try rebuild(original, chunk: 13)
        let opened = try #require(try StateSnapshot.open(store))
        #expect(opened.root == model.root)
        #expect(opened.version == Height(9))
        // The rebuilt tree goes on like the original.
        let more = [StateChange(key: Array("k0".utf8), value: nil), StateChange(key: Array("new".utf8), value: [7])]
        model.apply(more)
        #expect(try opened.applying(more, version: Height(10)).root == model.root)
        for number in 0..<min(count, 50) {
            let key = Array("k\(number)".utf8)
            #expect(try opened.prove(key)?.isValid(root: opened.root, key: key) == true)
        }
    }

    @Test func rebuildRefusesWrongLeaves() throws {
        let leaves = (0..<20).map { StateLeaf(key: Array("k\($0)".utf8), value: [1]) }
            .sorted { SHA256.hash($0.key) < SHA256.hash($1.key) }
        var descending = StateRebuilder(version: Height(1))
        _ = try descending.add([leaves[4]])
        #expect(throws: StateRebuildError.notAscending) { try descending.add([leaves[3]]) }
        var twice = StateRebuilder(version: Height(1))
        #expect(throws: StateRebuildError.notAscending) { try twice.add([leaves[3], leaves[3]]) }
        var empty = StateRebuilder(version: Height(1))
        #expect(throws: StateRebuildError.malformedLeaf) { try empty.add([StateLeaf(key: [1], value: [])]) }
        #expect(throws: StateRebuildError.malformedLeaf) { try empty.add([StateLeaf(key: [], value: [1])]) }
        var missingOne = StateRebuilder(version: Height(1))
        let store = MemoryStore()
        store.apply(try missingOne.add(leaves.dropLast()))
        let model = leaves.reduce(into: StateModel()) { $0.apply([StateChange(key: $1.key, value: $1.value)]) }
        #expect(throws: StateRebuildError.self) { try missingOne.finish(root: model.root) }
        while true {
            let step = try StateMaintenance.erase(store, limit: 4)
            store.apply(step.batch)
            if step.isComplete { break }
        }
        #expect(store.count == 0)
    }

    /// A snapshot keeps its answers while its own layers, and later ones, are stored below it.
    @Test func snapshotsStayRightUnderLaterCheckpoints() throws {
        var random = SeededGenerator(seed: 21)
        var (store, tip, models) = try makeChain(seed: 20, checkpoints: 2)
        var model = models[1].model
        var kept: [(snapshot: StateSnapshot, model: StateModel)] = []
        for step in 0..<6 as Range<UInt64> {
            let changes = random.changes(15, keys: 60)
            model.apply(changes)
            tip = try tip.applying(changes, version: Height(10 + step))
            kept.append((tip, model))
            if step % 2 == 1 {
                let checkpoint = try tip.checkpoint()
                store.apply(try checkpoint.batch())
                tip = try #require(tip.rebased(onto: checkpoint))
            }
            for (snapshot, model) in kept {
                for number in 0..<60 {
                    let key = Array("k\(number)".utf8)
                    #expect(try snapshot.value(key) == model.values[key])
                    #expect(try snapshot.prove(key)?.isValid(root: model.root, key: key) == true)
                }
                #expect(try snapshot.leaves(after: nil, limit: 1_000) == model.leaves)
            }
        }
        let last = try #require(try StateSnapshot.historic(store, at: tip.version))
        #expect(throws: StorageFailure.self) { try last.checkpoint() }
        #expect(throws: StorageFailure.self) { try last.applying([], version: Height(99)) }
    }

    /// Every record of a store after three checkpoints: nodes, leaves, stale lists, roots.
    @Test func goldenRecords() throws {
        let (store, _, _) = try makeChain(seed: 1, checkpoints: 3, keys: 9)
        var encoder = BCSEncoder()
        encoder.vector(store.entries()) {
            $0.blob($1.key)
            $0.blob($1.value)
        }
        #expect(Set(store.entries().map { $0.key[0] }) == [1, 3, 4])
        #expect(try Golden.matches("state/records", encoder.bytes), "the stored form of the state changed")
    }

    @Test func malformedChangesAndVersionsAreRefused() throws {
        let start = try StateSnapshot.empty(over: MemoryStore()).applying(
            [StateChange(key: [1], value: [1])], version: Height(4))
        for changes in [
            [StateChange(key: [], value: [1])], [StateChange(key: [1], value: [])],
            [StateChange(key: [UInt8](repeating: 1, count: 257), value: [1])],
            [StateChange(key: [1], value: [UInt8](repeating: 1, count: 1_025))],
            [StateChange(key: [2], value: [1]), StateChange(key: [2], value: [2])],
        ] { #expect(throws: StorageFailure.self) { try start.applying(changes, version: Height(5)) } }
        #expect(throws: StorageFailure.self) { try start.applying([], version: Height(4)) }
    }

    /// Any record may be missing or hold any bytes: reads then give the right answer or throw, and never trap. What a
    /// proof says is right or it is not handed out.
    @Test(arguments: 0..<3 as Range<UInt64>) func damageThrowsAndNeverTraps(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (intact, _, models) = try makeChain(seed: seed, checkpoints: 3)
        let model = try #require(models.last).model
        let entries = intact.entries().filter { $0.key[0] != 2 && $0.key[0] != 3 }
        for round in 0..<min(Fuzz.count(300), 20_000) {
            let store = intact.copy()
            let victim = entries[Int.random(in: 0..<entries.count, using: &random)]
            store.set(victim.key, random.damage(victim.value))
            guard let tip = try? StateSnapshot.open(store) else { continue }
            let key = Array("k\(Int.random(in: 0..<60, using: &random))".utf8)
            if let proof = try? tip.prove(key) { #expect(proof.isValid(root: tip.root, key: key), "round \(round)") }
            if tip.root == model.root, let proof = try? tip.prove(key) {
                #expect(proof.value == model.values[key], "round \(round)")
            }
            _ = try? tip.leaves(after: nil, limit: 100)
            let changes = random.changes(20, keys: 60)
            if let next = try? tip.applying(changes, version: tip.version.next) { _ = try? next.checkpoint().batch() }
        }
        intact.failReads("disk on fire")
        #expect(throws: StorageFailure("disk on fire")) { try StateSnapshot.open(intact) }
    }
}
