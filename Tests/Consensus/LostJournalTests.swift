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

    /// Storage may be an epoch behind the journal: nothing is voted there, and nothing was lost for the epoch after it.
    @Test func aJournalAheadOfStorageIsNoLoss() throws {
        let fixture = try Fixture(4)
        let records = [
            ConsensusRecord.marker(epoch: Epoch(0), abstainThrough: View(0)),
            .marker(epoch: Epoch(1), abstainThrough: View(0)),
        ]
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .replay(records))
        var outputs = machine.step(.start, at: Instant(monotonic: 0, wall: Timestamp(2_000_000)))
        outputs += machine.step(.waiting(true), at: Instant(monotonic: 1, wall: Timestamp(2_000_001)))
        outputs += machine.step(.tick, at: Instant(monotonic: 60_000, wall: Timestamp(2_060_000)))
        #expect(!outputs.contains { if case .journal(.vote, _) = $0 { true } else { false } })
        #expect(machine.journalIsTrusted)
        let next = machine.startOfNext(root: fixture.block(view: 5, on: fixture.genesis, parentView: 0).header)
        #expect({ if case .lost = next { true } else { false } }(), "what the journal says of it decides, not this")
    }

    /// Storage is an epoch behind: its machine must not let go of what the journal holds of the next epoch, and is no witness
    /// for a validator that lost its journal.
    @Test func aJournalAheadOfStorageStaysWhole() throws {
        let fixture = try Fixture(4)
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0)
        let final = fixture.certificate(.finalize, 1, block.header.digest, by: [0, 1, 2])
        let own = ConsensusRecord.marker(epoch: Epoch(0), abstainThrough: View(0))
        func outputs(after records: [ConsensusRecord]) -> [ConsensusOutput] {
            var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .replay(records))
            let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
            var outputs = machine.step(.start, at: now)
            outputs += machine.step(.executed(block.header, transactions: block.transactions), at: now)
            outputs += machine.step(.stored(block.header.height), at: now)
            outputs += machine.step(.journaled(upTo: 1_000), at: now)
            return outputs
                + machine.step(
                    .message(
                        .statusRequest(epoch: Epoch(0), incarnation: 7), from: fixture.peer(2)), at: now)
        }
        func prunes(_ outputs: [ConsensusOutput]) -> Bool {
            outputs.contains { if case .prunable = $0 { true } else { false } }
        }
        func witnesses(_ outputs: [ConsensusOutput]) -> [Bool] {
            outputs.compactMap {
                if case .send(.status(let status), _) = $0 { !status.isRecovering } else { nil }
            }
        }
        let level = outputs(after: [own, .proposal(fixture.proposal(block)), .certificate(final)])
        #expect(prunes(level) && witnesses(level) == [true])
        let ahead = outputs(after: [
            own, .proposal(fixture.proposal(block)), .certificate(final),
            .marker(epoch: Epoch(1), abstainThrough: View(0)),
        ])
        #expect(!prunes(ahead) && witnesses(ahead) == [false])
    }

    @Test func aJournalWithoutMarkerIsLost() throws {
        let fixture = try Fixture(4)
        let machine = ConsensusMachine(
            fixture.configuration(fixture.keys[0]),
            start: .replay([.vote(fixture.vote(.nullify, 1, .zero, by: 0))]))
        #expect(!machine.journalIsTrusted)
    }

    /// A machine of epoch 0 whose journal was lost, after three others reported view `reported`.
    private func recovered(_ fixture: Fixture, reported: UInt64) -> (ConsensusMachine, [ConsensusRecord]) {
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .lost)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        let entry = reported > 1 ? fixture.certificate(.nullify, reported - 1, .zero, by: [1, 2, 3]) : nil
        var records: [ConsensusRecord] = []
        for peer in 1...3 {
            let status = ConsensusStatus(
                epoch: Epoch(0), view: View(reported), entry: entry, finalization: nil, isRecovering: false, answers: 1)
            for output in machine.step(.message(.status(status), from: fixture.peer(peer)), at: now) {
                if case .journal(let record, _) = output { records.append(record) }
            }
        }
        return (machine, records)
    }

    /// The key may have voted in view 1 of the next epoch when only it had seen the end of this one. In the new epoch the
    /// machine must not vote in view 1, neither when it goes on nor after another restart.
    @Test(arguments: [3, 7]) func aLossNearTheEndOfAnEpochBindsInTheNext(closingView: UInt64) throws {
        let fixture = try Fixture(4)
        let (before, records) = recovered(fixture, reported: 4)
        #expect(before.journalIsTrusted)
        let closing = TestApplication.header(
            view: View(closingView), on: fixture.genesis, parentView: View(0), time: Timestamp(2_000_000), proposer: 0,
            transactions: [], set: fixture.set, next: try Fixture.validators(Array(fixture.keys[0..<3])))
        let configuration = ConsensusConfiguration(
            network: Fixture.network, epoch: Epoch(1), validators: fixture.set, parameters: ChainParameters(),
            root: closing, key: fixture.keys[0], incarnation: 2)
        // Reports of view 4 came from others that cannot have finalized anything above it.
        let mayHaveVoted = closingView <= 5
        for start in [before.startOfNext(root: closing), .replay(records)] {
            var machine = ConsensusMachine(configuration, start: start)
            let at = Instant(monotonic: 10, wall: Timestamp(2_000_010))
            _ = machine.step(.start, at: at)
            _ = machine.step(.waiting(true), at: at)
            let late = machine.step(.tick, at: Instant(monotonic: 60_000, wall: Timestamp(2_060_000)))
            let votes = late.contains { if case .journal(.vote, _) = $0 { true } else { false } }
            #expect(votes != mayHaveVoted)
        }
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
