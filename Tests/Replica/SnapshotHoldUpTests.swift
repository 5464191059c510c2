import Chain
import Consensus
import LedgerState
import LightClient
import Primitives
import TestSupport
import Testing

@testable import Replica

/// While a node takes over a state it executes nothing: peers that would keep it at that, by claims, offers, silence, slow
/// answers or a trickle of parts.
@Suite struct SnapshotHoldUpTests {
    /// A peer that claims to be far ahead and offers nothing costs nothing: blocks are executed as always.
    @Test func anEmptyClaimDoesNotHoldUpTheNode() throws {
        let network = try SnapshotTests.network(rounds: 8) { $0.snapshotLagBlocks = 1_000 }
        network.rewrites = { message, sender in
            guard sender == 1 else { return message }
            if case .hello(let hello) = message {
                return .hello(
                    Hello(network: hello.network, height: Height(1 << 40), tip: hello.tip, epoch: hello.epoch))
            }
            if case .response(.snapshot, let id) = message { return .response(.unavailable, id: id) }
            return message
        }
        try network.start(4)
        #expect(try network.run(10_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.isEmpty)
    }

    /// A peer that claims to be far ahead, offers a state that is not, and then only says that one must wait: the blocks are fetched.
    @Test func anOfferThatIsNotFarAheadIsNotTaken() throws {
        let network = try SnapshotTests.network { $0.snapshotLagBlocks = 1_000 }
        network.rewrites = { message, sender in
            if sender == 1, case .hello(let hello) = message {
                return .hello(
                    Hello(network: hello.network, height: Height(1 << 40), tip: hello.tip, epoch: hello.epoch))
            }
            guard case .response(.leaves, let id) = message else { return message }
            return .response(sender == 1 ? .busy : .unavailable, id: id)
        }
        try network.start(4)
        #expect(try network.run(10_000) { SnapshotTests.hasCaughtUp(network, 4) })
        #expect(network.nodes[4].adopted.isEmpty)
    }

    /// The same far behind, with a state that only it has: the transfer is given up, and another one's offer is taken.
    @Test func aTransferWithoutPartsIsGivenUp() throws {
        let network = try SnapshotTests.network()
        var offered: (by: Int, version: Height)?
        network.rewrites = { message, sender in
            switch message {
            case .response(.snapshot(let bundle), _):
                offered = offered ?? (sender, bundle.header.height)
                return message
            case .request(.leaves(let version, let after), let id) where version == offered?.version:
                return .request(.leaves(version: Height(1 << 40), after: after), id: id)
            case .response(.unavailable, let id) where sender == offered?.by: return .response(.busy, id: id)
            default: return message
            }
        }
        try network.start(4)
        let begin = network.now
        #expect(try network.run(120_000) { SnapshotTests.hasCaughtUp(network, 4) && !network.nodes[4].adopted.isEmpty })
        let adopted = try #require(network.nodes[4].adopted.first)
        #expect(network.now - begin > Snapshot.stallMilliseconds && adopted.height > offered?.version ?? Height(.max))
        #expect(network.nodes[4].notes.contains { $0.text.contains("no right part") })
    }

    /// Whose offers failed is asked after those whose did not: two that hold a node up by turns do it once each.
    @Test func twoThatHoldTheNodeUpDoItOnceEach() throws {
        let network = try SnapshotTests.network()
        var offered: (by: Int, version: Height)?
        network.rewrites = { message, sender in
            switch message {
            case .hello(let hello) where sender < 2:
                let height = hello.height.advanced(by: 1_000)
                return .hello(Hello(network: hello.network, height: height, tip: hello.tip, epoch: hello.epoch))
            case .response(.snapshot(let bundle), _):
                offered = (sender, bundle.header.height)
                return message
            case .request(.leaves(let version, let after), let id) where offered?.by ?? 4 < 2:
                #expect(version == offered?.version)
                return .request(.leaves(version: Height(1 << 40), after: after), id: id)
            case .response(.unavailable, let id) where sender == offered?.by: return .response(.busy, id: id)
            default: return message
            }
        }
        try network.start(4)
        let begin = network.now
        #expect(try network.run(600_000) { SnapshotTests.hasCaughtUp(network, 4) && !network.nodes[4].adopted.isEmpty })
        #expect(network.nodes[4].notes.count { $0.text.contains("no right part") } == 2)
        #expect(network.now - begin < 2 * Snapshot.stallMilliseconds + 20_000)
    }

