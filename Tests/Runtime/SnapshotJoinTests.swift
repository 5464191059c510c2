import Chain
import Foundation
import LedgerCrypto
import LedgerState
import Logging
import NodeRuntime
import Primitives
import Replica
import SnapshotWorkload
import Storage
import Testing
import Transport

/// A fresh node joins a long chain over real links and disks. `COMMONWATT_SNAPSHOT_KEYS` changes the size of the state;
/// `commonwatt-snapshot` measures it in processes of their own.
@Suite(.serialized) struct SnapshotJoinTests {
    static let keys = ProcessInfo.processInfo.environment["COMMONWATT_SNAPSHOT_KEYS"].flatMap { UInt64($0) } ?? 100_000
    static let blocks: UInt64 = 4_000

    @Test(.timeLimit(.minutes(5))) func aFreshNodeJoinsALongChain() async throws {
        let folder = NSTemporaryDirectory() + "commonwatt-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (old, new) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let now = Timestamp(UInt64(Date().timeIntervalSince1970 * 1_000))
        let genesis = try ChainBuilder.genesis(
            key: secret(1), transportKey: old.peer, now: now, blocks: SnapshotJoinTests.blocks,
            heartbeatMilliseconds: 1_000)
        try FileManager.default.createDirectory(atPath: folder + "/old", withIntermediateDirectories: true)
        try SnapshotJoinTests.make(folder + "/old/store", genesis)

        var serving = NodeConfiguration(
            genesis: genesis, key: secret(1), transport: old, dataFolder: folder + "/old")
        serving.listenHost = "127.0.0.1"
        serving.peers = [PeerConfiguration(name: "new", peer: new.peer, host: nil, port: 0)]
        try ChainBuilder.prepareJournal(in: serving.dataFolder + "/journal", owner: serving.journalOwner)
        let logger = Logger(label: "node", factory: { _ in SwiftLogNoOpLogHandler() })
        let server = try await LedgerNode.start(
            application: WorkloadApplication(), configuration: serving, logger: logger)
        var joining = NodeConfiguration(genesis: genesis, key: nil, transport: new, dataFolder: folder + "/new")
        joining.listenPort = nil
        joining.snapshotLagBlocks = 1_000
        joining.peers = [
            PeerConfiguration(name: "old", peer: old.peer, host: "127.0.0.1", port: try #require(server.peerPort))
        ]
        let began = Date()
        let node = try await LedgerNode.start(
            application: WorkloadApplication(), configuration: joining, logger: logger)
        var words: Set<String> = []
        let isThere = await eventually {
            let snapshot = await node.snapshot()
            if let waiting = snapshot.waitingFor { words.insert(waiting) }
            return snapshot.status.height.value >= SnapshotJoinTests.blocks && snapshot.status.snapshot == nil
        }
        let seconds = Date().timeIntervalSince(began)
        print("joined \(SnapshotJoinTests.keys) keys, \(SnapshotJoinTests.blocks) blocks in \(seconds) s")
        let status = await node.snapshot().status
        #expect(isThere, "\(status)")
        #expect(words.contains { $0.hasPrefix("Far behind: the node takes over the state of block ") }, "\(words)")
        try await SnapshotJoinTests.compare(node, server)
        await node.stop()
        // An ordinary node from now on, across restarts too.
        let again = try await LedgerNode.start(
            application: WorkloadApplication(), configuration: joining, logger: logger)
        #expect(again.view.tip.height.value > SnapshotJoinTests.blocks / 2)
        try await SnapshotJoinTests.compare(again, server)
        await again.stop()
        await server.stop()
    }

    private static func make(_ path: String, _ genesis: Genesis) throws {
        let store = try KeyValueStore.open(at: path)
        defer { store.close() }
        let builder = try ChainBuilder.open(WorkloadApplication(), store: store, genesis: genesis, key: secret(1))
        try builder.build(keys: keys, blocks: blocks)
        #expect(builder.storedHeight.value >= blocks)
    }

    /// The same chain and the same answers; the new node follows the old one on.
    private static func compare(
        _ node: LedgerNode<WorkloadApplication>, _ server: LedgerNode<WorkloadApplication>
    ) async throws {
        let base = try node.view.base()
        #expect(base.value % 256 == 0 && base.value > blocks / 2)
        #expect(try server.view.base().value == 0)
        let height = server.view.tip.height.next
        _ = try await node.finalHeight(reaching: height, waitingMilliseconds: 30_000)
        _ = try await server.finalHeight(reaching: height, waitingMilliseconds: 30_000)
        let view = node.view
        #expect(view.tip.height >= height)
        let other = try #require(try server.view.header(at: height))
        #expect(try view.header(at: height)?.digest == other.digest)
        #expect(try view.block(at: base.next) != nil)
        #expect(try view.block(at: Height(base.value - 1)) == nil)
        for number in [0, 1, 4_095, 4_096, keys / 2, keys - 1] {
            let key = WorkloadApplication.key(number)
            #expect(try view.state.value(key) == WorkloadApplication.value(number))
            #expect(try view.state.prove(key)?.isValid(root: view.tip.stateRoot, key: key) == true)
        }
        let absent = WorkloadApplication.key(keys)
        #expect(try view.state.value(absent) == nil)
        #expect(try view.state.prove(absent)?.verifyNonMembership(root: view.tip.stateRoot, key: absent) == true)
    }
}
