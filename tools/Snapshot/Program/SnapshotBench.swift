import ArgumentParser
import Chain
import Foundation
import LedgerCrypto
import Logging
import NodeRuntime
import Primitives
import Replica
import SnapshotWorkload
import Storage
import Transport

/// Measures how a new node takes over the state of a long chain: one process makes the chain, one serves it, one joins.
@main
struct SnapshotBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commonwatt-snapshot",
        abstract: "Measure how long a new node needs to take over a large state, with the memory of both sides.",
        subcommands: [Measure.self, Serve.self, Join.self], defaultSubcommand: Measure.self)

    /// A folder with a chain, and what its processes must know of each other.
    struct Folder {
        let path: String
        var port: String { path + "/port" }
        var genesis: String { path + "/genesis" }
        var server: String { path + "/server" }
        var joiner: String { path + "/joiner" }
        func identity(_ name: String) throws -> TransportIdentity {
            try TransportIdentity(pem: String(contentsOfFile: "\(path)/\(name).pem", encoding: .utf8))
        }
        func readGenesis() throws -> Genesis {
            try Genesis(bcs: [UInt8](Data(contentsOf: URL(filePath: genesis))))
        }
    }

    static func key() throws -> Secp256k1.SecretKey {
        guard let key = Secp256k1.SecretKey(SHA256.hash(Array("workload".utf8)).bytes) else {
            throw ValidationError("a digest is a key")
        }
        return key
    }

    /// Largest resident memory of this process, bytes.
    static func peakBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0)
            * 1_024
    }

    static func log(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a chain, serve it and join it.")
    @Option(help: "Keys of the state.") var keys: UInt64 = 1_000_000
    @Option(help: "Blocks of the chain.") var blocks: UInt64 = 12_000
    @Option(help: "Milliseconds between empty blocks: they decide how many blocks lie within a transaction's lifetime.")
    var heartbeat: UInt32 = 1_000
    @Option(help: "Folder for the chain; a temporary one when left out.") var folder: String?
    @Flag(help: "Keep the folder.") var keep = false

    func run() async throws {
        let path = folder ?? NSTemporaryDirectory() + "/commonwatt-snapshot-\(getpid())"
        let place = SnapshotBench.Folder(path: path)
        try FileManager.default.createDirectory(atPath: place.server, withIntermediateDirectories: true)
        defer { if !keep { try? FileManager.default.removeItem(atPath: path) } }
        var began = Date()
        try make(place)
        SnapshotBench.log("chain made in \(seconds(began)) s")
        let server = try start(["serve", "--folder", path])
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let port = try await waitForPort(place, of: server)
        began = Date()
        let joiner = try start(["join", "--folder", path, "--port", "\(port)", "--height", "\(blocks)"])
        joiner.waitUntilExit()
        SnapshotBench.log("joined in \(seconds(began)) s, process start included")
        guard joiner.terminationStatus == 0 else { throw ExitCode.failure }
    }

    /// The server writes its port into the folder once it listens.
    private func waitForPort(_ place: SnapshotBench.Folder, of server: Process) async throws -> Int {
        for _ in 0..<600 where server.isRunning {
            if let text = try? String(contentsOfFile: place.port, encoding: .utf8), let port = Int(text) { return port }
            try await Task.sleep(nanoseconds: 100_000_000)
        }
        throw ValidationError("the serving process does not listen")
    }

    private func make(_ place: SnapshotBench.Folder) throws {
        let identity = try TransportIdentity.generate()
        try identity.pem.write(toFile: place.path + "/server.pem", atomically: true, encoding: .utf8)
        try TransportIdentity.generate().pem.write(
            toFile: place.path + "/joiner.pem", atomically: true, encoding: .utf8)
        let key = try SnapshotBench.key()
        let now = Timestamp(UInt64(Date().timeIntervalSince1970 * 1_000))
        let genesis = try ChainBuilder.genesis(
            key: key, transportKey: identity.peer, now: now, blocks: blocks, heartbeatMilliseconds: heartbeat)
        try Data(genesis.bcs).write(to: URL(filePath: place.genesis))
        let store = try KeyValueStore.open(at: place.server + "/store")
        defer { store.close() }
        let builder = try ChainBuilder.open(WorkloadApplication(), store: store, genesis: genesis, key: key)
        try builder.build(keys: keys, blocks: blocks)
    }

    private func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = arguments
        try process.run()
        return process
    }

    private func seconds(_ since: Date) -> String { String(format: "%.1f", Date().timeIntervalSince(since)) }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the validator of a chain that was made.")
    @Option var folder: String

    func run() async throws {
        let place = SnapshotBench.Folder(path: folder)
        var configuration = NodeConfiguration(
            genesis: try place.readGenesis(), key: try SnapshotBench.key(), transport: try place.identity("server"),
            dataFolder: place.server)
        configuration.listenHost = "127.0.0.1"
        configuration.peers = [
            PeerConfiguration(name: "joiner", peer: try place.identity("joiner").peer, host: nil, port: 0)
        ]
        try ChainBuilder.prepareJournal(in: place.server + "/journal", owner: configuration.journalOwner)
        var logger = Logger(label: "server")
        logger.logLevel = .warning
        let node = try await LedgerNode.start(
            application: WorkloadApplication(), configuration: configuration, logger: logger)
        try "\(node.peerPort ?? 0)".write(toFile: place.port, atomically: true, encoding: .utf8)
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM)
        await withCheckedContinuation { continuation in
            source.setEventHandler { continuation.resume() }
            source.resume()
        }
        let snapshot = await node.snapshot()
        SnapshotBench.log(
            "server: \(snapshot.counters.snapshotPartsServed) parts, \(snapshot.transport.bytesSent) bytes sent, "
                + "peak memory \(SnapshotBench.peakBytes() >> 20) MiB")
        await node.stop()
    }
}

struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Join a chain that is served, and say what it took.")
    @Option var folder: String
    @Option var port: Int
    @Option(help: "Height that counts as there.") var height: UInt64

    func run() async throws {
        let place = SnapshotBench.Folder(path: folder)
        var configuration = NodeConfiguration(
            genesis: try place.readGenesis(), key: nil, transport: try place.identity("joiner"),
            dataFolder: place.joiner)
        configuration.listenPort = nil
        configuration.peers = [
            PeerConfiguration(
                name: "server", peer: try place.identity("server").peer, host: "127.0.0.1", port: port)
        ]
        var logger = Logger(label: "joiner")
        logger.logLevel = .info
        let began = Date()
        let node = try await LedgerNode.start(
            application: WorkloadApplication(), configuration: configuration, logger: logger)
        var said = 0.0
        while true {
            let snapshot = await node.snapshot()
            if let halted = snapshot.halted { throw ValidationError(halted) }
            if let progress = snapshot.status.snapshot {
                let passed = Date().timeIntervalSince(began)
                if passed >= said + 1 {
                    SnapshotBench.log(String(format: "%6.2f s  ", passed) + snapshot.words(progress))
                    said = passed
                }
            } else if snapshot.status.height.value >= height {
                break
            }
            try await Task.sleep(nanoseconds: 100_000_000)
        }
        let took = Date().timeIntervalSince(began)
        let snapshot = await node.snapshot()
        let view = node.view
        SnapshotBench.log(
            "joiner: at block \(view.tip.height), began with the state of block \(try view.base()), "
                + "\(String(format: "%.2f", took)) s, \(snapshot.transport.bytesReceived) bytes received, peak memory \(SnapshotBench.peakBytes() >> 20) MiB, "
                + "\(snapshot.counters.finalBlocks) blocks executed")
        await node.stop()
    }
}
