import Foundation
import Simulator
import Testing

/// Networks in which nodes fall far behind and take over a state, amid all other faults and with false peers.
/// `COMMONWATT_SEEDS` raises the number of seeds.
struct SnapshotCampaignTests {
    @Test func seedsWithSnapshotsBreakNoPromise() async {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_SEEDS"].flatMap(UInt64.init) ?? 40
        let report = await Campaign.run(
            seeds: 1..<(count + 1), jobs: 2, scenario: { Scenario(snapshotsWithSeed: $0) })
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.adoptions > Int(count) / 2, "\(report.adoptions) states were taken over")
        #expect(report.actors[ByzantineKind.liar.rawValue] > Int(count) / 4)
    }

    /// And peers that keep those who are behind waiting, without a false word.
    @Test func seedsWithStallersBreakNoPromise() async {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_SEEDS"].flatMap(UInt64.init) ?? 40
        let first = Scenario.stallersFromSeed
        let report = await Campaign.run(
            seeds: first..<(first + count), jobs: 2, scenario: { Scenario(snapshotsWithSeed: $0) })
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.adoptions > Int(count) / 2, "\(report.adoptions) states were taken over")
        #expect(report.actors[ByzantineKind.staller.rawValue] >= Int(count) / 10)
    }

    /// Seeds that found something once: two an end of an epoch that was in memory only when a state was taken over, one a
    /// quorum that needs a node which is far behind, one a validator that took its own journal for a lost one, two nodes
    /// that asked the same silent peers for blocks again and again, one a judge that forgot who stood in the queue before, one a judge
    /// that knew no block which only a Byzantine member had reported.
    @Test(arguments: [9_501_411, 132, 363, 549, 2_039_356, 2_007_050, 2_046_144, 2_046_093] as [UInt64])
    func seedsThatFoundSomething(_ seed: UInt64) {
        let outcome = Simulation.run(Scenario(snapshotsWithSeed: seed))
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
    }

    /// Power fails at every durable write of a run in which a node joins late, before and after it counts.
    @Test(arguments: [false, true]) func atEveryDurableWriteOfAJoiningNode(isAfter: Bool) {
        let stride = ProcessInfo.processInfo.environment["COMMONWATT_WRITE_STRIDE"].flatMap(Int.init) ?? 5
        var scenario = Scenario.calm(validators: 4, followers: 1, seconds: 4, seed: 5)
        scenario.snapshotLagBlocks = 10
        scenario.snapshotBlocks = 8
        scenario.plan(.changeValidators, atMilliseconds: 500)
        scenario.plan(.crash(4, downMicroseconds: 3_000_000), atMilliseconds: 30)
        let whole = Simulation.run(scenario)
        #expect(whole.violation == nil && whole.adoptions == 1)
        var adoptions = 0
        for write in Swift.stride(from: 1, through: whole.durableWrites, by: max(1, stride)) {
            scenario.crashAtWrite = Scenario.PlannedWrite(write: write, isAfter: isAfter)
            let outcome = Simulation.run(scenario)
            #expect(outcome.violation == nil, "write \(write): \(String(describing: outcome.violation))")
            adoptions += outcome.adoptions
        }
        #expect(adoptions > 0)
    }
}
