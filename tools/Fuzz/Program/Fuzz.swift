import ArgumentParser
import Foundation
import Fuzzing

/// Gives damaged bytes to every decoder of bytes from outside.
@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz", abstract: "Gives damaged bytes to every decoder of bytes from outside.",
        discussion: """
            Inputs are real encodings, taken from simulated networks, that are cut, extended, joined, changed, or given \
            absurd lengths, and random bytes. A trap ends the program; the seed repeats the run. Exits with 1 when \
            bytes are taken that are not the one encoding of what they decode to.
            """)

    @Option(help: "Inputs for each decoder.")
    var rounds = 20_000
    @Option(help: "Seed of the damage.")
    var seed: UInt64 = 1
    @Option(help: "Only decoders whose name contains this.")
    var only: String?

    func run() throws {
        var failed = false
        var total = 0
        for decoder in try Decoders.all() where only.map({ decoder.name.contains($0) }) ?? true {
            let began = Date()
            // First, so that the last line says where a trap was.
            print(decoder.name.padding(toLength: 28, withPad: " ", startingAt: 0), terminator: " ")
            fflush(nil)
            let result = Fuzzing.run(decoder, rounds: rounds, seed: seed)
            total += result.inputs
            print(
                "\(result.inputs) inputs of \(result.samples) samples, \(result.accepted) taken,",
                String(format: "%.1f s", Date().timeIntervalSince(began)))
            if let finding = result.finding {
                failed = true
                print("  \(finding)")
            }
        }
        print("\(total) inputs, no trap")
        if failed { throw ExitCode.failure }
    }
}
