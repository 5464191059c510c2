import Chain
import Foundation
import LedgerCrypto
import LedgerState
import NodeRuntime
import Primitives
import Replica
import Testing

/// Old states go, those that are kept stay readable, and nothing waits for it.
@Suite(.serialized) struct PruningTests {
    private static let key = Notebook.key(secret(100).publicKey, 0)

    /// Keys and bytes of the state's records: nodes, leaves, stale list and roots.
    private func records(_ node: TestNode) throws -> (count: Int, versions: [Height]) {
        let reader = node.view.reader
        var (count, from) = (0, [UInt8(0x01)])
        while true {
            let page = try reader.scan(from: from, to: [0x05], limit: 10_000, reversed: false)
            count += page.count
            guard let last = page.last else { break }
            from = last.key + [0]
        }
        var versions: [Height] = []
        var next = try StateSnapshot.newestStored(reader, atMost: Height(.max))
        while let version = next {
            versions.append(version)
            next = try version.previous.flatMap { try StateSnapshot.newestStored(reader, atMost: $0) }
        }
        return (count, versions.reversed())
    }

    @Test(.timeLimit(.minutes(4))) func oldStatesGoAndKeptOnesAreRead() async throws {
        let network = try TestNetwork()
        network.adjust = {
            $0.checkpointBlocks = 4
            // Node 1 keeps all, to compare.
            $0.stateRetention = $0.dataFolder.hasSuffix("node-1") ? nil : 32
        }
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        // What was written by which height.
        var written: [(height: Height, note: String)] = []
        func write(_ count: Int) async throws {
            for _ in 0..<count {
                let note = "note \(written.count)"
                written.append((try await network.commit(note, at: 0).height, note))
            }
        }
        try await write(100)
        let node = try network.node(0)
        let early = try records(node)
        // A reader that takes its time holds its state.
        var held: (view: ChainView, state: LeasedState)? = node.leasedView()
        let heldNote = Array(try #require(written.last).note.utf8)
        let heldHeight = try #require(held?.view.tip.height)
        try await write(150)
        #expect(try held?.state.value(PruningTests.key) == heldNote)
        #expect(try #require(try records(node).versions.first) <= heldHeight)
        held = nil
        try await write(60)
        #expect(
            await eventually { (try? records(node).versions.first).flatMap { $0 }.map { $0 > heldHeight } ?? false })

        // No more than the slack waits, and what a checkpoint in between adds.
        let span = 32 + StateRetention.slack(32) + 3 * 4
        #expect(
            await eventually {
                guard let versions = try? records(node).versions, let oldest = versions.first,
                    let newest = versions.last
                else { return false }
                return newest.distance(above: oldest) <= span
            })
        let late = try records(node)
        let all = try records(try network.node(1))
        #expect(late.versions.count <= 32 / 4 + 12 && early.versions.count <= 32 / 4 + 12)
        #expect(all.versions.count > 60 && all.count > 3 * late.count, "\(late.count) records of \(all.count)")
        #expect(late.count < 2 * early.count, "\(early.count) records became \(late.count)")
        let reader = node.view.reader
        for version in late.versions {
            let state = try #require(try StateSnapshot.historic(reader, at: version))
            #expect(state.root == (try node.view.header(at: version)?.stateRoot))
            let note = try #require(written.last { $0.height <= version }).note
            #expect(try state.value(PruningTests.key) == Array(note.utf8))
            #expect(try state.prove(PruningTests.key) != nil)
        }
        let oldest = try #require(late.versions.first)
        #expect(try StateSnapshot.oldestStored(reader) == oldest && oldest.value + 32 <= node.view.tip.height.value)
        #expect(try StateSnapshot.newestStored(reader, atMost: Height(oldest.value - 1)) == nil)
        let counters = node.counters
        #expect(counters.prunedRecords > 0 && counters.prunedBelow == oldest.value)

        // The pruned store opens, and the node goes on.
        await network.stop([0])
        try await network.start([0])
        try await network.commit("after", at: 0)
        await network.stop([0, 1, 2, 3])
    }
}
