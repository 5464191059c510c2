import Chain
import Primitives
import Testing

@testable import Consensus

@Suite struct ViewChange {
    @Test(arguments: [4, 7]) func deadLeadersTurnIsSkippedAfterSomeViews(count: Int) throws {
        var network = try Network(count)
        network.startAll()
        network.setBusy(true)
        network.crash(1)
        let others = network.nodes.indices.filter { $0 != 1 }
        let learnt = network.reaches(60, within: 60_000, on: others)
        #expect(learnt)
        // Known as silent by now: 30 more blocks include its turns, none of which may cost 2Δ = 500 ms.
        let before = network.time
        let reached = network.reaches(90, within: 60_000, on: others)
        #expect(reached)
        #expect(network.time - before < 30 * 60)
        #expect(network.failures == [])
    }

    @Test func returningLeaderIsHeardAgain() throws {
        var network = try Network(4)
        network.startAll()
        network.setBusy(true)
        network.crash(1)
        network.reaches(40, within: 60_000, on: [0, 2, 3])
        network.start(1)
        network.setBusy(true)
        let height = network.nodes[0].finalHeight.value
        let reached = network.reaches(height + 40, within: 20_000)
        #expect(reached)
        let proposers = (height + 10...height + 40).compactMap { height in
            network.finalAt[Height(height)].flatMap { network.blocks[$0]?.header.proposer }
        }
        #expect(proposers.contains(1))
        #expect(network.failures == [])
    }

    @Test func idleNetworkBeatsOnly() throws {
        var network = try Network(4)
        network.startAll()
        network.run(until: 60_500)
        // Heartbeat 5 s: 12 empty blocks in a minute, not thousands. A beat takes some 40 ms itself.
        let height = network.nodes[0].finalHeight.value
        #expect((10...12).contains(height))
        #expect(network.failures == [])
    }

    @Test func idleNetworkWithDeadLeaderKeepsItsHeartbeat() throws {
        var network = try Network(4)
        network.startAll()
        network.crash(1)
        network.run(until: 60_500)
        #expect(network.nodes[0].finalHeight >= Height(9))
        #expect(network.failures == [])
    }

    @Test func aTransactionInOnePoolIsEnoughWhenItsLeadersTurnComes() throws {
        var network = try Network(4)
        network.startAll()
        network.run(until: 100)
        network.isBusy = true
        network.step(1, .waiting(true))
        let reached = network.reaches(1, within: 300)
        #expect(reached)
    }

    @Test func partitionHeals() throws {
        var network = try Network(4)
        network.startAll()
        network.setBusy(true)
        network.reaches(5, within: 5_000)
        network.passes = { from, to, _ in (from < 2) == (to < 2) }
        network.run(until: network.time + 30_000)
        let stalled = network.nodes.map(\.finalHeight).max() ?? Height(0)
        network.passes = nil
        let reached = network.reaches(stalled.value + 10, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
    }

    @Test func delayGrowsWithAllUnfinalizedViewsUpToItsBound() throws {
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        var now: UInt64 = 0
        func instant() -> Instant { Instant(monotonic: now, wall: Timestamp(2_000_000)) }
        _ = machine.step(.start, at: instant())
        _ = machine.step(.waiting(true), at: instant())
        #expect(machine.delayMilliseconds == 250)
        var parent = fixture.genesis
        // Notarized, never final: k counts these too. f + 1 = 2 views for each doubling.
        for view in UInt64(1)...12 {
            let block = fixture.block(view: view, on: parent, parentView: view - 1, salt: "\(view)")
            let certificate = fixture.certificate(.notarize, view, block.header.digest, by: [1, 2, 3])
            now += 1
            _ = machine.step(.message(.certificate(certificate), from: fixture.peer(1)), at: instant())
            #expect(machine.view == View(view + 1))
            #expect(machine.delayMilliseconds == min(8_000, 250 << (view / 2)))
            parent = block.header
        }
    }
}
