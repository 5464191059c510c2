import Chain
import Primitives
import Testing

@testable import Consensus

@Suite struct Bounds {
    private func started(_ fixture: Fixture, _ index: Int = 0) -> ConsensusMachine {
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[index]), start: .fresh)
        _ = machine.step(.start, at: now)
        return machine
    }

    private var now: Instant { Instant(monotonic: 0, wall: Timestamp(2_000_000)) }

    @Test func votesBeyondTheWindowAreNotKept() throws {
        let fixture = try Fixture(4)
        var machine = started(fixture)
        for view in UInt64(1)...400 {
            let vote = fixture.vote(.nullify, view, .zero, by: 1)
            _ = machine.step(.message(.vote(vote), from: fixture.peer(1)), at: now)
        }
        #expect(machine.views.count == 65)
        #expect(machine.views.values.allSatisfy { $0.votes.count == 1 })
    }

    @Test func votesBetweenFinalAndCurrentAreTaken() throws {
        let fixture = try Fixture(4)
        var machine = started(fixture)
        let jump = fixture.certificate(.nullify, 500, .zero, by: [1, 2, 3])
        _ = machine.step(.message(.certificate(jump), from: fixture.peer(1)), at: now)
        #expect(machine.view == View(501))
        let block = fixture.block(view: 3, on: fixture.genesis, parentView: 0).header.digest
        for signer in 1...3 {
            _ = machine.step(
                .message(.vote(fixture.vote(.finalize, 3, block, by: signer)), from: fixture.peer(signer)), at: now)
        }
        #expect(machine.final == View(3))
        // And now they are stale.
        _ = machine.step(.message(.vote(fixture.vote(.nullify, 2, .zero, by: 1)), from: fixture.peer(1)), at: now)
        #expect(machine.views[View(2)] == nil)
    }

    /// 10,000 views come to nothing: proposals stay small, a node that has seen none of them still votes at once.
    @Test func tenThousandNullifiedViewsKeepProposalsSmall() throws {
        let fixture = try Fixture(4)
        let last: UInt64 = 10_000
        var leader = started(fixture, Int((last + 1) % 4))
        var newcomer = started(fixture, 0)
        for view in 1...last {
            let certificate = fixture.certificate(.nullify, view, .zero, by: [0, 1, 2])
            _ = leader.step(.message(.certificate(certificate), from: fixture.peer(2)), at: now)
        }
        #expect(leader.view == View(last + 1))
        let asked = leader.step(.waiting(true), at: now)
        let request = try #require(asked.compactMap { if case .build(let request) = $0 { request } else { nil } }.first)
        #expect(request.parent == fixture.genesis.digest)
        let block = fixture.block(
            view: request.view.value, on: fixture.genesis, parentView: 0, salt: "x", time: request.time.value)
        var outputs = leader.step(.built(block.header, transactions: block.transactions), at: now)
        outputs += leader.step(.journaled(upTo: .max), at: now)
        let proposal = try #require(
            outputs.compactMap { if case .broadcast(.proposal(let proposal)) = $0 { proposal } else { nil } }.first)
        #expect(proposal.nullifications.count == Proposal.nullificationsMax)
        #expect(proposal.bcs.count < 32 * 1024)

        var rounds = 0
        var answers: [ConsensusMessage] = [.proposal(proposal)]
        while !answers.isEmpty, rounds < 200 {
            rounds += 1
            let replies = answers.flatMap { newcomer.step(.message($0, from: fixture.peer(1)), at: now) }
            if replies.contains(where: { if case .judge = $0 { true } else { false } }) { break }
            let request = replies.compactMap { output -> ConsensusMessage? in
                if case .send(let message, _) = output, case .certificatesRequest = message { message } else { nil }
            }.first
            answers = (request.map { leader.step(.message($0, from: fixture.peer(0)), at: now) } ?? [])
                .compactMap { if case .send(let message, _) = $0 { message } else { nil } }
        }
        #expect(newcomer.view == View(last + 1))
        // (10,000 - 64) / 31 views an answer that may hold two certificates each: bounded, and it ends.
        #expect(rounds < 200)
        #expect(newcomer.blocks[block.header.digest]?.status == .judging)
    }

    @Test func deepUnfinalizedChainGetsEmptyBlocks() throws {
        var network = try Network(4)
        network.passes = { _, _, message in
            if case .vote(let vote) = message { return vote.kind != .finalize }
            return true
        }
        network.startAll()
        network.setBusy(true)
        network.run(until: 3_000)
        let filled = network.blocks.values.filter { !$0.transactions.isEmpty }.map(\.header.height)
        #expect(filled.max() == Height(16))
        #expect(network.blocks.values.contains { $0.header.height > Height(20) })
        network.passes = nil
        let reached = network.reaches(60, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    @Test func certificatesHeldAreNotCheckedAgain() throws {
        let fixture = try Fixture(4)
        var machine = started(fixture)
        let right = fixture.certificate(.nullify, 1, .zero, by: [1, 2, 3])
        _ = machine.step(.message(.certificate(right), from: fixture.peer(1)), at: now)
        let outputs = machine.step(.message(.certificate(right), from: fixture.peer(2)), at: now)
        #expect(!outputs.contains { if case .journal = $0 { true } else { false } })
    }

    @Test func tooFewOrRepeatedSignersAreNoCertificate() throws {
        let fixture = try Fixture(4)
        var machine = started(fixture)
        let two = fixture.certificate(.nullify, 1, .zero, by: [1, 2])
        let repeated = fixture.certificate(.nullify, 1, .zero, by: [1, 1, 2])
        for certificate in [two, repeated] {
            _ = machine.step(.message(.certificate(certificate), from: fixture.peer(1)), at: now)
        }
        #expect(machine.view == View(1))
    }
}
