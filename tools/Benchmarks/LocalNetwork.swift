internal import Dispatch
internal import Foundation
internal import LedgerCrypto
internal import Primitives

struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A local network made and run by the `commonwatt` program beside this one, in a folder of its own.
struct LocalNetwork {
    let folder: String
    /// In the order of `nodes`, `keys` and `processIDs`.
    let partners: [String]
    let nodes: [String]
    /// Port of the first node's API.
    var apiPort: UInt16 { nodes.first.flatMap { URL(string: $0)?.port }.flatMap { UInt16(exactly: $0) } ?? 0 }
    let keys: [Secp256k1.SecretKey]
    let processIDs: [Int32]

    /// `settings` is added to each node's file; `prepare` gets the names of the partners' folders before the nodes start.
    static func start(
        in folder: String, basePort: Int, validators: Int = 4, settings: String = "",
        prepare: ([String]) throws -> Void = { _ in }
    ) throws -> LocalNetwork {
        try? FileManager.default.removeItem(atPath: folder)
        try run(["devnet", "init", "--dir", folder, "--base-port", "\(basePort)", "--validators", "\(validators)"])
        var prepared: [String] = []
        for partner in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let path = "\(folder)/\(partner)/node.yaml"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            try (text + settings).write(toFile: path, atomically: true, encoding: .utf8)
            prepared.append(partner)
        }
        try prepare(prepared)
        try run(["devnet", "start", "--dir", folder])
        do {
            return try opened(folder, basePort, validators)
        } catch {
            try? run(["devnet", "stop", "--dir", folder])
            throw error
        }
    }

    private static func opened(_ folder: String, _ basePort: Int, _ validators: Int) throws -> LocalNetwork {
        let pids = try String(contentsOfFile: folder + "/devnet.pid", encoding: .utf8).split(separator: "\n")
        var keys: [Secp256k1.SecretKey] = []
        var ids: [Int32] = []
        var partners: [String] = []
        for line in pids {
            let parts = line.split(separator: " ").map(String.init)
            let text = try String(contentsOfFile: "\(folder)/\(parts[0])/keys/operator.key", encoding: .utf8)
            guard let hex = text.split(separator: "\n").last.map(String.init), let bytes = Hex.decode(hex),
                let key = Secp256k1.SecretKey(bytes), let id = Int32(parts[1])
            else { throw BenchError("the operator key of \(parts[0]) cannot be read") }
            keys.append(key)
            ids.append(id)
            partners.append(parts[0])
        }
        let nodes = (0..<validators).map { "http://127.0.0.1:\(basePort + 1_000 + $0)" }
        return LocalNetwork(folder: folder, partners: partners, nodes: nodes, keys: keys, processIDs: ids)
    }

    func stop() { try? LocalNetwork.run(["devnet", "stop", "--dir", folder]) }

    /// Memory of all validators together, bytes.
    var residentBytes: Int { processIDs.compactMap { ProcessUsage(of: $0)?.residentBytes }.reduce(0, +) }

    /// Removes a network's folder in a process that nobody waits for: it may be some hundred thousand files, which on a busy
    /// disk take minutes.
    static func discard(_ folder: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/rm")
        process.arguments = ["-rf", folder]
        try? process.run()
    }

    private static let runSecondsMax = 180

    private static func run(_ arguments: [String]) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "commonwatt")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        // `waitUntilExit` runs the calling thread's run loop, which in a task may miss the end and wait forever.
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        guard ended.wait(timeout: .now() + .seconds(runSecondsMax)) == .success else {
            process.terminate()
            throw BenchError("commonwatt \(arguments.joined(separator: " ")) did not end in \(runSecondsMax) s")
        }
        guard process.terminationStatus == 0 else {
            throw BenchError("commonwatt \(arguments.joined(separator: " ")) failed")
        }
    }
}
