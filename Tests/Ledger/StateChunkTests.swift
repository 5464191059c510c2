import Chain
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

/// Runs of leaves with what shows that they are the state's own.
@Suite struct StateChunkTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

    private static func state(_ count: Int, in store: MemoryStore) throws -> StateSnapshot {
        let changes = (0..<count).map {
            StateChange(key: key($0), value: Array("value \($0)".utf8))
        }
        let state = try StateSnapshot.empty(over: store).applying(changes, version: Height(5))
        store.apply(try state.checkpoint().batch())
        return try #require(try StateSnapshot.open(store))
    }

    /// Chunk by chunk, each found right where it ends, whatever the sizes.
    @Test(arguments: [1, 2, 3, 16, 17, 100, 1_000]) func everyChunkIsAccepted(_ count: Int) throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(count, in: store)
        for size in [1, 2, 7, 64, 1_000] where count / size <= 200 {
            var rebuilder = StateRebuilder(version: Height(9))
            let rebuilt = MemoryStore()
            var range = StateRange.part
            var found = 0
            while range == .part {
                let chunk = try #require(try state.chunk(after: rebuilder.last, leavesMax: size))
                #expect(try StateChunk(bcs: chunk.bcs) == chunk)
                rebuilt.apply(try rebuilder.add(chunk.leaves))
                range = rebuilder.check(chunk.siblings, root: state.root)
                found += chunk.leaves.count
            }
            #expect(range == .whole && found == count)
            #expect(try state.chunk(after: rebuilder.last, leavesMax: size) == nil)
            rebuilt.apply(try rebuilder.finish(root: state.root))
            let opened = try StateChunkTests.open(rebuilt, root: state.root, count)
            let change = [
                StateChange(key: StateChunkTests.key(0), value: [1]), StateChange(key: Array("new".utf8), value: [2]),
            ]
            #expect(
                try opened.applying(change, version: Height(10)).root
                    == state.applying(change, version: Height(6)).root)
        }
    }

    /// The rebuilt store is one like any other.
    @discardableResult
    private static func open(_ store: MemoryStore, root: Digest, _ count: Int) throws -> StateSnapshot {
        let opened = try #require(try StateSnapshot.open(store))
        #expect(opened.root == root && opened.version == Height(9))
        for number in 0..<count { #expect(try opened.value(key(number)) == Array("value \(number)".utf8)) }
        #expect(try opened.prove(key(count)) != nil && opened.prove(key(0)) != nil)
        return opened
    }

    /// Whatever a liar changes is found with the chunk that it is in.
    @Test func everyLieIsFoundAtOnce() throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(200, in: store)
        var rebuilder = StateRebuilder(version: Height(9))
        while let chunk = try state.chunk(after: rebuilder.last, leavesMax: 9) {
            for (name, lie) in StateChunkTests.lies(chunk) {
                var attempt = rebuilder
                guard (try? attempt.add(lie.leaves)) != nil else { continue }
                #expect(attempt.check(lie.siblings, root: state.root) == .wrong, "\(name)")
            }
            _ = try rebuilder.add(chunk.leaves)
            #expect(rebuilder.check(chunk.siblings, root: .zero) == .wrong)
            #expect(rebuilder.check(chunk.siblings, root: state.root) != .wrong)
        }
    }

    private static func lies(_ chunk: StateChunk) -> [(String, StateChunk)] {
        var lies: [(String, StateChunk)] = []
        for index in chunk.leaves.indices {
            let leaf = chunk.leaves[index]
            var leaves = chunk.leaves
            leaves[index] = StateLeaf(key: leaf.key, value: leaf.value + [1])
            lies.append(("another value", StateChunk(leaves: leaves, siblings: chunk.siblings)))
            leaves = chunk.leaves
            leaves.remove(at: index)
            if !leaves.isEmpty {
                lies.append(("a leaf left out", StateChunk(leaves: leaves, siblings: chunk.siblings)))
            }
            leaves = chunk.leaves
            let extra = StateLeaf(key: Array("extra \(index)".utf8), value: [1])
            leaves.append(extra)
            leaves.sort { SHA256.hash($0.key) < SHA256.hash($1.key) }
            lies.append(("a leaf more", StateChunk(leaves: leaves, siblings: chunk.siblings)))
        }
        for index in chunk.siblings.indices {
            var siblings = chunk.siblings
            siblings[index] = SHA256.hash(siblings[index].bytes)
            lies.append(("another sibling", StateChunk(leaves: chunk.leaves, siblings: siblings)))
        }
        lies.append(("a sibling less", StateChunk(leaves: chunk.leaves, siblings: Array(chunk.siblings.dropLast()))))
        lies.append(("a sibling more", StateChunk(leaves: chunk.leaves, siblings: chunk.siblings + [.zero])))
        return lies
    }

    /// A leaf beside a lone one, below where the state has it alone: the path is right, the leaves are not.
    @Test func aLeafBelowALoneOneIsFound() throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(2, in: store)
        let honest = try #require(try state.chunk(after: nil))
        let last = try #require(honest.leaves.last)
        // Other keys whose digests share a longer prefix with the last leaf's than the lone one's place.
        let depth = honest.siblings.count
        let target = SHA256.hash(last.key)
        let extra = (0..<200_000).lazy.map { Array("near \($0)".utf8) }.first { key in
            let digest = SHA256.hash(key)
            return digest < target && (0..<depth + 4).allSatisfy { digest.bit($0) == target.bit($0) }
        }
        let leaves = [honest.leaves[0], StateLeaf(key: try #require(extra), value: [1]), last]
        var rebuilder = StateRebuilder(version: Height(9))
        _ = try rebuilder.add(leaves)
        #expect(rebuilder.check(honest.siblings, root: state.root) == .wrong)
    }

    @Test func chunksAreBounded() throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(600, in: store)
        #expect(try state.chunk(after: nil, leavesMax: 300)?.leaves.count == 300)
        let small = try #require(try state.chunk(after: nil, leafBytesMax: 100))
        #expect(small.leafBytes >= 100 && small.leafBytes < 100 + 40)
        #expect(try state.chunk(after: nil, leafBytesMax: 0)?.leaves.count == 1)
    }

    /// What a transfer that was given up wrote goes, and only that; the older state stays readable all the time.
    @Test func anAbandonedVersionIsErased() throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(300, in: store)
        let before = store.entries()
        var rebuilder = StateRebuilder(version: Height(9))
        store.apply(try rebuilder.add(try state.leaves(after: nil, limit: 100)))
        #expect(try state.value(StateChunkTests.key(7)) == Array("value 7".utf8))
        var isComplete = false
        while !isComplete {
            let step = try StateMaintenance.eraseVersion(store, Height(9), limit: 7)
            store.apply(step.batch)
            isComplete = step.isComplete
        }
        #expect(store.entries().map(\.key) == before.map(\.key))
        #expect(store.entries().map(\.value) == before.map(\.value))
    }

    /// The older state goes wholly once another one is in place.
    @Test func theOlderStateIsErased() throws {
        let store = MemoryStore()
        let state = try StateChunkTests.state(300, in: store)
        var rebuilder = StateRebuilder(version: Height(9))
        store.apply(try rebuilder.add(try state.leaves(after: nil, limit: 1_000)))
        store.apply(try rebuilder.finish(root: state.root))
        var steps = 0
        while true {
            let step = try StateMaintenance.eraseOlder(store, than: Height(9), limit: 50)
            store.apply(step.batch)
            if step.isComplete { break }
            steps += 1
        }
        #expect(steps > 5)
        #expect(try StateSnapshot.historic(store, at: Height(5)) == nil)
        let rebuilt = try #require(try StateSnapshot.historic(store, at: Height(9)))
        #expect(try rebuilt.value(StateChunkTests.key(7)) == Array("value 7".utf8))
        try StateChunkTests.open(store, root: state.root, 300)
        // Nothing but the new state is left: its nodes and leaves, one root, the newest version.
        let fresh = MemoryStore()
        var again = StateRebuilder(version: Height(9))
        fresh.apply(try again.add(try rebuilt.leaves(after: nil, limit: 1_000)))
        fresh.apply(try again.finish(root: state.root))
        #expect(store.entries().map(\.key) == fresh.entries().map(\.key))
    }
}
