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
        // Who lacked it is sent what follows at once.
        let outputs2 = (1...3).flatMap { hear(.finalize, by: $0, at: 2 * wake) }
        let asked = outputs2.compactMap { output -> Int? in
            guard case .send(.certificate(let certificate), let peer) = output else { return nil }
            #expect(certificate.kind == .finalize)
            return (1...3).first { fixture.peer($0) == peer }
        }
        #expect(asked == [1, 3])
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
    @Test mutating func whatIsNotarizedAndNotFinalIsAskedFor() {
        _ = (1...3).flatMap { hear(.notarize, by: $0) }
        let delay = UInt64(fixture.parameters.delayMilliseconds) / 2
        func isAsked(_ outputs: [ConsensusOutput]) -> Bool {
            outputs.contains { if case .send(.status, _) = $0 { true } else { false } }
        }
        #expect(!isAsked(machine.step(.tick, at: at(delay - 1))))
        #expect(isAsked(machine.step(.tick, at: at(delay))))
        #expect(!isAsked(machine.step(.tick, at: at(delay + 1))))
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let count: Int
        var down: [Int] = []
        let cut: [[Int]]
        /// Blocks in a hundred of those with all links.
        let percent: UInt64
    }

    static let broken = [
        Broken(testDescription: "three, two of them unlinked", count: 3, cut: [[0, 1]], percent: 50),
        // Its turns as leader reach one other only.
        Broken(testDescription: "four, one with one link", count: 4, cut: [[1, 2], [1, 3]], percent: 9),
        Broken(
            testDescription: "seven, one with three links", count: 7, cut: [[1, 0], [1, 5], [1, 6]], percent: 75),
        Broken(testDescription: "seven, two down, two unlinked", count: 7, down: [5, 6], cut: [[0, 1]], percent: 50),
    ]

    /// A link that stays down, where every vote is needed: the others pass certificates on, nearly as fast as votes travel. (While
    /// each waited for the pause, and finalizations for a stuck view, such a network made a tenth of the blocks.)
    @Test(arguments: broken) func aBrokenLinkHardlySlowsDown(_ one: Broken) throws {
        func network(isCut: Bool, isBusy: Bool) throws -> Network {
            var network = try Network(one.count)
            if isCut {
                network.passes = { from, to, _ in !one.cut.contains([from, to]) && !one.cut.contains([to, from]) }
            }
            network.startAll()
            for index in one.down { network.crash(index) }
            if isBusy { network.setBusy(true) }
            return network
        }
        let up = (0..<one.count).filter { !one.down.contains($0) }
        func heights(_ network: Network) -> [UInt64] { up.map { network.nodes[$0].finalHeight.value } }

        var whole = try network(isCut: false, isBusy: true)
        whole.run(until: 60_000)
        var cut = try network(isCut: true, isBusy: true)
        var lags: [UInt64] = []
        while cut.time < 60_000 {
            cut.run(until: cut.time + 50)
            let finals = up.compactMap { cut.nodes[$0].machine?.final.value }
            lags.append((finals.max() ?? 0) - (finals.min() ?? 0))
        }
        #expect(cut.failures == [])
        let (least, most) = (try #require(heights(cut).min()), try #require(heights(whole).max()))
        #expect(least * 100 >= most * one.percent, "\(heights(cut)) of \(most)")
        #expect(lags.sorted()[lags.count / 2] <= 1 && lags.max() ?? 0 < 16, "\(lags.sorted().suffix(10))")
        // An idle network makes its heartbeats and no more.
        var idle = try network(isCut: true, isBusy: false)
        idle.run(until: 120_000)
        #expect(heights(idle).max() ?? 0 <= 26, "\(heights(idle))")
    }

    /// Others' votes in a view come before the certificate that lets this node enter it, and the proposal never does.
    @Test mutating func theProposalIsAskedForWhenTheViewIsEntered() {
        let next = fixture.block(view: 2, on: block.header, parentView: 1, salt: "y")
        var outputs: [ConsensusOutput] = []
        for signer in [1, 3] {
            let vote = fixture.vote(.notarize, 2, next.header.digest, by: signer)
            outputs += machine.step(.message(.vote(vote), from: fixture.peer(signer)), at: at(1))
        }
        outputs += (1...3).flatMap { hear(.notarize, by: $0, at: 2) }
        let asked = outputs.compactMap { output -> Digest? in
            guard case .send(.proposalRequest(_, View(2), let digest), fixture.peer(3)) = output else { return nil }
            return digest
        }
        #expect(asked == [next.header.digest])
    }

    /// The last finalization of an epoch goes to all: one that is left out by the next set has nobody to ask.
    @Test func theEndOfAnEpochIsTold() throws {
        var network = try Network(3)
        network.sets.append(network.fixture.set)
        network.sets[1] = try Fixture.validators(Array(network.keys[1..<3]))
        network.closingHeights = [5]
        network.passes = { from, to, _ in Set([from, to]) != [0, 1] }
        network.startAll()
        network.setBusy(true)
        network.reaches(5, within: 1_000)
        #expect(network.failures == [])
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
