import Chain
import Primitives
import Testing

@testable import Consensus

/// What no honest node sends ends its message and is told of; what an honest one passes on never is.
@Suite struct FalseMessageTests {
    private let fixture: Fixture
    private var machine: ConsensusMachine

    init() throws {
        fixture = try Fixture(4)
        machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        _ = machine.step(.start, at: now)
    }

    private var now: Instant { Instant(monotonic: 0, wall: Timestamp(2_000_000)) }

    private mutating func hear(_ message: ConsensusMessage, from index: Int = 3) -> [ConsensusOutput] {
        machine.step(.message(message, from: fixture.peer(index)), at: now)
    }

    private func blamed(_ outputs: [ConsensusOutput]) -> [Digest] {
        outputs.compactMap { if case .misbehaved(let peer, _) = $0 { peer } else { nil } }
    }

    private func nullification(_ view: UInt64) -> Certificate {
        fixture.certificate(.nullify, view, .zero, by: [1, 2, 3])
    }

    /// Of three signers, the last of whom did not sign.
    private func falseNullification(_ view: UInt64) -> Certificate {
        let right = nullification(view)
        return Certificate(
            epoch: right.epoch, kind: right.kind, view: right.view, digest: right.digest,
            entries: right.entries.dropLast() + [Certificate.Entry(signer: 3, signature: right.entries[0].signature)])
    }

    /// The vote of `proposal` with the signature of somebody else.
    private func unsigned(_ proposal: Proposal) -> Proposal {
        let vote = proposal.vote
        let other = fixture.vote(vote.kind, vote.view.value, vote.digest, by: (Int(vote.signer) + 1) % 4)
        return Proposal(
            header: proposal.header, transactions: proposal.transactions,
            vote: Vote(
                epoch: vote.epoch, kind: vote.kind, view: vote.view, digest: vote.digest, signer: vote.signer,
                signature: other.signature),
            parent: proposal.parent, nullifications: proposal.nullifications)
    }

    @Test mutating func theFirstFalseCertificateEndsAList() {
        let outputs = hear(.certificates([nullification(1), falseNullification(5), nullification(9)]))
        #expect(blamed(outputs) == [fixture.peer(3)])
        #expect(machine.view == View(2))
        #expect(machine.views[View(9)]?.nullification == nil)
        #expect(blamed(hear(.certificates([nullification(9)]))).isEmpty)
        #expect(machine.view == View(10))
    }

    @Test mutating func aFalseCertificateIsTold() {
        #expect(blamed(hear(.certificate(falseNullification(1)))) == [fixture.peer(3)])
        // Nobody looks at what adds nothing.
        _ = hear(.certificate(nullification(1)))
        #expect(blamed(hear(.certificate(falseNullification(1)))).isEmpty)
    }

