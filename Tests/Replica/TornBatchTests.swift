import Chain
import LedgerState
import Primitives
import TestSupport
import Testing

@testable import Replica

/// Power fails within a store batch: history is there, the index that names it is not.
@Suite struct TornBatchTests {
    private static func network(seed: UInt64) throws -> TestNetwork {
        let network = try TestNetwork(seed: seed)
        try network.startAll()
        return network
    }

    private static func load(_ network: TestNetwork, rounds: Range<Int>) throws -> [Transaction] {
        var sent: [Transaction] = []
        for round in rounds {
            let batch = try (0..<3).map { try network.put("torn \(round) \($0)", client: $0) }
            try network.submit(batch, to: 1 + round % 3)
            try network.run(150)
            sent += batch
        }
        return sent
    }

    /// Records of history behind the stored tip.
    private static func leftovers(_ store: MemoryStore) throws -> Int {
        let tip = try store.get(ChainStore.tip).map { try StoredTip(bcs: $0).height }
        let (blocks, nodes) = (ChainStore.blocks(above: tip), StateMaintenance.versions(above: tip))
        return try [blocks, nodes].reduce(0) {
            $0 + (try store.scan(from: $1.start, to: $1.end, limit: 100_000, reversed: false).count)
        }
    }

    /// At each of the first batches, the genesis included: after the next start nothing is left of the torn one, no view shows
    /// what lies above the tip, and in the end the store holds what one holds that never crashed.
    @Test(arguments: WriteMoment.allCases) func nothingIsLeftBehind(_ moment: WriteMoment) throws {
        var wasTorn = false
        for write in 1...5 {
            let network = try TestNetwork(seed: 30 + UInt64(write))
            network.nodes[0].crashAtStore = (write, moment)
            try network.startAll()
            var sent = try TornBatchTests.load(network, rounds: 0..<28)
            let node = network.nodes[0]
            #expect(!node.isRunning, "write \(write) was never made")
            let torn = try TornBatchTests.leftovers(node.store)
            wasTorn = wasTorn || torn > 0
            try network.start(0)
            let view = try #require(node.view)
            #expect(view.state.root == view.tip.stateRoot)
            #expect(try view.block(at: view.tip.height.next) == nil && view.header(at: view.tip.height.next) == nil)
            #expect(try view.receipts(at: view.tip.height.next) == nil)
            #expect(try view.finalization(at: view.tip.height.next) == nil)
            sent += try TornBatchTests.load(network, rounds: 28..<36)
            #expect(try network.runUntilFinal(sent))
            #expect(node.halted == nil)
            try network.run(5_000)
            #expect(try TornBatchTests.leftovers(node.store) == 0, "write \(write)")
            try TornBatchTests.expectNoLeak(node, network)
        }
        #expect(wasTorn == (moment == .amidHistory || moment == .beforeIndex))
    }

    /// The store holds the newest version and, by its stale lists, what older ones need: pruned, exactly what a rebuild from
    /// the leaves has.
    private static func expectNoLeak(_ node: TestNode, _ network: TestNetwork) throws {
        let store = node.store.copy()
        while true {
            let step = try StateMaintenance.prune(store, before: Height(.max), limit: 10_000)
            store.apply(step.batch)
            if step.isComplete { break }
        }
        let newest = try #require(try StateSnapshot.open(store))
        let rebuilt = MemoryStore()
        var rebuilder = StateRebuilder(version: newest.version)
        rebuilt.apply(try rebuilder.add(try newest.leaves(after: nil, limit: 10_000)))
        rebuilt.apply(try rebuilder.finish(root: newest.root))
        func records(_ store: MemoryStore) -> Int { store.entries().count { $0.key[0] <= 0x04 } }
        #expect(records(store) == records(rebuilt))
        let tip = try #require(try store.get(ChainStore.tip).map { try StoredTip(bcs: $0).height })
        #expect(store.entries().count { $0.key[0] == 0x10 && $0.key[9] == 0 } == Int(tip.value) + 1)
    }

    /// While a state that was given up is removed, checkpoints are made: what a torn one leaves goes at the next start,
    /// though the marker of that state stands, and that state's own records go by the marker.
    @Test func aTornCheckpointBesideAStateThatWasGivenUp() throws {
        let network = try TornBatchTests.network(seed: 45)
        var sent = try TornBatchTests.load(network, rounds: 0..<4)
        try network.run(2_000)
        network.crash(0)
        let store = network.nodes[0].store
        let tip = try #require(try store.get(ChainStore.tip).map { try StoredTip(bcs: $0).height })
        let version = Height(tip.value + 1_000)
        func key(_ height: UInt64) -> [UInt8] {
            StateMaintenance.versions(above: Height(height - 1)).start + [0xff, 1]
        }
        let heights = [tip.value + 1, tip.value + 2, version.value, version.value + 1]
        var batch = KeyValueBatch()
        batch.put(ChainStore.marker, SnapshotMarker(version: version, stage: .receiving).bcs)
        for height in heights { batch.put(key(height), [1]) }
        store.apply(batch)
        try network.start(0)
        sent += try TornBatchTests.load(network, rounds: 10..<20)
        #expect(try network.runUntilFinal(sent))
        try network.run(5_000)
        #expect(network.nodes[0].halted == nil)
        for height in heights { #expect(try network.nodes[0].store.get(key(height)) == nil, "height \(height)") }
        #expect(try network.nodes[0].store.get(ChainStore.marker) == nil)
        try TornBatchTests.expectNoLeak(network.nodes[0], network)
    }

    /// Again and again: what is left of one crash goes also when the next one comes before or within its removal.
    @Test func crashesWithinTheRemoval() throws {
        let network = try TornBatchTests.network(seed: 44)
        _ = try TornBatchTests.load(network, rounds: 0..<4)
        for round in 0..<8 {
            network.crash(0)
            network.nodes[0].crashAtStore = (1 + round % 2, round % 3 == 0 ? .amidHistory : .beforeIndex)
            try network.start(0)
            _ = try TornBatchTests.load(network, rounds: 10 * (round + 1)..<10 * (round + 1) + 8)
            #expect(!network.nodes[0].isRunning)
        }
        network.nodes[0].crashAtStore = nil
        try network.start(0)
        #expect(try network.runUntilFinal(try TornBatchTests.load(network, rounds: 200..<204)))
        try network.run(5_000)
        #expect(try TornBatchTests.leftovers(network.nodes[0].store) == 0)
        try TornBatchTests.expectNoLeak(network.nodes[0], network)
        #expect(network.nodes[0].halted == nil)
    }
}
