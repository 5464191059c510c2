import Chain
import Foundation
import LedgerCrypto
import LightClient
import NodeClient
import Primitives

/// Four validators as processes on this machine, made by `commonwatt devnet init`, in a folder of their own.
final class ValidatorNetwork: @unchecked Sendable {
    static let partners = ["coop", "energylab", "gridco", "sunsupply"]
    static let readySecondsMax = 60.0

    let folder: String
    let basePort: Int
    private let lock = NSLock()
    /// Guarded by `lock`.
    private var processes: [String: Process] = [:]

    /// Makes a network, prepares it, starts all nodes, waits for them if they are to become ready, and runs `body`; nothing of
    /// it is left afterwards.
    static func with(
        heartbeatMilliseconds: Int = 1_000, isToBeReady: Bool = true,
        prepare: (ValidatorNetwork) async throws -> Void = { _ in },
        _ body: (ValidatorNetwork) async throws -> Void
    ) async throws {
        // Suites of one process run one after the other; processes differ by their ids.
        let network = ValidatorNetwork(basePort: 12_000 + Int(getpid()) % 400 * 20)
        defer { network.destroy() }
        try await Program.succeed([
            "devnet", "init", "--dir", network.folder, "--base-port", "\(network.basePort)", "--heartbeat",
            "\(heartbeatMilliseconds)",
        ])
        try await prepare(network)
        do {
            for partner in partners { try network.start(partner) }
            if isToBeReady { try await network.ready(partners) }
            try await body(network)
        } catch {
            throw TestFailure("\(error)\n\(network.logs)")
        }
    }

    private init(basePort: Int) {
        self.basePort = basePort
        folder = NSTemporaryDirectory() + "/commonwatt-processes-\(UUID().uuidString)"
    }

    private func destroy() {
        for process in lock.withLock({ Array(processes.values) }) where process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The last lines of every node's log, for a failure's message.
    private var logs: String {
        let names = lock.withLock { processes.keys.sorted() }
        return names.map { name in
            let text = (try? String(contentsOfFile: "\(folder)/\(name)/node.log", encoding: .utf8)) ?? ""
            return "-- \(name)\n" + text.split(separator: "\n").suffix(8).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    // MARK: processes

    func start(_ name: String) throws {
        let process = try Program.spawn(
            ["node", "--config", settings(name)], log: "\(folder)/\(name)/node.log")
        lock.withLock { processes[name] = process }
    }

    func isRunning(_ name: String) -> Bool { lock.withLock { processes[name] }?.isRunning ?? false }

    /// Ends it without warning, as a power cut does.
    func crash(_ name: String) async throws { _ = try await end(name, SIGKILL, seconds: 10) }

    /// Asks it to stop; its exit code, nil when a signal ended it.
    func stop(_ name: String, seconds: Double) async throws -> Int32? { try await end(name, SIGTERM, seconds: seconds) }

    private func end(_ name: String, _ signal: Int32, seconds: Double) async throws -> Int32? {
        guard let process = lock.withLock({ processes[name] }), process.isRunning else {
            throw TestFailure("the node of \(name) had ended by itself")
        }
        kill(process.processIdentifier, signal)
        try await Program.ended(process, seconds: seconds)
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }

    // MARK: places

    func settings(_ name: String) -> String { "\(folder)/\(name)/node.yaml" }
    func data(_ name: String) -> String { "\(folder)/\(name)/data" }
    func log(_ name: String) -> String {
        (try? String(contentsOfFile: "\(folder)/\(name)/node.log", encoding: .utf8)) ?? ""
    }
    func operatorKeyFile(_ name: String) -> String { "\(folder)/\(name)/keys/operator.key" }
    var genesisFile: String { folder + "/genesis.json" }

    func genesis() throws -> Genesis { try Genesis(file: Data(contentsOf: URL(filePath: genesisFile))) }

    func operatorKey(_ name: String) throws -> Secp256k1.SecretKey {
        let text = try String(contentsOfFile: operatorKeyFile(name), encoding: .utf8)
        guard let line = text.split(separator: "\n").last, let bytes = Hex.decode(String(line)),
            let key = Secp256k1.SecretKey(bytes)
        else { throw TestFailure("no key in \(operatorKeyFile(name))") }
        return key
    }

    /// A full node stands five places after the validators.
    func peerPort(_ name: String) -> Int { basePort + (ValidatorNetwork.partners.firstIndex(of: name) ?? 9) }
    func url(_ name: String) -> String { "http://127.0.0.1:\(peerPort(name) + 1_000)" }

    // MARK: questions

    /// Works with a client of the named nodes, the first one preferred.
    func with<Result>(
        _ names: [String], anchor: TrustAnchor? = nil, _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        var configuration = NodeClientConfiguration()
        configuration.connectMilliseconds = 2_000
        configuration.roundsMax = 5
        return try await NodeClient.with(names.map(url), anchor: anchor, configuration: configuration, body)
    }

    /// Nil when it does not answer.
    func status(_ name: String) async -> NodeStatus? {
        guard isRunning(name) else { return nil }
        return try? await with([name]) { try await $0.nodeStatus() }
    }

    /// Final height that a node reports; 0 when it does not answer.
    func height(_ name: String) async -> Height { await status(name)?.finalHeight ?? Height(0) }

    func ready(_ names: [String]) async throws {
        for name in names {
            try await eventually("\(name) is ready", seconds: ValidatorNetwork.readySecondsMax) {
                guard isRunning(name) else { throw TestFailure("the node of \(name) ended") }
                return await status(name)?.ready ?? false
            }
        }
    }

    /// Waits until a node has what `other` has now, and at least one block more.
    func follows(_ name: String, _ other: String, seconds: Double = 60) async throws {
        let goal = await height(other).next
        try await eventually("\(name) reaches block \(goal)", seconds: seconds) {
            guard isRunning(name) else { throw TestFailure("the node of \(name) ended") }
            return await height(name) >= goal
        }
    }
}
