import Chain
import Consensus
import Primitives
import Testing

@Suite struct Misbehaviour {
    @Test func equivocatingLeaderIsNamedAndPassedOver() throws {
        var network = try Network(4)
        network.byzantine = [1]
        network.startAll()
        network.setBusy(true)
        let first = network.fixture.block(view: 1, on: network.fixture.genesis, parentView: 0, salt: "one")
        let second = network.fixture.block(view: 1, on: network.fixture.genesis, parentView: 0, salt: "two")
        let proposals = [first, second].map { network.fixture.proposal($0) }
        network.transmit(.proposal(proposals[0]), from: 1, to: network.nodes[0].peer)
        network.transmit(.proposal(proposals[0]), from: 1, to: network.nodes[2].peer)
        network.transmit(.proposal(proposals[1]), from: 1, to: network.nodes[3].peer)
        network.transmit(.proposal(proposals[1]), from: 1, to: network.nodes[0].peer)
        let reached = network.reaches(5, within: 20_000, on: [0, 2, 3])
        #expect(reached)
        #expect(network.failures == [])
        #expect(network.evidence.contains { $0.first.signer == 1 && $0.first.view == View(1) })
    }

    @Test func conflictingVotesAreEvidenceOnce() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        let one = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "one").header.digest
        let two = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "two").header.digest
        let votes = [
            fixture.vote(.finalize, 3, one, by: 2), fixture.vote(.nullify, 3, .zero, by: 2),
            fixture.vote(.finalize, 3, two, by: 2), fixture.vote(.notarize, 4, one, by: 3),
            fixture.vote(.nullify, 4, .zero, by: 3),
        ]
        var found: [Evidence] = []
        for vote in votes + votes {
            for output in machine.step(.message(.vote(vote), from: fixture.peer(1)), at: now) {
                if case .evidence(let evidence) = output { found.append(evidence) }
            }
        }
        #expect(found.count == 1)
        #expect(found.first?.first.signer == 2)
        #expect(found.first?.verify(network: Fixture.network, set: fixture.set) == true)
    }

    @Test func aForgedVoteIsNothing() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        let right = fixture.vote(.nullify, 1, .zero, by: 1)
        for signer in UInt16(1)..<4 {
            let forged = Vote(
                epoch: right.epoch, kind: right.kind, view: right.view, digest: right.digest,
                signer: signer == 1 ? 2 : signer,
                signature: right.signature)
            _ = machine.step(.message(.vote(forged), from: fixture.peer(Int(signer))), at: now)
        }
        #expect(machine.view == View(1))
        // The forged ones took nobody's place.
        for signer in 1...3 {
            let vote = fixture.vote(.nullify, 1, .zero, by: signer)
            _ = machine.step(.message(.vote(vote), from: fixture.peer(signer)), at: now)
        }
        #expect(machine.view == View(2))
    }

    @Test func aMissingNullificationStopsTheVote() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        // View 1 ended with a notarization of `first`; the leader of view 3 pretends that it was nullified.
        let first = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "one")
        let outputs = [
            ConsensusMessage.certificate(fixture.certificate(.notarize, 1, first.header.digest, by: [1, 2, 3])),
            .proposal(
                fixture.proposal(
                    fixture.block(view: 3, on: fixture.genesis, parentView: 0, salt: "three"),
                    nullifications: [fixture.certificate(.nullify, 2, .zero, by: [1, 2, 3])])),
        ].flatMap { machine.step(.message($0, from: fixture.peer(3)), at: now) }
        #expect(machine.view == View(3))
        #expect(!outputs.contains { if case .judge = $0 { true } else { false } })
        #expect(
            outputs.contains {
                if case .send(.certificatesRequest(_, View(1), View(1)), _) = $0 { true } else { false }
            })
        // With the missing one it is judged.
        let late = machine.step(
            .message(.certificate(fixture.certificate(.nullify, 1, .zero, by: [1, 2, 3])), from: fixture.peer(3)),
            at: now)
        #expect(late.contains { if case .judge(let request) = $0 { request.header.view == View(3) } else { false } })
    }

    @Test func aWrongRootIsRefusedAndTheViewGivenUp() throws {
        var network = try Network(4)
        network.byzantine = [1]
        network.startAll()
        network.setBusy(true)
        let fixture = network.fixture
        let honest = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "one")
        let header = honest.header
        let wrong = BlockHeader(
            network: header.network, height: header.height, view: header.view, epoch: header.epoch,
            parent: header.parent, parentView: header.parentView, time: header.time, proposer: header.proposer,
            transactionsRoot: header.transactionsRoot, stateRoot: header.digest, receiptsRoot: header.receiptsRoot,
            validatorSet: header.validatorSet, nextValidatorSet: header.nextValidatorSet)
        for target in [0, 2, 3] {
            network.transmit(
                .proposal(fixture.proposal((wrong, honest.transactions))), from: 1, to: network.nodes[target].peer)
        }
        network.run(until: 100)
        // Nobody waits for the timer of 500 ms.
        for index in [0, 2, 3] { #expect((network.nodes[index].machine?.view ?? View(0)) >= View(2)) }
        #expect(network.failures == [])
    }

    @Test func aBlockFromTheFutureWaitsForTheClock() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        func at(_ time: UInt64) -> Instant { Instant(monotonic: time, wall: Timestamp(2_000_000 + time)) }
        _ = machine.step(.start, at: at(0))
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "x", time: 2_002_100)
        let early = machine.step(.message(.proposal(fixture.proposal(block)), from: fixture.peer(1)), at: at(0))
        #expect(!early.contains { if case .judge = $0 { true } else { false } })
        #expect(early.contains { if case .wake(at: 100) = $0 { true } else { false } })
        let due = machine.step(.tick, at: at(100))
        #expect(due.contains { if case .judge = $0 { true } else { false } })
    }

    @Test func blockTimeMustPassTheParents() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, time: fixture.genesis.time.value)
        let outputs = machine.step(.message(.proposal(fixture.proposal(block)), from: fixture.peer(1)), at: now)
        #expect(
            outputs.contains { if case .journal(.vote(let vote), _) = $0 { vote.kind == .nullify } else { false } })
    }
}
