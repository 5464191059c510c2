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
        Case(mutation: .tallyBeforeSync, seeds: [72, 113, 144]),
        Case(mutation: .finalizeWithoutDurableCertificate, seeds: [2_198]),
        Case(mutation: .noNotarizeAfterNullify, seeds: [17, 121, 198]),
        Case(mutation: .delayCountsNullifiedOnly, seeds: [17, 216, 248]),
        Case(mutation: .pruneBeforeSync, seeds: [13, 27, 33]),
        Case(mutation: .finalizationIsNoParent, seeds: [3, 9, 13]),
        Case(mutation: .emptyDescendantsAfterClosing, seeds: [27, 144, 221]),
        Case(mutation: .freshStartFromBackup, seeds: [14, 27, 38]),
        Case(mutation: .missingNullificationAccepted, seeds: [151, 281, 343]),
        Case(mutation: .reservationForgotten, seeds: [23, 31, 262]),
    ]

    @Test func everyMutationHasSeeds() {
        #expect(Set(Self.cases.map(\.mutation)) == Set(Mutation.allCases))
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
