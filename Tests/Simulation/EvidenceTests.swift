import Simulator
import Testing

/// A Byzantine validator of every kind changes nothing for the honest ones, and whoever contradicts itself is convicted by
/// the chain. That no honest validator is, and that the honest ones hold the same state, every run checks.
struct EvidenceTests {
    private func run(_ kind: ByzantineKind, seed: UInt64) -> Outcome {
        var scenario = Scenario.calm(validators: 4, seconds: 5, seed: seed)
        scenario.traitors = [Scenario.Traitor(node: 2, kind: kind)]
        return Simulation.run(scenario)
    }

    @Test(arguments: ByzantineKind.allCases) func oneTraitorChangesNothing(_ kind: ByzantineKind) {
        for seed in UInt64(1)...3 {
            let outcome = run(kind, seed: seed)
            #expect(outcome.violation == nil, "\(kind.name): \(String(describing: outcome.violation))")
            #expect(outcome.blocks > 8, "\(kind.name): \(outcome.blocks) blocks")
            #expect(outcome.accusedOnChain.isSubset(of: [2]))
        }
    }

    @Test(arguments: [ByzantineKind.equivocatingLeader, .doubleVoter])
    func whoContradictsItselfIsConvictedOnChain(_ kind: ByzantineKind) {
        for seed in UInt64(1)...3 {
            let outcome = run(kind, seed: seed)
            #expect(outcome.violation == nil, "\(kind.name): \(String(describing: outcome.violation))")
            #expect(outcome.accusedOnChain == [2], "\(kind.name), seed \(seed)")
        }
    }

    /// Twins contradict each other only when they see the network differently for long enough: in many runs, not in all.
    @Test func twinsAreConvictedOnChainOnceTheyDiffer() {
        var convicted = 0
        for seed in UInt64(1)...12 {
            var scenario = Scenario.calm(validators: 4, seconds: 8, seed: seed)
            scenario.conditions.delayMicroseconds = 3_000...120_000
            scenario.traitors = [Scenario.Traitor(node: 2, kind: .twins)]
            let outcome = Simulation.run(scenario)
            #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
            #expect(outcome.accusedOnChain.isSubset(of: [2]))
            if outcome.accusedOnChain == [2] { convicted += 1 }
        }
        #expect(convicted >= 4, "\(convicted) of 12")
    }

    @Test func honestNetworksHaveNoEvidence() {
        var scenario = Scenario.calm(validators: 4, followers: 1, seconds: 4)
        scenario.plan(.crashAll(downMicroseconds: 20_000), atMilliseconds: 900)
        scenario.plan(.changeValidators, atMilliseconds: 1_500)
        scenario.plan(.wipe(3), atMilliseconds: 2_500)
        let outcome = Simulation.run(scenario)
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.evidence == 0 && outcome.accusedOnChain.isEmpty)
    }
}
