import Chain
import Consensus
import Primitives
import TestSupport
import Testing

@Suite struct Restart {
    /// A leader proposes to two of four, a third forms the certificate and finalizes, two lose power: the chain goes on.
    @Test func oneFinalizedAndTwoLostPower() throws {
        var network = try Network(4)
        // n1 leads view 1; n0 hears nothing of it, and only n2 hears enough votes.
        network.passes = { from, to, message in
            switch message {
            case .proposal: from == 1 && to != 0
            case .vote: to == 2
            case .certificate: false
            default: true
            }
        }
        network.startAll()
        network.setBusy(true)
        network.run(until: 60)
        #expect(network.nodes[2].machine?.view == View(2))
        #expect(network.nodes[0].machine?.view == View(1))
        network.crash(1)
        network.crash(3)
        network.passes = nil
        network.run(until: 80)
        network.start(1)
        network.start(3)
        network.setBusy(true)
        let reached = network.reaches(5, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
        // What one validator called notarized was not given up.
        #expect(network.finalAt[Height(1)].flatMap { network.blocks[$0]?.header.view } == View(1))
    }

    @Test(arguments: [1, 2, 3, 4]) func allCrashRightAfterNullifying(count: Int) throws {
        var network = try Network(count)
        network.startAll()
        network.setBusy(true)
        network.passes = { _, _, message in
            if case .proposal = message { return false }
            if case .vote(let vote) = message { return vote.kind != .nullify }
            return true
        }
        network.run(until: 700)
        for index in network.nodes.indices { network.crash(index) }
        network.passes = nil
        for index in network.nodes.indices { network.start(index) }
        network.setBusy(true)
        let reached = network.reaches(5, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    /// Every node loses power at some moment, at the same time as the others or not, with all or part of the unsynced
    /// journal gone.
    @Test(arguments: 0..<40) func crashAnywhere(moment: Int) throws {
        var network = try Network(4, seed: UInt64(moment))
        network.startAll()
        network.setBusy(true)
        network.run(until: 40 + UInt64(moment) * 3)
        for index in network.nodes.indices where index <= moment % 4 { network.crash(index, keeping: moment % 3) }
        network.run(until: network.time + 20)
        for index in network.nodes.indices where !network.nodes[index].isUp { network.start(index) }
        network.setBusy(true)
        let height = network.nodes.map(\.finalHeight).max() ?? Height(0)
        let reached = network.reaches(height.value + 10, within: 30_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    @Test func pruningKeepsWhatRestartNeeds() throws {
        var network = try Network(4)
        network.checkpointBlocks = 2
        network.startAll()
        network.setBusy(true)
        network.reaches(50, within: 20_000)
        let records = network.nodes[0].records
        // 50 blocks make some 250 records; what is alive is a handful of views.
        #expect(records.count < 60)
        #expect(records.contains(.marker(epoch: Epoch(0), abstainThrough: View(0))))
        for index in network.nodes.indices { network.crash(index) }
        for index in network.nodes.indices { network.start(index) }
        network.setBusy(true)
        let reached = network.reaches(60, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    @Test func ownVotesAreCountedAndSentAgain() throws {
        let fixture = try Fixture(4)
        let records: [ConsensusRecord] = [
            .marker(epoch: Epoch(0), abstainThrough: View(0)),
            .vote(fixture.vote(.nullify, 1, .zero, by: 0)),
        ]
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .replay(records))
        let now = Instant(monotonic: 5, wall: Timestamp(2_000_000))
        let outputs = machine.step(.start, at: now)
        #expect(outputs.contains { if case .broadcast(.vote(let vote)) = $0 { vote.kind == .nullify } else { false } })
        // Two more make the quorum of three: the own one counts.
        for signer in [1, 2] {
            _ = machine.step(
                .message(.vote(fixture.vote(.nullify, 1, .zero, by: signer)), from: fixture.peer(signer)), at: now)
        }
        #expect(machine.view == View(2))
    }
}
