internal import ArgumentParser
internal import Foundation
internal import NodeClient
internal import Primitives

@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commonwatt-bench", abstract: "Measure a network of real validator processes on this machine.",
        subcommands: [
            Measure.self, SettlementBench.self, Growth.self, Year.self, Counts.self, Page.self, Soak.self,
            IdentityBench.self, CommunityBench.self, DataBench.self, DataServer.self,
        ],
        defaultSubcommand: Measure.self)
}

/// Measures a network of validator processes on this machine, in one run: the ceiling that signature checks set, the
/// latency of single transactions on an idle network, and the rate and latency of a closed loop of signed ones.
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Rate and latency, and the ceiling in the same run.")

    @Option(help: "Transactions of one load run; they are signed before it.") var transactions = 60_000
    @Option(help: "Load runs.") var runs = 3
    @Option(help: "Transactions in flight at most.") var inFlight = 512
    @Option(help: "Transactions per request.") var batch = 64
    @Option(help: "Distinct registry names that the load writes in turn.") var names = 100_000
    @Option(help: "Single transactions of the idle run.") var idle = 100
    @Option(help: "Seconds of the ceiling measurement.") var ceilingSeconds = 3.0
    @Option(help: "Validators.") var validators = 4
    @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort = 47_400
    @Option(help: "Write the figures to this file as JSON.") var json: String?
    @Flag(help: "Keep the network's folder, for its logs.") var keep = false

    func validate() throws {
        guard transactions > 0, runs > 0, inFlight > 0, (1...4_096).contains(batch), names > 0, idle > 0,
            ceilingSeconds > 0, (1...16).contains(validators), (1_024...60_000).contains(basePort)
        else { throw ValidationError("counts and seconds are above 0, a batch is at most 4096, validators at most 16") }
    }

    func run() async throws {
        let checks = Ceiling.measure(seconds: ceilingSeconds)
        let settlement = try SettlementRun.measure(seconds: ceilingSeconds)
        let machine = Report.Machine.here()
        let ceiling = checks.perSecondAndCore * Double(machine.cores) / Double(validators)
        let folder = Scratch.folder("bench", keep: keep)
        defer { if !keep { try? FileManager.default.removeItem(atPath: folder) } }
        let network = try LocalNetwork.start(in: folder, basePort: basePort, validators: validators)
        defer { network.stop() }
        let id = try await network.id()
        let load = LoadRun(network: network, inFlight: inFlight, batch: batch, names: names)
        let idleResult = try await IdleRun(network: network).run(load.sign(idle, network: id))
        var results: [LoadRun.Result] = []
        for number in 1...runs {
            let signed = load.sign(transactions, network: id)
            FileHandle.standardError.write(Data("load run \(number) of \(runs)\n".utf8))
            results.append(try await load.run(signed))
        }
        let rates = results.map(\.transactionsPerSecond)
        let report = Report(
            machine: machine,
            settings: Report.Settings(
                validators: validators, transactionsPerRun: transactions, inFlight: inFlight, batch: batch,
                names: names),
            verifications: checks, ceilingTransactionsPerSecond: ceiling, settlement: settlement, idle: idleResult,
            runs: results, ratioOfCeiling: Stopwatch.median(rates) / ceiling)
        print(report.text)
        try JSONResult.write(report, to: json)
    }
}

extension LocalNetwork {
    func id() async throws -> Digest {
        try await NodeClient.with(nodes) { try await $0.nodeStatus().network }
    }
}
