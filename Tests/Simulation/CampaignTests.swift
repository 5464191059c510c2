import Foundation
import Simulator
import Testing

/// Campaigns over many seeds. `COMMONWATT_SEEDS` raises their number.
struct CampaignTests {
    @Test func seedsWithAllFaultsBreakNoPromise() async {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_SEEDS"].flatMap(UInt64.init) ?? 60
        let report = await Campaign.run(seeds: 1..<(count + 1), jobs: 2)
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.blocks > Int(count) * 10)
    }

    /// Seeds that found something once: a proposal known from the journal whose transactions nobody was asked for again,
    /// a judge that looked while a node was starting or had not written its genesis, and an operator that reported evidence
    /// once only, in a message that was lost.
    @Test(arguments: [2_051_014, 2_021_724, 3_002_927, 9_002_113, 3_049] as [UInt64]) func seedsThatFoundSomething(
        _ seed: UInt64
    ) {
        let outcome = Simulation.run(Scenario(seed: seed))
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
    }

    /// A campaign that injects nothing, or runs no Byzantine actor, would find nothing either.
    @Test func scenariosHaveEveryFaultAndEveryActor() {
        let scenarios = (1...1_000).map { Scenario(seed: $0) }
        for kind in ByzantineKind.general {
            #expect(scenarios.contains { $0.traitors.contains { $0.kind == kind } }, "\(kind.name)")
        }
        for scenario in scenarios {
            let lost = scenario.plan.filter {
                switch $0.kind {
                case .wipe, .restore: true
                default: false
                }
            }
            #expect(scenario.faultyValidatorCount + lost.count <= scenario.faultsMax)
        }
        #expect(Set(scenarios.map(\.validatorCount)) == [4, 7, 10])
    }
}
