internal import Primitives
package import Replica

/// Sends old messages again: its own and those of others, to anyone, long after their time.
package struct StaleReplayer: ByzantineActor {
    package let kind = ByzantineKind.staleReplayer
    private var seen: [PeerMessage] = []
    private static let seenMax = 256

    package init() {}

    private mutating func remember(_ message: PeerMessage, _ surroundings: inout Surroundings) {
        if seen.count < Self.seenMax {
            seen.append(message)
        } else {
            seen[surroundings.random.below(Self.seenMax)] = message
        }
    }

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool {
        remember(message, &surroundings)
        return true
    }

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        surroundings.send(message, to: peers)
        remember(message, &surroundings)
    }

    package mutating func tick(_ surroundings: inout Surroundings) {
        for _ in 0..<3 {
            guard let old = surroundings.random.pick(seen), let peer = surroundings.random.pick(surroundings.others)
            else { return }
            surroundings.send(old, to: [peer])
        }
    }
}
