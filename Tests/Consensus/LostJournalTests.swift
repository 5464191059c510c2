import Chain
import Consensus
import Primitives
import Testing

@Suite struct LostJournal {
    @Test func asksThenAbstainsThenVotes() throws {
        var network = try Network(4)
        network.startAll()
        network.setBusy(true)
        network.reaches(10, within: 5_000)
        network.crash(3)
        network.start(3, lost: true)
        #expect(network.nodes[3].machine?.journalIsTrusted == false)
        let height = network.nodes[0].finalHeight.value
        let reached = network.reaches(height + 20, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
        #expect(network.nodes[3].machine?.journalIsTrusted == true)
        let through = try #require(network.nodes[3].recoveredThrough)
        // Its own record says so too, so that the next restart needs no asking.
        #expect(network.nodes[3].records.contains(.marker(epoch: Epoch(0), abstainThrough: through)))
    }

    @Test func votesOnlyWhenAllNeededOthersReported() throws {
        var network = try Network(4)
        network.startAll()
        network.setBusy(true)
        network.reaches(5, within: 5_000)
        network.crash(3)
        network.crash(2)
        // n - f = 3 others must report; two are left.
        network.start(3, lost: true)
        network.run(until: network.time + 10_000)
        #expect(network.nodes[3].machine?.journalIsTrusted == false)
        network.start(2)
        network.setBusy(true)
        network.run(until: network.time + 5_000)
        #expect(network.nodes[3].machine?.journalIsTrusted == true)
        #expect(network.failures == [])
    }

    @Test func claimsWithoutProofDoNotCount() throws {
        let fixture = try Fixture(4)
        var configuration = fixture.configuration(fixture.keys[0])
        configuration.mutations = []
        var machine = ConsensusMachine(configuration, start: .lost)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        func report(_ view: UInt64, _ entry: Certificate?, answers: UInt64 = 1, recovering: Bool = false)
            -> ConsensusMessage
        {
            .status(
                ConsensusStatus(
                    epoch: Epoch(0), view: View(view), entry: entry, finalization: nil, isRecovering: recovering,
                    answers: answers))
        }
        let proof = fixture.certificate(.nullify, 6, .zero, by: [1, 2, 3])
        let forged = fixture.certificate(.nullify, 90, .zero, by: [1, 2])
        _ = machine.step(.message(report(91, forged), from: fixture.peer(1)), at: now)
        _ = machine.step(.message(report(3, nil, answers: 9), from: fixture.peer(1)), at: now)
        _ = machine.step(.message(report(3, nil, recovering: true), from: fixture.peer(1)), at: now)
        _ = machine.step(.message(report(7, proof), from: fixture.peer(2)), at: now)
        _ = machine.step(.message(report(1, nil), from: fixture.peer(2)), at: now)
        _ = machine.step(.message(report(1, nil), from: fixture.peer(3)), at: now)
        #expect(!machine.journalIsTrusted)
        let outputs = machine.step(.message(report(1, nil), from: fixture.peer(1)), at: now)
        #expect(machine.journalIsTrusted)
        // The highest proved view is 7: nothing up to 8.
        #expect(
            outputs.contains { if case .recovered(let view) = $0 { view == View(8) } else { false } })
    }

    @Test func aJournalWithoutMarkerIsLost() throws {
        let fixture = try Fixture(4)
        let machine = ConsensusMachine(
            fixture.configuration(fixture.keys[0]),
            start: .replay([.vote(fixture.vote(.nullify, 1, .zero, by: 0))]))
        #expect(!machine.journalIsTrusted)
    }

    @Test func aSingleValidatorThatLostItsJournalStaysSilent() throws {
        var network = try Network(1)
        network.startAll()
        network.setBusy(true)
        network.reaches(5, within: 5_000)
        network.crash(0)
        network.start(0, lost: true)
        network.setBusy(true)
        let reached = network.reaches(100, within: 20_000)
        #expect(!reached)
        #expect(network.failures == [])
    }
}
