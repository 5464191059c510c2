import ArgumentParser
import Foundation
import Simulator

/// Finality over five regions of the world.
struct RegionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regions", abstract: "Finality over five regions of the world, beside its lower bound.",
        discussion: """
            The bound of a block and node: the proposal, a quorum's Notarize and a quorum's Finalize each travel one way, \
            as far as the slowest member that is needed, and nothing else takes time. Delays are half of published \
            round-trip times, with up to 1 ms of jitter on each message; a flush takes 0.2 to 0.4 ms.
            """)

    @Option(help: "Validators, several numbers with commas.") var validators = "4,7,10,16,25,50,100"
    @Option(help: "Simulated seconds.") var seconds: UInt64 = 10
    @Option(help: "Seed of the jitter and the load.") var seed: UInt64 = 1
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    private var counts: [Int] { validators.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard !counts.isEmpty, counts.allSatisfy({ (1...100).contains($0) }), (1...600).contains(seconds) else {
            throw ValidationError("1 to 100 validators, such as 4,16,100, and 1 to 600 seconds")
        }
    }

    func run() throws {
        print("validators in \(Regions.world.names.joined(separator: ", "))")
        print("                     bound ms        finality ms       overhead ms     transaction ms")
        print("validators blocks    p50    p99       p50    p99       p50    p99       p50    p99")
        var rows: [RegionReport.Row] = []
        for count in counts {
            let run = try RegionRun.run(.world, validators: count, seconds: seconds, seed: seed)
            if let violation = run.violation { throw ValidationError("\(count) validators: \(violation)") }
            let row = RegionReport.Row(run)
            rows.append(row)
            let spreads = [
                row.boundMilliseconds, row.finalityMilliseconds, row.overheadMilliseconds, row.transactionMilliseconds,
            ]
            print(
                String(format: "%10d %6d", count, run.blocks)
                    + spreads.map { String(format: " %6.1f %6.1f", $0.p50, $0.p99) }.joined(separator: "   "))
            fflush(nil)
        }
        guard let json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let results = RegionReport(regions: Regions.world.names, seconds: seconds, seed: seed, rows: rows)
        try encoder.encode(results).write(to: URL(filePath: json))
    }
}
