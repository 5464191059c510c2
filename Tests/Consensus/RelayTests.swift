import Chain
import Primitives
import Testing

@testable import Consensus

/// Certificates go, after a pause, to whom they may be news.
@Suite struct RelayTests {
    private let fixture: Fixture
    private var machine: ConsensusMachine
    private let block: (header: BlockHeader, transactions: [Digest])

    init() throws {
        fixture = try Fixture(4)
        machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "x")
        _ = machine.step(.start, at: at(0))
    }

    private func at(_ milliseconds: UInt64) -> Instant {
        Instant(monotonic: milliseconds, wall: Timestamp(2_000_000 + milliseconds))
    }

    private mutating func hear(_ kind: VoteKind, by signer: Int, at time: UInt64 = 0) -> [ConsensusOutput] {
        let vote = fixture.vote(kind, 1, kind == .nullify ? .zero : block.header.digest, by: signer)
        return machine.step(.message(.vote(vote), from: fixture.peer(signer)), at: at(time))
    }

    /// Certificates that leave, each with the validators that get it.
    private func certificates(_ outputs: [ConsensusOutput]) -> [(kind: VoteKind, to: [Int])] {
        outputs.compactMap { output in
            switch output {
            case .broadcast(.certificate(let certificate)): (certificate.kind, [1, 2, 3])
            case .relay(.certificate(let certificate), let holders):
                (certificate.kind, (1...3).filter { !holders.contains(fixture.peer($0)) })
            default: nil
            }
        }
    }

    @Test mutating func aNotarizationGoesToThoseWhoDidNotShowIt() throws {
        var outputs = (1...3).flatMap { hear(.notarize, by: $0) }
        #expect(machine.view == View(2))
        outputs += hear(.finalize, by: 2, at: 1)
        #expect(certificates(outputs).isEmpty)
        let wake = try #require(outputs.compactMap { if case .wake(let at) = $0 { at } else { nil } }.min())
        #expect(wake == machine.relayPauseMilliseconds)
        #expect(certificates(machine.step(.tick, at: at(wake - 1))).isEmpty)
        let relayed = certificates(machine.step(.tick, at: at(wake)))
        #expect(relayed.map(\.kind) == [.notarize])
        #expect(relayed.first?.to == [1, 3])
        // Once.
        #expect(certificates(machine.step(.tick, at: at(2 * wake))).isEmpty)
    }

    @Test mutating func whoSendsTheCertificateHasIt() {
        _ = (1...3).flatMap { hear(.notarize, by: $0) }
        let certificate = fixture.certificate(.notarize, 1, block.header.digest, by: [0, 1, 3])
        _ = machine.step(.message(.certificate(certificate), from: fixture.peer(1)), at: at(1))
        let relayed = certificates(machine.step(.tick, at: at(machine.relayPauseMilliseconds)))
        #expect(relayed.first?.to == [2, 3])
    }

    /// Nobody else shows by a vote that a view was given up.
    @Test mutating func aNullificationGoesAtOnce() {
        let relayed = certificates((1...3).flatMap { hear(.nullify, by: $0) })
        #expect(relayed.map(\.kind) == [.nullify])
        #expect(relayed.first?.to == [1, 2, 3])
    }

    /// Its vote came when the block was final already.
    @Test mutating func aLateFinalizeShowsItsSenderToo() {
        _ = [0, 1, 3].flatMap { hear(.notarize, by: $0) }
        _ = [0, 1, 3].flatMap { hear(.finalize, by: $0) }
        #expect(machine.final == View(1))
        _ = hear(.finalize, by: 2, at: 1)
        let relayed = certificates(machine.step(.tick, at: at(machine.relayPauseMilliseconds)))
        #expect(relayed.map(\.to) == [[]])
    }

    @Test mutating func aFinalizationStandsForItsNotarization() {
        _ = (1...3).flatMap { hear(.notarize, by: $0) }
        let outputs = (1...3).flatMap { hear(.finalize, by: $0, at: 1) }
        #expect(certificates(outputs).isEmpty)
        let relayed = certificates(machine.step(.tick, at: at(machine.relayPauseMilliseconds + 1)))
        // All have shown that they left the view.
        #expect(relayed.map(\.kind) == [.finalize])
        #expect(relayed.first?.to.isEmpty == true)
    }

    /// A peer that has voted Finalize is not sent the finalization: it asks when others' votes did not reach it.
    @Test mutating func whatIsNotarizedAndNotFinalIsAskedForAfterADelay() {
        _ = (1...3).flatMap { hear(.notarize, by: $0) }
        let delay = UInt64(fixture.parameters.delayMilliseconds)
        func isAsked(_ outputs: [ConsensusOutput]) -> Bool {
            outputs.contains { if case .broadcast(.status) = $0 { true } else { false } }
        }
        #expect(!isAsked(machine.step(.tick, at: at(delay - 1))))
        #expect(isAsked(machine.step(.tick, at: at(delay))))
        #expect(!isAsked(machine.step(.tick, at: at(delay + 1))))
    }

    /// The transactions of a proposal are checked before it gets here, and votes overtake it meanwhile. It was thrown away
    /// then, and the block fetched half a second later.
    @Test mutating func aProposalOfABlockThatIsFinalAlreadyIsUsed() {
        _ = (1...3).flatMap { hear(.notarize, by: $0) }
        _ = (1...3).flatMap { hear(.finalize, by: $0) }
        #expect(machine.final == View(1))
        let proposal = fixture.proposal(block)
        let outputs = machine.step(.message(.proposal(proposal), from: fixture.peer(1)), at: at(1))
        #expect(outputs.contains { if case .judge(let request) = $0 { request.header == block.header } else { false } })
        // Another one of that view is not.
        let other = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "y")
        let none = machine.step(.message(.proposal(fixture.proposal(other)), from: fixture.peer(1)), at: at(1))
        #expect(!none.contains { if case .judge = $0 { true } else { false } })
    }
}