    @Test mutating func aStatusWithAFalseCertificateIsNoReport() throws {
        machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .lost)
        _ = machine.step(.start, at: now)
        let status = ConsensusStatus(
            epoch: Epoch(0), view: View(2), entry: falseNullification(1), finalization: nil, isRecovering: false,
            answers: 1)
        #expect(blamed(hear(.status(status))) == [fixture.peer(3)])
        #expect(machine.recovery.reporters.isEmpty)
    }

    @Test mutating func aFalseVoteIsTold() {
        let right = fixture.vote(.nullify, 1, .zero, by: 1)
        let wrong = Vote(
            epoch: right.epoch, kind: right.kind, view: right.view, digest: right.digest, signer: 2,
            signature: right.signature)
        #expect(blamed(hear(.vote(wrong), from: 2)) == [fixture.peer(2)])
        #expect(blamed(hear(.vote(right), from: 2)).isEmpty)
        #expect(machine.views[View(1)]?.votes == [right])
    }

    /// What is of another epoch cannot be judged here.
    @Test mutating func anotherEpochIsNotFalse() {
        let header = TestApplication.header(
            view: View(1), on: fixture.genesis, parentView: View(0), time: fixture.genesis.time.next, proposer: 1,
            transactions: [], set: fixture.set, next: fixture.set, epoch: Epoch(1))
        let proposal = Proposal(
            header: header, transactions: [], vote: fixture.vote(.notarize, 1, header.digest, by: 2, epoch: 1),
            parent: nil, nullifications: [])
        #expect(blamed(hear(.proposal(proposal))).isEmpty)
        let unsigned = Vote(
            epoch: Epoch(1), kind: .nullify, view: View(1), digest: .zero, signer: 1, signature: proposal.vote.signature
        )
        #expect(blamed(hear(.vote(unsigned))).isEmpty)
        #expect(machine.views.isEmpty)
    }

    /// The leader's signature comes first: without it not one certificate is looked at, right ones included.
    @Test mutating func aJustificationIsItsLeadersOnly() {
        let block = fixture.block(view: 65, on: fixture.genesis, parentView: 0, salt: "x")
        let proposal = fixture.proposal(block, nullifications: (1...64).map { nullification($0) })
        #expect(blamed(hear(.proposal(unsigned(proposal)))) == [fixture.peer(3)])
        #expect(machine.view == View(1))
        #expect(machine.views.values.allSatisfy { $0.nullification == nil })
        #expect(blamed(hear(.proposal(proposal))).isEmpty)
        #expect(machine.view == View(65))
    }

    /// The first false certificate of a justification ends it; the leader's vote counts, and as evidence.
    @Test mutating func aFalseJustificationIsDropped() {
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "x")
        let wrong = fixture.proposal(block, nullifications: [falseNullification(3), nullification(9)])
        #expect(blamed(hear(.proposal(wrong))) == [fixture.peer(3)])
        #expect(machine.view == View(1))
        #expect(machine.views[View(1)]?.proposals.isEmpty ?? false)
        #expect(machine.views[View(1)]?.votes == [wrong.vote])
        let other = fixture.vote(
            .notarize, 1, fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "y").header.digest, by: 1)
        let evidence = hear(.vote(other), from: 1).contains { if case .evidence = $0 { true } else { false } }
        #expect(evidence)
        // Whoever brings it with a right justification is heard.
        #expect(blamed(hear(.proposal(fixture.proposal(block)), from: 2)).isEmpty)
        #expect(machine.views[View(1)]?.proposals.count == 1)
    }

    /// A leader puts a false certificate of a view that is known here, and so not looked at, into its proposal. Passed on, the
    /// proposal carries the one held here: nobody takes this node for hostile.
    @Test mutating func nothingUncheckedIsPassedOn() throws {
        let first = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "a")
        let digest = first.header.digest
        for signer in 1...3 { _ = hear(.vote(fixture.vote(.notarize, 1, digest, by: signer)), from: signer) }
        #expect(machine.view == View(2))
        let lie = Certificate(
            epoch: Epoch(0), kind: .notarize, view: View(1), digest: digest,
            entries: (1...3).map {
                Certificate.Entry(signer: UInt16($0), signature: fixture.vote(.nullify, 7, .zero, by: 1).signature)
            })
        let second = fixture.block(view: 2, on: first.header, parentView: 1, salt: "b")
        #expect(blamed(hear(.proposal(fixture.proposal(second, parent: lie)), from: 2)).isEmpty)
        let answer = hear(.proposalRequest(epoch: Epoch(0), view: View(2), digest: second.header.digest))
        let passed = try #require(
            answer.compactMap { if case .send(.proposal(let proposal), _) = $0 { proposal } else { nil } }.first)
        #expect(passed.parent?.digest == digest)
        var other = ConsensusMachine(fixture.configuration(fixture.keys[3]), start: .fresh)
        _ = other.step(.start, at: now)
        #expect(blamed(other.step(.message(.proposal(passed), from: fixture.peer(0)), at: now)).isEmpty)
        #expect(other.view == View(2))
    }
}
