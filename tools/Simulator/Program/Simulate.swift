import ArgumentParser
import Foundation
import Simulator

@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs whole networks of real replicas in simulated time.",
        subcommands: [Simulate.self, RegionCommand.self], defaultSubcommand: Simulate.self)
}

/// Runs simulated networks, one per seed.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign",
        abstract: "Runs whole networks of real replicas, each from one seed, with faults and Byzantine members.",
        discussion: """
            Every seed decides a network, its faults and its load, and always runs the same way. All promises are checked \
            with every step; a broken one ends the run, prints the command that repeats it and exits with 1.
            """)

    @Option(help: "Run this seed alone.")
    var seed: UInt64?
    @Option(help: "Run so many seeds.")
    var seeds: UInt64 = 200
    @Option(help: "First seed of a campaign.")
    var from: UInt64 = 1
    @Option(help: "Seeds that run at the same time.")
    var jobs: Int = max(1, ProcessInfo.processInfo.activeProcessorCount)
    @Option(help: "Begin no further seed after so many have broken a promise.")
    var failures: Int = 20
    @Flag(help: "Print what happens in the run of one seed: who sends what to whom, in the words of the protocol.")
    var trace = false
    @Flag(help: "Print the summary as one JSON object.")
    var json = false
    @Flag(help: "Let nodes that fall a few blocks behind take over a state from others, false ones among them.")
    var snapshots = false
    @Option(help: "Switch one rule of the protocol off, to see that it is noticed: \(mutations).")
    var mutation: String?

    static var mutations: String { Mutation.allCases.map(\.rawValue).joined(separator: ", ") }

    func validate() throws {
        if let mutation, Mutation(rawValue: mutation) == nil {
            throw ValidationError("There is no mutation '\(mutation)'; choose one of: \(Simulate.mutations).")
        }
        if trace, seed == nil { throw ValidationError("--trace needs --seed: a trace is of one run.") }
        guard from.addingReportingOverflow(seeds).overflow == false else {
            throw ValidationError("--from and --seeds together go beyond the last seed.")
        }
    }

    func run() async throws {
        TrapReport.install()
        let mutation = mutation.flatMap(Mutation.init(rawValue:))
        if let seed {
            try runOne(seed, mutation)
        } else {
            try await runMany(mutation)
        }
    }

    private func runOne(_ seed: UInt64, _ mutation: Mutation?) throws {
        TrapReport.begins(seed)
        var scenario = snapshots ? Scenario(snapshotsWithSeed: seed) : Scenario(seed: seed)
        scenario.mutation = mutation
        let outcome = Simulation.run(scenario, sink: trace ? { @Sendable line in print(line) } : nil)
        var report = CampaignReport()
        report.add(outcome)
        if json {
            print(report.json)
        } else {
            print("network                           \(scenario.summary)")
            print("trace digest                      \(outcome.traceDigest)")
            print(report.text)
        }
        if outcome.violation != nil { throw ExitCode.failure }
    }

    private func runMany(_ mutation: Mutation?) async throws {
        let counter = CampaignProgress(total: seeds, isShown: !json)
        let isAboutSnapshots = snapshots
        let report = await Campaign.run(
            seeds: from..<(from + seeds), jobs: jobs, mutation: mutation, failuresMax: failures,
            scenario: { isAboutSnapshots ? Scenario(snapshotsWithSeed: $0) : Scenario(seed: $0) },
            starts: { TrapReport.begins($0) }
        ) {
            counter.count($0)
        }
        counter.finish()
        print(json ? report.json : report.text)
        if !report.failures.isEmpty { throw ExitCode.failure }
    }
}

/// A line on the terminal that says how far the campaign is.
final class CampaignProgress: @unchecked Sendable {
    private let lock = NSLock()
    private let total: UInt64
    private let isShown: Bool
    private let started = Date()
    private var done: UInt64 = 0
    private var failed = 0

    init(total: UInt64, isShown: Bool) {
        self.total = total
        self.isShown = isShown
    }

    func count(_ outcome: Outcome) {
        lock.withLock {
            done += 1
            if let violation = outcome.violation {
                failed += 1
                write("\rseed \(outcome.scenario.seed): \(violation)\n")
            }
            if isShown, done % 10 == 0 || done == total {
                let rate = Double(done) / max(0.001, Date().timeIntervalSince(started))
                write("\r\(done) of \(total) seeds, \(failed) with violations, \(Int(rate)) seeds/s ")
            }
        }
    }

    func finish() { if isShown { write("\n") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
