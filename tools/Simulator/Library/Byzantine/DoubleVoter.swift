internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Contradicts each of its own votes: notarizes a second digest, finalizes what it nullifies and the other way round.
package struct DoubleVoter: ByzantineActor {
    package let kind = ByzantineKind.doubleVoter
    /// Last block that it saw proposed: what it finalizes beside its nullify votes.
    private var candidate = Digest.zero

    package init() {}

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool {
        if case .consensus(.proposal(let proposal), _) = message { candidate = proposal.digest }
        return true
    }

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        surroundings.send(message, to: peers)
        guard case .consensus(.vote(let vote), _) = message, vote.signer == surroundings.index else { return }
        var other = vote.digest
        other.words.0 ^= surroundings.random.next() | 1
        let contradictions: [(VoteKind, Digest)] =
            switch vote.kind {
            case .notarize: [(.notarize, other), (.nullify, .zero)]
            case .nullify: [(.finalize, candidate)]
            case .finalize: [(.nullify, .zero), (.finalize, other)]
            }
        for (kind, digest) in contradictions {
            let second = surroundings.vote(kind, vote.view, digest, epoch: vote.epoch, as: vote.signer)
            let some = surroundings.someOf(peers)
            surroundings.send(.consensus(.vote(second), transactions: []), to: some)
        }
    }
}
