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
        Case(mutation: .tallyBeforeSync, seeds: [7, 44, 139]),
        Case(mutation: .finalizeWithoutDurableCertificate, seeds: [853, 2_198]),
        Case(mutation: .noNotarizeAfterNullify, seeds: [17, 121, 198]),
        Case(mutation: .delayCountsNullifiedOnly, seeds: [17, 216, 248]),
        Case(mutation: .pruneBeforeSync, seeds: [9, 13, 27]),
        Case(mutation: .finalizationIsNoParent, seeds: [3, 11, 12]),
        Case(mutation: .emptyDescendantsAfterClosing, seeds: [144, 243, 409]),
        Case(mutation: .freshStartFromBackup, seeds: [27, 38, 50]),
        Case(mutation: .missingNullificationAccepted, seeds: [16, 205, 226]),
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
