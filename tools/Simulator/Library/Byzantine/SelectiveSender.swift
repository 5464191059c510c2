internal import Primitives
package import Replica

/// Talks to some nodes only, and to others after a while: each of its messages reaches a part of the network.
package struct SelectiveSender: ByzantineActor {
    package let kind = ByzantineKind.selectiveSender
    private var favoured: [PeerID] = []

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        if favoured.isEmpty { favoured = surroundings.someOf(surroundings.others) }
        surroundings.send(message, to: peers.filter { favoured.contains($0) })
    }

    package mutating func tick(_ surroundings: inout Surroundings) {
        if surroundings.random.chance(200) { favoured = surroundings.someOf(surroundings.others) }
    }
}
