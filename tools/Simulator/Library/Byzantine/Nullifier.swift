internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Wants no view to succeed: nullifies each as soon as it sees it, and helps no block.
package struct Nullifier: ByzantineActor {
    package let kind = ByzantineKind.nullifier
    private var nullified = View(0)
    private var epoch = Epoch(0)

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        switch message {
        case .consensus(.vote(let vote), _) where vote.kind == .nullify: surroundings.send(message, to: peers)
        // Certificates would show its own votes for a block.
        case .consensus: break
        default: surroundings.send(message, to: peers)
        }
        nullify(&surroundings)
    }

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool {
        nullify(&surroundings)
        return true
    }

    private mutating func nullify(_ surroundings: inout Surroundings) {
        guard let index = surroundings.index else { return }
        guard surroundings.epoch != epoch || surroundings.view.next > nullified else { return }
        epoch = surroundings.epoch
        for view in [surroundings.view, surroundings.view.next] {
            let vote = surroundings.vote(.nullify, view, .zero, epoch: epoch, as: index)
            surroundings.send(.consensus(.vote(vote), transactions: []), to: surroundings.others)
        }
        nullified = surroundings.view.next.next
    }
}
