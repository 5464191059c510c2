import Simulator
import Testing

struct RegionTests {
    /// Three one-way delays of the slowest member that a quorum needs, and little more.
    @Test(arguments: [4, 10]) func finalityTakesThreeOneWayDelays(_ validators: Int) throws {
        let run = try RegionRun.run(.world, validators: validators, seconds: 5, seed: 3)
        #expect(run.violation == nil)
        #expect(run.blocks > 15 && run.finality.count >= run.blocks * (validators - 1))
        let overheads = run.finality.map(\.overhead).sorted()
        // Three flushes, three times up to 1 ms of jitter, and clocks of whole milliseconds.
        #expect(overheads[overheads.count / 2] < 6_000, "\(overheads)")
        #expect((overheads.last ?? .max) < 12_000, "\(overheads.suffix(5))")
        // Nothing is faster than the distances but for a path through a third region.
        #expect((overheads.first ?? .min) > -15_000, "\(overheads.prefix(5))")
    }

    /// More validators than a council has room for.
    @Test func aHundredValidatorsAgree() throws {
        let run = try RegionRun.run(.world, validators: 100, seconds: 1, seed: 3)
        #expect(run.violation == nil && run.blocks > 1)
    }

    @Test func boundsFollowTheDistances() {
        // In one region: three times half of 2 ms; the leader itself has no way to its own votes.
        let near = Regions.world.finality(of: 1, quorum: 1, leader: 0)
        #expect(near == [0])
        // Four in Frankfurt, Madrid, Washington and Sao Paulo, the leader in Frankfurt, in milliseconds: the proposal
        // arrives after 0, 14.5, 45.5 and 99; the third Notarize after 91, 89.5, 58.5 and 105; in Frankfurt the Finalize
        // of these after 91, 104, 104 and 204, of which the third counts.
        let four = Regions.world.finality(of: 4, quorum: 3, leader: 0)
        #expect(four[0] == 104_000)
    }
}
