internal import ChaosHistory
internal import Foundation
internal import Glibc

/// A hostile process beside an honest load.
struct Flood: Sendable {
    /// What the hostile process is told to be.
    let kind: String
    let name: String
    let what: String
    /// The last validator's process does not run: the hostile one has its keys and its namespace.
    var takesValidator = false
    /// Honest clients in a closed loop, as fast as they can. The hostile process then has processors of its own, as in life:
    /// beside a network that has none to spare it would take processor time, whatever it sent.
    var isSaturated = false
    /// Connections that strangers work on at the same time: one that waits for answers floods the less the slower a node is.
    var parallel: Int { isSaturated ? 16 : 1 }

    var lack: String? { Capability.namespaces.lack ?? (isSaturated ? Capability.processors.lack : nil) }

    var saturated: Flood {
        Flood(
            kind: kind, name: "flood-saturated-\(kind.dropFirst("hostile-".count))",
            what: "\(what), beside clients in a closed loop", takesValidator: takesValidator, isSaturated: true)
    }
}

enum Floods {
    static let all = kinds + lies + kinds.map(\.saturated)

    private static let kinds = [
        Flood(
            kind: "hostile-client", name: "hostile-client",
            what: "reads, batches with wrong signatures, oversized and garbage bodies, slow requests, many connections"),
        Flood(
            kind: "hostile-peer", name: "hostile-peer",
            what: "garbage at the peers' ports, TLS handshakes that stop halfway"),
        Flood(
            kind: "hostile-validator", name: "hostile-validator",
            what: "with a validator's keys: old votes, requests for blocks, snapshots and parts of states",
            takesValidator: true),
    ]

    /// Of one who holds a validator's keys and says what no honest one says.
    private static let lies = [
        Flood(
            kind: "wrong-signatures", name: "wrong-signatures",
            what: "with a validator's keys: gossip, every signature wrong",
            takesValidator: true),
        Flood(
            kind: "false-certificates", name: "false-certificates",
            what: "with a validator's keys: lists of 64 false certificates for views ahead",
            takesValidator: true),
        Flood(
            kind: "false-justification", name: "false-justification",
            what: "with a validator's keys: proposals in others' names with 64 false certificates",
            takesValidator: true),
        Flood(
            kind: "unknown-transactions", name: "unknown-transactions",
            what: "with a validator's keys: requests for 4,096 transactions that nobody has",
            takesValidator: true),
    ]
}

/// Quiet and flooded rounds by turns on one network, with the same honest load.
struct FloodRun {
    /// A saturated network has no steady rate: more turns.
    private var rounds: Int { flood.isSaturated ? 4 : 2 }
    let flood: Flood
    let seed: UInt64
    let scale: Double
    /// More than the usual load, so that lost time shows.
    private var load: Load.Plan {
        var plan = Load.Plan()
        (plan.rate, plan.writers, plan.batch) = flood.isSaturated ? (.infinity, 16, 32) : (480, 16, 6)
        return plan
    }

    init(flood: Flood, seed: UInt64, scale: Double) {
        self.flood = flood
        self.seed = seed
        self.scale = scale
    }

    func run() async throws -> FloodResult {
        var result = FloodResult(name: flood.name, what: flood.what)
        if let lack = flood.lack {
            result.skipped = lack
            return result
        }
        var plan = World.Plan()
        plan.seed = seed
        plan.peersOnBridge = true
        plan.hasUsualRequestLimit = flood.kind == "hostile-client"
        let world = try World(plan)
        defer { world.destroy() }
        do { try await measure(world, &result) } catch { result.refusals.append("\(error)\n\(world.logs)") }
        return result
    }

    private func measure(_ world: World, _ result: inout FloodResult) async throws {
        let honest = flood.takesValidator ? Array(world.nodes.dropLast()) : world.nodes
        for node in honest { try node.start() }
        for node in honest { try await node.ready(seconds: 30) }
        if flood.isSaturated {
            try Processors.confine([getpid()] + honest.compactMap(\.processID), to: Processors.honest)
        }
        defer { if flood.isSaturated { try? Processors.confine([getpid()], to: Processors.all) } }
        let recorder = Recorder()
        let clients = try Load(world, recorder, plan: load, nodes: honest)
        try clients.start()
        try await Task.sleep(for: .seconds(2))
        let seconds = 6 * scale
        var (quiet, flooded): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let begin = Watch.now()
            try await Task.sleep(for: .seconds(seconds))
            let middle = Watch.now()
            let hostile = try start(world, seconds: seconds + 1)
            try await Task.sleep(for: .seconds(1))
            let from = Watch.now()
            try await Task.sleep(for: .seconds(seconds))
            let end = Watch.now()
            result.sent = hostile.words()
            // A flood that did not flow shows nothing.
            if result.sent.hasPrefix("Error") { result.refusals.append("the hostile process failed") }
            result.quietRates.append(Double(recorder.acknowledgedCount(from: begin, to: middle)) / (middle - begin))
            result.floodedRates.append(Double(recorder.acknowledgedCount(from: from, to: end)) / (end - from))
            quiet += recorder.latencies(from: begin, to: middle)
            flooded += recorder.latencies(from: from, to: end)
            try await Task.sleep(for: .seconds(1))
        }
        func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
        // Of few rounds: a median would take the better ones.
        func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
        (result.quietRate, result.floodedRate) = (mean(result.quietRates), mean(result.floodedRates))
        result.quietLatencyMilliseconds = median(quiet) * 1_000
        result.floodedLatencyMilliseconds = median(flooded) * 1_000
        await clients.drain(seconds: 20)
        var history = recorder.history
        history.copies = try await clients.copies(of: honest)
        result.verdict = HistoryChecker.check(history)
        await clients.stop()
    }

    private func start(_ world: World, seconds: Double) throws -> HostileProcess {
        let last = world.nodes.count - 1
        let targets = world.nodes.dropLast(flood.takesValidator ? 1 : 0).map { node in
            flood.kind == "hostile-client"
                ? String(node.url.dropFirst(7)) : "\(world.peerAddress(node.index)):\(World.peerPort + node.index)"
        }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var words = [own, "flood", flood.kind, "--folder", world.nodes[last].folder, "--seconds", "\(seconds)"]
        words += [
            "--parallel", "\(flood.parallel)", "--source",
            World.clientAddress(flood.takesValidator ? last + 1 : World.hostileHost),
        ]
        words += targets.flatMap { ["--target", $0] }
        if flood.takesValidator {
            words =
                [Shell.path(of: "nsenter") ?? "nsenter", "--net=/run/netns/\(world.nodes[last].namespace)", "--"]
                + words
        }
        if flood.isSaturated { words = try Processors.confined(words, to: Processors.hostile) }
        return try HostileProcess(words)
    }
}

/// The flooding process; what it says at its end is in the report.
final class HostileProcess: Sendable {
    private let process: Process
    private let pipe = Pipe()

    init(_ words: [String]) throws {
        let made = Process()
        made.executableURL = URL(filePath: words[0])
        made.arguments = Array(words.dropFirst())
        made.standardOutput = pipe
        made.standardError = pipe
        try made.run()
        process = made
        Cleanup.shared.add { if made.isRunning { kill(made.processIdentifier, SIGKILL) } }
    }

    func words() -> String {
        let data = (try? pipe.fileHandleForReading.readToEnd()) ?? nil
        process.waitUntilExit()
        return String(decoding: data ?? Data(), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
