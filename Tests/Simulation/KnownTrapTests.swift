import Chain
import Simulator
import Testing

/// Traps that other engines fell into, each as a scenario.
struct KnownTrapTests {
    /// All machines lose power at the same moment, whatever they were doing: among these moments is the one right after
    /// they nullified a view. Nothing that was not synced survives.
    @Test(arguments: 0..<40) func allMachinesLosePowerAtOnce(_ step: Int) {
        var scenario = Scenario.calm(validators: 4, seconds: 2, seed: 7)
        // A leader is cut off, so that views are nullified from 300 ms on.
        scenario.plan(.partition([1], from: [0, 2, 3], oneWay: false), atMilliseconds: 300)
        scenario.plan(.crashAll(downMicroseconds: 50_000), atMilliseconds: 400 + UInt64(step) * 17)
        let outcome = Simulation.run(scenario)
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.faults[.crash] == 4)
    }

    /// A leader proposes to two of four, a third forms the certificate and finalizes, two lose power: the chain goes on.
    @Test(arguments: 0..<30) func twoOfFourLosePowerWhileOneIsSlowToHear(_ step: Int) {
        var scenario = Scenario.calm(validators: 4, seconds: 2, seed: 11)
        for from in 0..<3 { scenario.slowLinks[NetworkModel.Link(from: from, to: 3)] = 90_000 }
        let time = 500 + UInt64(step) * 13
        scenario.plan(.crash(1, downMicroseconds: 700_000), atMilliseconds: time)
        scenario.plan(.crash(2, downMicroseconds: 900_000), atMilliseconds: time)
        let outcome = Simulation.run(scenario)
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.faults[.crash] == 2)
    }

    /// A proposer that is down for good costs no time any more once its silence was noticed.
    @Test func aDeadProposerDoesNotStallEachRound() {
        func blocks(withDead isDead: Bool) -> Int {
            var scenario = Scenario.calm(validators: 4, seconds: 12)
            if isDead { scenario.plan(.crash(2, downMicroseconds: 12_000_000), atMilliseconds: 1) }
            let outcome = Simulation.run(scenario)
            #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
            return outcome.blocks
        }
        let alive = blocks(withDead: false)
        let dead = blocks(withDead: true)
        #expect(alive > 100)
        // Half of the pace at least. Each turn of the dead one waited for would cost 240 ms: more than the three others
        // need for theirs together.
        #expect(dead * 2 > alive, "\(dead) blocks with a dead proposer, \(alive) without")
    }

    @Test(arguments: [4, 7]) func aWipedPeerRejoinsAndVotes(_ validators: Int) {
        var scenario = Scenario.calm(validators: validators, seconds: 4)
        scenario.plan(.wipe(validators - 1), atMilliseconds: 2_000)
        let outcome = Simulation.run(scenario)
        // The end of a run waits for a vote of every validator.
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.faults[.wipedDisk] == 1)
    }

    /// No proposal gets through for a long time: then one must explain all the views between, and still be small.
    @Test func manyNullifiedViewsLeaveProposalsSmall() {
        var scenario = Scenario.calm(validators: 4, seconds: 400)
        scenario.parameters.delayMilliseconds = 60
        scenario.parameters.delayMillisecondsMax = 240
        scenario.proposalsLostUntil = 400_000_000
        scenario.submissionMicroseconds = 20_000_000
        let outcome = Simulation.run(scenario)
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.highestView > 500, "\(outcome.highestView) views")
        // 64 certificates of four signatures, a block of few transactions.
        #expect(outcome.proposalBytesMax < 64 * 4 * 80 + 8_192, "\(outcome.proposalBytesMax) bytes")
    }

    /// One validator's stored state is wrong: the others go on without it, and it says what it computed.
    @Test func oneDivergingValidatorDoesNotHaltTheChain() {
        var scenario = Scenario.calm(validators: 4, seconds: 6)
        scenario.diverging = [2]
        scenario.plan(.crash(2, downMicroseconds: 300_000), atMilliseconds: 2_000)
        scenario.plan(.changeState(2), atMilliseconds: 2_100)
        let outcome = Simulation.run(scenario)
        #expect(outcome.violation == nil, "\(String(describing: outcome.violation))")
        #expect(outcome.notes.contains { $0.contains("write set") }, "\(outcome.notes)")
    }
}
