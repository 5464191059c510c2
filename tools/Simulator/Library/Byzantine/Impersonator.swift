internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Speaks in the names of others with its own key: votes, proposals of foreign turns, certificates of one signer.
package struct Impersonator: ByzantineActor {
    package let kind = ByzantineKind.impersonator
    private var lastProposal: Proposal?

    package init() {}

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool {
        if case .consensus(.proposal(let proposal), _) = message { lastProposal = proposal }
        return true
    }

    package mutating func tick(_ surroundings: inout Surroundings) {
        let count = surroundings.validators.count
        let victim = UInt16(clamping: surroundings.random.below(count))
        let view = surroundings.view
        let digest = lastProposal?.digest ?? .zero
        let peers = surroundings.someOf(surroundings.others)
        func say(_ message: ConsensusMessage, _ surroundings: inout Surroundings) {
            surroundings.send(.consensus(message, transactions: []), to: peers)
        }
        let kind = VoteKind.allCases[surroundings.random.below(VoteKind.allCases.count)]
        let content = kind == .nullify ? Digest.zero : digest
        let vote = surroundings.vote(kind, view, content, epoch: surroundings.epoch, as: victim)
        switch surroundings.random.below(4) {
        case 0:
            say(.vote(vote), &surroundings)
        case 1:
            // A certificate whose signatures are all its own, under the indexes of a quorum.
            let entries = (0..<UInt16(clamping: surroundings.validators.quorum)).map {
                Certificate.Entry(signer: $0, signature: vote.signature)
            }
            say(
                .certificate(
                    Certificate(epoch: surroundings.epoch, kind: kind, view: view, digest: content, entries: entries)),
                &surroundings)
        case 2:
            guard let proposal = lastProposal else { return }
            let turn = view.next
            let leader = UInt16(clamping: surroundings.validators.leader(of: turn))
            let forged = Proposal(
                header: proposal.header.changed(stateRoot: .zero), transactions: proposal.transactions,
                vote: surroundings.vote(.notarize, turn, proposal.digest, epoch: surroundings.epoch, as: leader),
                parent: proposal.parent, nullifications: proposal.nullifications)
            say(.proposal(forged), &surroundings)
        default:
            // A number far outside of the set.
            let stranger = surroundings.vote(kind, view, content, epoch: surroundings.epoch, as: .max)
            say(.vote(stranger), &surroundings)
        }
    }
}
