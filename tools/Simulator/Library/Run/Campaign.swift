/// Many seeds.
package enum Campaign {
    /// Runs the seeds on `jobs` threads; `progress` hears of each outcome as it comes, in no particular order, `starts` of each
    /// seed before it runs, on its thread.
    /// No further seed is begun after `failuresMax` of them broke a promise.
    package static func run(
        seeds: Range<UInt64>, jobs: Int, mutation: Mutation? = nil, failuresMax: Int = .max,
        scenario make: @escaping @Sendable (UInt64) -> Scenario = { Scenario(seed: $0) },
        starts: @escaping @Sendable (UInt64) -> Void = { _ in }, progress: @Sendable (Outcome) -> Void = { _ in }
    ) async -> CampaignReport {
        await withTaskGroup(of: Outcome.self) { group in
            var report = CampaignReport()
            var next = seeds.lowerBound
            func add(to group: inout TaskGroup<Outcome>) {
                guard next < seeds.upperBound else { return }
                let seed = next
                next += 1
                group.addTask {
                    starts(seed)
                    var scenario = make(seed)
                    scenario.mutation = mutation
                    return Simulation.run(scenario)
                }
            }
            for _ in 0..<max(1, jobs) { add(to: &group) }
            while let outcome = await group.next() {
                report.add(outcome)
                progress(outcome)
                if report.failures.count < failuresMax { add(to: &group) }
            }
            report.failures.sort { $0.seed < $1.seed }
            return report
        }
    }
}

/// Sums over the seeds of a campaign.
package struct CampaignReport: Sendable {
    package struct Failure: Sendable {
        package let seed: UInt64
        package let scenario: String
        package let violation: Violation
        package let isAboutSnapshots: Bool
    }

    package var seeds = 0
    package var simulatedMicroseconds: UInt64 = 0
    package var events = 0
    package var blocks = 0
    package var epochs = 0
    package var transactions = 0
    package var durableWrites = 0
    package var adoptions = 0
    package var evidence = 0
    package var viewsAfterHealingMax: UInt64 = 0
    package var faults = FaultCounts()
    /// Seeds by number of genesis validators, at index n.
    package var sizes = [Int](repeating: 0, count: 16)
    /// Seeds with each Byzantine actor, those of them in which evidence of it was found, and those in which evidence
    /// is on chain at the end; by raw value.
    package var actors = [Int](repeating: 0, count: ByzantineKind.allCases.count)
    package var proved = [Int](repeating: 0, count: ByzantineKind.allCases.count)
    package var caught = [Int](repeating: 0, count: ByzantineKind.allCases.count)
    package var failures: [Failure] = []

    package init() {}

    package mutating func add(_ outcome: Outcome) {
        let scenario = outcome.scenario
        seeds += 1
        simulatedMicroseconds += outcome.simulatedMicroseconds
        events += outcome.events
        blocks += outcome.blocks
        epochs += outcome.epochs
        transactions += outcome.transactions
        durableWrites += outcome.durableWrites
        adoptions += outcome.adoptions
        evidence += outcome.evidence
        viewsAfterHealingMax = max(viewsAfterHealingMax, outcome.viewsAfterHealing)
        faults.add(outcome.faults)
        sizes[min(scenario.validatorCount, sizes.count - 1)] += 1
        for traitor in scenario.traitors {
            actors[traitor.kind.rawValue] += 1
            if outcome.accused.contains(traitor.node) { caught[traitor.kind.rawValue] += 1 }
            if outcome.accusedOnChain.contains(traitor.node) { proved[traitor.kind.rawValue] += 1 }
        }
        if let violation = outcome.violation {
            failures.append(
                Failure(
                    seed: scenario.seed, scenario: scenario.summary, violation: violation,
                    isAboutSnapshots: scenario.isAboutSnapshots))
        }
    }
}