    /// Who claims most is asked first; what it offers must be near that, or another one's offer is taken.
    @Test func anOfferFarBelowItsClaimIsNotTaken() throws {
        let network = try SnapshotTests.network()
        network.rewrites = { message, sender in
            guard sender == 1, case .hello(let hello) = message else { return message }
            return .hello(Hello(network: hello.network, height: Height(1 << 40), tip: hello.tip, epoch: hello.epoch))
        }
        try network.start(4)
        #expect(try network.run(10_000) { SnapshotTests.hasCaughtUp(network, 4) && !network.nodes[4].adopted.isEmpty })
        let begun = network.nodes[4].notes.filter { $0.text.contains("takes over") }
        #expect(begun.count == 1 && !begun[0].text.contains(network.nodes[1].identity.peer.short))
    }

    /// Right parts that trickle in are as good as none.
    @Test func aTrickleIsTooSlow() throws {
        let network = try SnapshotFaultTests.many(seed: 66)
        guard case .snapshot(let bundle) = try network.nodes[0].reading({ try SnapshotFaultTests.offer($0) }) else {
            Issue.record("there is no offer")
            return
        }
        func transfer(leaves: Int) throws -> SnapshotTransfer {
            var transfer = SnapshotTransfer(
                bundle, epoch: Epoch(0), floor: Height(0), source: network.nodes[0].identity.peer, at: 1_000)
            let state = try #require(try StateSnapshot.open(network.nodes[0].store))
            _ = try transfer.rebuilder.add(try state.leaves(after: nil, limit: leaves))
            return transfer
        }
        // Of a thousand leaves three in a minute make five hours, a hundred make ten minutes.
        #expect(try transfer(leaves: 3).isTooSlow(at: 62_000))
        #expect(try !transfer(leaves: 3).isTooSlow(at: 60_000))
        #expect(try !transfer(leaves: 100).isTooSlow(at: 62_000))
        #expect(try transfer(leaves: 100).isTooSlow(at: 1_000_000))
        var whole = try transfer(leaves: 3)
        whole.beginWindow()
        #expect(!whole.isTooSlow(at: 1_000_000))
    }

    /// While an offer is awaited no blocks are asked for: so peers that take their time to say that one must wait for theirs are not
    /// asked again soon.
    @Test func lateRefusalsOfOffersDoNotHoldUpTheNode() throws {
        let network = try SnapshotTests.network { $0.snapshotLagBlocks = 1_000 }
        var asked = 0
        network.rewrites = { message, sender in
            if sender == 4, case .request(.snapshot, _) = message { asked += 1 }
            guard sender < 2 else { return message }
            if case .hello(let hello) = message {
                return .hello(
                    Hello(network: hello.network, height: Height(1 << 40), tip: hello.tip, epoch: hello.epoch))
            }
            if case .response(.snapshot, let id) = message { return .response(.busy, id: id) }
            return message
        }
        network.lateness = { message, sender in
            switch message {
            case .response(.snapshot, _), .response(.busy, _): 1_500
            default: 0
            }
        }
        try network.start(4)
        try network.run(20_000)
        #expect(SnapshotTests.hasCaughtUp(network, 4) && network.nodes[4].adopted.isEmpty)
        #expect(asked == 2)
    }

    /// Who did not have the state has the blocks before it: the leaves that came from one who then falls silent are not in vain.
    @Test func theReplayWindowComesFromThoseWithoutTheState() throws {
        let network = try SnapshotFaultTests.many(seed: 65)
        var first: Int?
        var parts = 0
        network.rewrites = { message, sender in
            switch message {
            case .response(.snapshot, _):
                first = first ?? sender
                return message
            case .response(.leaves, let id):
                guard sender == first else { return .response(.unavailable, id: id) }
                parts += 1
                // Once, so that the others are asked as well.
                return parts == 3 ? .response(.busy, id: id) : message
            case .response(.ancestors, _): return sender == first ? nil : message
            default: return message
            }
        }
        try network.start(4)
        #expect(try network.run(60_000) { !network.nodes[4].adopted.isEmpty && SnapshotTests.hasCaughtUp(network, 4) })
        #expect(!network.nodes[4].notes.contains { $0.text.contains("ends after") } && parts > 8)
    }
}
