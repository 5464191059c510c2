import Chain
import Consensus
import Primitives
import Testing

/// A leader that reserved its view proposes before the proposal is on its disk, and is bound by that after a crash.
@Suite struct Reservation {
    private let fixture: Fixture
    private let now = Instant(monotonic: 5, wall: Timestamp(2_000_000))
    /// Leads view 1.
    private let leader: Int

    init() throws {
        fixture = try Fixture(4)
        leader = fixture.set.leader(of: View(1))
    }

    /// The leader of view 1, and what it wrote when it started.
    private func started(_ start: ConsensusStart, mutations: ConsensusMutation = []) -> (ConsensusMachine, UInt64) {
        var machine = ConsensusMachine(
            fixture.configuration(fixture.keys[leader], mutations: mutations), start: start)
        let written = last(machine.step(.start, at: now))
        return (machine, written)
    }

    /// Number of the last record that these write; 0 without one.
    private func last(_ outputs: [ConsensusOutput]) -> UInt64 { outputs.compactMap(\.record?.sequence).max() ?? 0 }

    private func votes(_ kind: VoteKind, in outputs: [ConsensusOutput]) -> Int {
        outputs.count { $0.record?.vote?.kind == kind }
    }

    private func build(_ machine: inout ConsensusMachine) -> [ConsensusOutput] {
        let outputs = machine.step(.waiting(true), at: now)
        guard outputs.contains(where: { $0.isBuild }) else { return [] }
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "one", time: now.wall.value)
        return machine.step(.built(block.header, transactions: block.transactions), at: now)
    }

    @Test func aProposalOfAReservedViewLeavesBeforeItIsDurableAndCountsAfterwards() throws {
        var (machine, reserved) = started(.fresh)
        _ = machine.step(.journaled(upTo: reserved), at: now)
        let outputs = build(&machine)
        let proposal = try #require(outputs.compactMap(\.proposal).first)
        let written = last(outputs)
        // Two others and the own vote would be a quorum, but that one is not on the disk yet.
        for signer in fixture.keys.indices.filter({ $0 != leader }).prefix(2) {
            let vote = fixture.vote(.notarize, 1, proposal.digest, by: signer)
            _ = machine.step(.message(.vote(vote), from: fixture.peer(signer)), at: now)
        }
        #expect(machine.view == View(1))
        _ = machine.step(.journaled(upTo: written), at: now)
        #expect(machine.view == View(2))
    }

    @Test func aProposalWaitsForItsReservation() throws {
        var (machine, reserved) = started(.fresh)
        let early = build(&machine) + machine.step(.journaled(upTo: reserved - 1), at: now)
        #expect(early.compactMap(\.proposal).isEmpty)
        let then = machine.step(.journaled(upTo: reserved), at: now)
        #expect(then.compactMap(\.proposal).count == 1)
    }

    /// A quorum of one would be certified by a block that no disk has.
    @Test func aSingleValidatorWritesFirst() throws {
        let fixture = try Fixture(1)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let started = machine.step(.start, at: now)
        #expect(!started.contains { $0.isReservation })
        _ = machine.step(.journaled(upTo: last(started)), at: now)
        let asked = machine.step(.waiting(true), at: now)
        #expect(asked.contains { $0.isBuild })
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "one", time: now.wall.value)
        let outputs = machine.step(.built(block.header, transactions: block.transactions), at: now)
        #expect(outputs.compactMap(\.proposal).isEmpty)
        let written = last(outputs)
        let then = machine.step(.journaled(upTo: written), at: now)
        #expect(then.compactMap(\.proposal).count == 1)
    }

    /// A peer whose link came up after the proposal had left, and before it was durable, gets it.
    @Test func aReservedProposalIsShownToWhoConnects() throws {
        var (machine, reserved) = started(.fresh)
        let peer = fixture.peer(try #require(fixture.keys.indices.first { $0 != leader }))
        _ = build(&machine)
        func shown() -> Bool {
            machine.step(.connected(peer), at: now).contains {
                if case .send(.proposal, to: peer) = $0 { true } else { false }
            }
        }
        let early = shown()
        _ = machine.step(.journaled(upTo: reserved), at: now)
        let later = shown()
        #expect(!early && later)
    }

    /// Nobody need wait for the timers of a view whose leader cannot use it.
    @Test func whoMayHaveProposedGivesItsViewUpWhenNobodyShowsTheProposal() {
        let records: [ConsensusRecord] = [
            .marker(epoch: Epoch(0), abstainThrough: View(0)), .reservation(epoch: Epoch(0), view: View(1)),
        ]
        var (machine, _) = started(.replay(records))
        func gaveUp(after milliseconds: UInt64) -> Bool {
            let then = Instant(monotonic: now.monotonic + milliseconds, wall: now.wall)
            return votes(.nullify, in: machine.step(.tick, at: then)) == 1
        }
        let delay = UInt64(fixture.parameters.delayMilliseconds)
        let (early, due) = (gaveUp(after: delay - 1), gaveUp(after: delay))
        #expect(!early && due)
    }

    /// The journal is pruned with every second block; the reservation of the current view stays, those of views that are over go.
    @Test func pruningKeepsTheReservationOfTheCurrentView() throws {
        var network = try Network(4)
        network.checkpointBlocks = 2
        network.startAll()
        network.setBusy(true)
        network.reaches(30, within: 20_000)
        network.setBusy(false)
        network.run(until: network.time + 200)
        let view = try #require(network.nodes[0].machine?.view)
        let leader = network.fixture.set.leader(of: view)
        let node = network.nodes[leader]
        #expect(node.records.contains(.reservation(epoch: Epoch(0), view: view)))
        let reservations = node.records.count { if case .reservation = $0 { true } else { false } }
        #expect(reservations < 4)
        #expect(network.failures == [])
    }

    @Test(arguments: [ConsensusMutation(), .reservationForgotten])
    func whoMayHaveProposedDoesNotProposeAgainUnlessMutated(mutations: ConsensusMutation) {
        let records: [ConsensusRecord] = [
            .marker(epoch: Epoch(0), abstainThrough: View(0)), .reservation(epoch: Epoch(0), view: View(1)),
        ]
        var (machine, _) = started(.replay(records), mutations: mutations)
        let outputs = build(&machine)
        #expect(outputs.isEmpty == mutations.isEmpty)
    }

    /// The others held what its earlier life proposed. It proposes and notarizes nothing, but finalizes what they notarized.
    @Test func theEarlierProposalBindsWhenItComesBack() throws {
        let records: [ConsensusRecord] = [
            .marker(epoch: Epoch(0), abstainThrough: View(0)), .reservation(epoch: Epoch(0), view: View(1)),
        ]
        var (machine, _) = started(.replay(records))
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "before the crash")
        let other = try #require(fixture.keys.indices.first { $0 != leader })
        var outputs = machine.step(
            .message(.proposal(fixture.proposal(block)), from: fixture.peer(other)), at: now)
        outputs += machine.step(.block(block.header, transactions: block.transactions), at: now)
        outputs += machine.step(.judged(block.header.digest, .valid), at: now)
        outputs += machine.step(.waiting(true), at: now)
        #expect(!outputs.contains { $0.isBuild })
        #expect(votes(.notarize, in: outputs) == 0)
        let certificate = fixture.certificate(
            .notarize, 1, block.header.digest, by: Array(fixture.keys.indices.filter { $0 != leader }))
        outputs = machine.step(.message(.certificate(certificate), from: fixture.peer(other)), at: now)
        #expect(votes(.finalize, in: outputs) == 1)
    }

    /// Power fails between the moment at which a proposal left and the one at which it is durable: nothing, the body, or body and
    /// proposal are on the disk. All others have heard the proposal, or one has.
    @Test(arguments: 0..<30) func aLeaderLosesPowerAfterItsProposalLeft(moment: Int) throws {
        var network = try Network(4, seed: UInt64(moment))
        var leader: Int?
        network.passes = { from, to, message in
            // The leader of the third block loses power when that leaves.
            guard case .proposal(let proposal) = message, proposal.header.height == Height(3) else { return true }
            if from != to, leader == nil { leader = from }
            return moment % 2 == 0 || to == (from + 1) % 4
        }
        network.startAll()
        network.setBusy(true)
        while leader == nil, network.time < 20_000 { network.run(until: network.time + 1) }
        let crashed = try #require(leader)
        network.crash(crashed, keeping: moment % 3)
        network.passes = nil
        network.run(until: network.time + UInt64(moment))
        network.start(crashed)
        network.setBusy(true)
        let reached = network.reaches(10, within: 30_000)
        #expect(reached)
        #expect(network.failures == [])
    }
}

extension ConsensusOutput {
    fileprivate var record: (vote: Vote?, sequence: UInt64)? {
        guard case .journal(let record, let sequence) = self else { return nil }
        if case .vote(let vote) = record { return (vote, sequence) }
        return (nil, sequence)
    }
    fileprivate var proposal: Proposal? {
        if case .broadcast(.proposal(let proposal)) = self { proposal } else { nil }
    }
    fileprivate var isReservation: Bool {
        if case .journal(.reservation, _) = self { true } else { false }
    }
    fileprivate var isBuild: Bool { if case .build = self { true } else { false } }
}
