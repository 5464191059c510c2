internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
package import Replica

/// Proposes two different blocks in each of its views, one to each half of the network, at times both to some. The
/// second block has a later time and is otherwise as valid as the first.
package struct EquivocatingLeader: ByzantineActor {
    package let kind = ByzantineKind.equivocatingLeader
    /// The second block and its votes, by the first block's digest; of the last few views.
    private var doubles: [(view: View, first: Digest, second: Digest)] = []
    private static let doublesMax = 16

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        guard case .consensus(let content, let transactions) = message else {
            return surroundings.send(message, to: peers)
        }
        switch content {
        case .proposal(let proposal) where proposal.vote.signer == surroundings.index && !proposal.isRepeated:
            let other = second(of: proposal, surroundings)
            doubles.append((proposal.view, proposal.digest, other.digest))
            if doubles.count > Self.doublesMax { doubles.removeFirst() }
            var firstHalf: [PeerID] = []
            var secondHalf: [PeerID] = []
            for peer in peers {
                let draw = surroundings.random.below(100)
                if draw < 55 { firstHalf.append(peer) }
                if draw >= 45 { secondHalf.append(peer) }
            }
            surroundings.send(message, to: firstHalf)
            surroundings.send(.consensus(.proposal(other), transactions: transactions), to: secondHalf)
        case .vote(let vote) where vote.kind != .nullify:
            // What it voted it does not always stand by: votes that others count on are not said again.
            guard vote.view == surroundings.view || surroundings.random.chance(500) else { return }
            surroundings.send(message, to: peers)
            // Also helps the second block along.
            guard let double = doubles.first(where: { $0.view == vote.view && $0.first == vote.digest }) else { return }
            let other = surroundings.vote(vote.kind, vote.view, double.second, epoch: vote.epoch, as: vote.signer)
            let some = surroundings.someOf(peers)
            surroundings.send(.consensus(.vote(other), transactions: []), to: some)
        case .certificate(let certificate) where isOwn(certificate): break
        case .status(let status) where status.entry.map(isOwn) ?? false: break
        case .certificates(let certificates):
            let others = certificates.filter { !isOwn($0) }
            if !others.isEmpty { surroundings.send(.consensus(.certificates(others), transactions: []), to: peers) }
        default:
            surroundings.send(message, to: peers)
        }
    }

    /// Whether the certificate shows which of its two blocks has won: nobody hears that from it.
    private func isOwn(_ certificate: Certificate) -> Bool {
        certificate.kind == .notarize && doubles.contains { $0.view == certificate.view }
    }

    private func second(of proposal: Proposal, _ surroundings: Surroundings) -> Proposal {
        let header = proposal.header.changed(time: proposal.header.time.adding(milliseconds: 1))
        return proposal.resigned(header, surroundings)
    }
}

extension BlockHeader {
    /// The same header with another time or state root.
    func changed(time: Timestamp? = nil, stateRoot: Digest? = nil) -> BlockHeader {
        BlockHeader(
            network: network, height: height, view: view, epoch: epoch, parent: parent, parentView: parentView,
            time: time ?? self.time, proposer: proposer, transactionsRoot: transactionsRoot,
            stateRoot: stateRoot ?? self.stateRoot, receiptsRoot: receiptsRoot, validatorSet: validatorSet,
            nextValidatorSet: nextValidatorSet)
    }
}

extension Proposal {
    /// The same justification for another header, signed by the actor.
    func resigned(_ header: BlockHeader, _ surroundings: Surroundings) -> Proposal {
        Proposal(
            header: header, transactions: transactions,
            vote: surroundings.vote(.notarize, vote.view, header.digest, epoch: vote.epoch, as: vote.signer),
            parent: parent, nullifications: nullifications)
    }
}
