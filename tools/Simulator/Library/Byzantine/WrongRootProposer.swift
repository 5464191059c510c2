internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Proposes blocks whose state root is not what executing them gives.
package struct WrongRootProposer: ByzantineActor {
    package let kind = ByzantineKind.wrongRootProposer

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        guard case .consensus(.proposal(let proposal), let transactions) = message,
            proposal.vote.signer == surroundings.index, !proposal.isRepeated, surroundings.random.chance(750)
        else { return surroundings.send(message, to: peers) }
        var root = proposal.header.stateRoot
        root.words.2 ^= 1
        let wrong = proposal.resigned(proposal.header.changed(stateRoot: root), surroundings)
        surroundings.send(.consensus(.proposal(wrong), transactions: transactions), to: peers)
    }
}
