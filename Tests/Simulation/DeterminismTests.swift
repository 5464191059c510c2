import Foundation
import Simulator
import Testing

/// A seed is a run: the same one again, in this process and in others.
struct DeterminismTests {
    static let seeds: [UInt64] = [3, 17, 40]

    @Test(arguments: seeds) func aSeedRunsTheSameWayTwice(_ seed: UInt64) {
        let first = Simulation.run(Scenario(seed: seed))
        let second = Simulation.run(Scenario(seed: seed))
        #expect(first.events > 100)
        #expect(first.traceDigest == second.traceDigest)
        #expect(first.blocks == second.blocks)
        #expect(first.faults == second.faults)
    }

    @Test func differentSeedsRunDifferently() {
        let digests = Self.seeds.map { Simulation.run(Scenario(seed: $0)).traceDigest }
        #expect(Set(digests).count == digests.count)
    }

    /// Other processes hash with other seeds: an order taken from a Dictionary or Set would show.
    @Test(arguments: seeds) func aSeedRunsTheSameWayInOtherProcesses(_ seed: UInt64) throws {
        let here = Simulation.run(Scenario(seed: seed)).traceDigest
        for _ in 0..<2 {
            let printed = try output(of: ["--seed", "\(seed)"])
            #expect(printed.contains(here), "another process printed:\n\(printed)")
        }
    }

    private func output(of arguments: [String]) throws -> String {
        let process = Process()
        // The program lies beside the test bundle.
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "commonwatt-simulate")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
