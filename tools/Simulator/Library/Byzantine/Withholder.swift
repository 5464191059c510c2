internal import Primitives
package import Replica

/// Takes part in silence: what it should have sent it keeps, and lets out pieces of it much later. So it knows
/// certificates that nobody else has.
package struct Withholder: ByzantineActor {
    package let kind = ByzantineKind.withholder
    private var kept: [(message: PeerMessage, to: [PeerID])] = []
    private static let keptMax = 64

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        guard case .consensus = message, surroundings.random.chance(800) else {
            return surroundings.send(message, to: peers)
        }
        kept.append((message, peers))
        if kept.count > Self.keptMax { kept.removeFirst() }
    }

    package mutating func tick(_ surroundings: inout Surroundings) {
        guard surroundings.random.chance(300) else { return }
        for _ in 0..<(1 + surroundings.random.below(8)) where !kept.isEmpty {
            let (message, peers) = kept.remove(at: surroundings.random.below(kept.count))
            let some = surroundings.someOf(peers)
            surroundings.send(message, to: some)
        }
    }
}
