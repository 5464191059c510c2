import Simulator
import Testing

/// A simulator that finds nothing must fail: rules of the protocol, switched off, are noticed in these seeds, and the
/// same seeds run clean with the rule on. `tools/simulate --mutation NAME --seeds N` looks for more; the tests of the
/// consensus machine find every mutation, in random schedules or in directed ones.
struct MutationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let mutation: Mutation
        let seeds: [UInt64]
        var testDescription: String { mutation.rawValue }
    }

    static let cases: [Case] = [
        Case(mutation: .tallyBeforeSync, seeds: [488, 1_175, 1_217]),
        Case(mutation: .finalizeWithoutDurableCertificate, seeds: [1_024]),
    ]

    @Test(arguments: cases) func isFound(_ one: Case) {
        for seed in one.seeds {
            var scenario = Scenario(seed: seed)
            #expect(Simulation.run(scenario).violation == nil, "seed \(seed) without the mutation")
            scenario.mutation = one.mutation
            #expect(Simulation.run(scenario).violation != nil, "seed \(seed) with \(one.mutation)")
        }
    }
}
