import Chain
import Primitives
import Testing

@testable import Consensus

@Suite struct EpochChange {
    private func network(seed: UInt64? = nil, mutations: ConsensusMutation = []) throws -> Network {
        var network = try Network(5, validators: 4, seed: seed, mutations: mutations)
        let keys = network.keys
        // Epoch 0: n0-n3. Epoch 1: n0-n4. Epoch 2: n1-n4.
        network.sets += [try Fixture.validators(keys), try Fixture.validators(Array(keys[1...]))]
        network.closingHeights = [5, 12]
        return network
    }

    @Test func setsChangeAndAllFollow() throws {
        var network = try network()
        network.startAll()
        network.setBusy(true)
        // n4 follows epoch 0 without a vote; n0 follows epoch 2 so.
        let reached = network.reaches(25, within: 60_000)
        #expect(reached)
        #expect(network.failures == [])
        for node in network.nodes { #expect(node.machine?.epoch == Epoch(2)) }
        #expect(network.nodes[0].machine?.own == nil)
        let first = try #require(network.finalAt[Height(6)].flatMap { network.blocks[$0]?.header })
        #expect(first.epoch == Epoch(1))
        #expect(first.parentView == View(0))
    }

    /// No Finalize gets through for a while after the closing block: its digest alone is proposed again.
    @Test func onlyTheClosingBlockIsProposedAgain() throws {
        var network = try network()
        network.startAll()
        network.setBusy(true)
        network.reaches(3, within: 5_000)
        network.passes = { _, _, message in
            switch message {
            case .vote(let vote): vote.kind != .finalize
            case .certificate(let certificate): certificate.kind != .finalize
            default: true
            }
        }
        network.run(until: network.time + 400)
        #expect(!network.blocks.values.contains { $0.header.height > Height(5) })
        #expect((network.nodes[0].machine?.highestNotarized ?? View(0)) > View(8))
        network.passes = nil
        let reached = network.reaches(20, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    @Test func aBlockAboveTheClosingOneIsRefused() throws {
        let fixture = try Fixture(4)
        let next = try Fixture.validators(Array(fixture.keys[0..<3]))
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        let closing = TestApplication.header(
            view: View(1), on: fixture.genesis, parentView: View(0), time: Timestamp(1_500_000), proposer: 1,
            transactions: [], set: fixture.set, next: next)
        let certificate = fixture.certificate(.notarize, 1, closing.digest, by: [1, 2, 3])
        _ = machine.step(.message(.certificate(certificate), from: fixture.peer(1)), at: now)
        _ = machine.step(.executed(closing, transactions: []), at: now)
        let child = TestApplication.header(
            view: View(2), on: closing, parentView: View(1), time: Timestamp(1_600_000), proposer: 2,
            transactions: [], set: fixture.set, next: fixture.set)
        let outputs = machine.step(
            .message(.proposal(fixture.proposal((child, []), parent: certificate)), from: fixture.peer(2)), at: now)
        #expect(
            outputs.contains { if case .journal(.vote(let vote), _) = $0 { vote.kind == .nullify } else { false } })
        // The closing block itself, in view 2, gets the vote.
        var other = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        _ = other.step(.start, at: now)
        _ = other.step(.message(.certificate(certificate), from: fixture.peer(1)), at: now)
        _ = other.step(.executed(closing, transactions: []), at: now)
        let again = fixture.proposal((closing, []), view: 2, parent: certificate)
        let votes = other.step(.message(.proposal(again), from: fixture.peer(2)), at: now)
        #expect(
            votes.contains {
                if case .journal(.vote(let vote), _) = $0 {
                    vote.kind == .notarize && vote.view == View(2)
                } else {
                    false
                }
            })
    }

    @Test func aLostJournalStaysLostIntoTheNextEpoch() throws {
        var network = try network()
        network.startAll()
        network.setBusy(true)
        network.reaches(3, within: 5_000)
        network.crash(2)
        network.reaches(8, within: 20_000, on: [0, 1, 3, 4])
        network.start(2, lost: true)
        let height = network.nodes[0].finalHeight.value
        let reached = network.reaches(height + 12, within: 30_000)
        #expect(reached)
        #expect(network.failures == [])
        #expect(network.nodes[2].machine?.journalIsTrusted == true)
    }
}
