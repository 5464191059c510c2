internal import Consensus
internal import Primitives
package import Replica

/// Proposes by digest and gives the transactions to few or none; answers no request for them.
package struct BodyWithholder: ByzantineActor {
    package let kind = ByzantineKind.bodyWithholder

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        switch message {
        case .consensus(.proposal(let proposal), let transactions) where !transactions.isEmpty:
            let trusted = surroundings.random.pick(peers)
            let bare = PeerMessage.consensus(.proposal(proposal), transactions: [])
            surroundings.send(bare, to: peers.filter { $0 != trusted })
            if let trusted { surroundings.send(message, to: [trusted]) }
        case .transactions, .response:
            if surroundings.random.chance(50) { surroundings.send(message, to: peers) }
        default:
            surroundings.send(message, to: peers)
        }
    }
}
