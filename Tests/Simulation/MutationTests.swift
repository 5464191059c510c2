import Simulator
import Testing

/// A simulator that finds nothing must fail: each rule of the protocol, switched off, is noticed in these seeds, and the
/// same seeds run clean with the rule on. `tools/simulate --mutation NAME --seeds N` looks for more.
struct MutationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let mutation: Mutation
        let seeds: [UInt64]
        var testDescription: String { mutation.rawValue }
    }

    static let cases: [Case] = [
        Case(mutation: .tallyBeforeSync, seeds: []),
        Case(mutation: .finalizeWithoutDurableCertificate, seeds: []),
        Case(mutation: .noNotarizeAfterNullify, seeds: []),
        Case(mutation: .delayCountsNullifiedOnly, seeds: []),
        Case(mutation: .pruneBeforeSync, seeds: []),
        Case(mutation: .finalizationIsNoParent, seeds: []),
        Case(mutation: .emptyDescendantsAfterClosing, seeds: []),
        Case(mutation: .freshStartFromBackup, seeds: []),
        Case(mutation: .missingNullificationAccepted, seeds: []),
    ]

    @Test func everyMutationHasItsSeeds() {
        #expect(Self.cases.map(\.mutation) == Mutation.allCases)
        #expect(Self.cases.allSatisfy { !$0.seeds.isEmpty })
    }

    @Test(arguments: cases) func isFound(_ one: Case) {
        for seed in one.seeds {
            var scenario = Scenario(seed: seed)
            #expect(Simulation.run(scenario).violation == nil, "seed \(seed) without the mutation")
            scenario.mutation = one.mutation
            #expect(Simulation.run(scenario).violation != nil, "seed \(seed) with \(one.mutation)")
        }
    }
}
