internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Proposes above an old block: it skips views that were not nullified, and with them blocks that may be final.
package struct OldParentProposer: ByzantineActor {
    package let kind = ByzantineKind.oldParentProposer
    private var headers: [BlockHeader] = []
    private var notarizations: [Certificate] = []
    private static let keptMax = 24

    package init() {}

    private mutating func learn(_ message: PeerMessage) {
        guard case .consensus(let content, _) = message else { return }
        switch content {
        case .proposal(let proposal):
            if !headers.contains(proposal.header) { headers.append(proposal.header) }
            if let parent = proposal.parent { keep(parent) }
        case .certificate(let certificate): keep(certificate)
        default: break
        }
        if headers.count > Self.keptMax { headers.removeFirst() }
    }

    private mutating func keep(_ certificate: Certificate) {
        guard certificate.kind == .notarize, !notarizations.contains(where: { $0.view == certificate.view }) else {
            return
        }
        notarizations.append(certificate)
        if notarizations.count > Self.keptMax { notarizations.removeFirst() }
    }

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool {
        learn(message)
        return true
    }

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        learn(message)
        guard case .consensus(.proposal(let proposal), _) = message, proposal.vote.signer == surroundings.index,
            !proposal.isRepeated, let old = old(than: proposal)
        else { return surroundings.send(message, to: peers) }
        surroundings.send(.consensus(.proposal(fork(proposal, above: old, surroundings)), transactions: []), to: peers)
    }

    /// The newest notarized block below the proposal's parent.
    private func old(than proposal: Proposal) -> (header: BlockHeader, certificate: Certificate)? {
        let below = notarizations.filter { $0.epoch == proposal.vote.epoch && $0.view < proposal.header.parentView }
        for certificate in below.sorted(by: { $0.view > $1.view }) {
            if let header = headers.first(where: { $0.digest == certificate.digest && !$0.closesEpoch }) {
                return (header, certificate)
            }
        }
        return nil
    }

    /// An empty block: its state is that of its parent, so that it is valid but for its place.
    private func fork(
        _ proposal: Proposal, above old: (header: BlockHeader, certificate: Certificate), _ surroundings: Surroundings
    ) -> Proposal {
        let header = BlockHeader(
            network: proposal.header.network, height: old.header.height.next, view: proposal.view,
            epoch: proposal.header.epoch, parent: old.header.digest, parentView: old.certificate.view,
            time: proposal.header.time, proposer: proposal.header.proposer,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: old.header.stateRoot,
            receiptsRoot: Receipt.root([]), validatorSet: proposal.header.validatorSet,
            nextValidatorSet: proposal.header.validatorSet)
        return Proposal(
            header: header, transactions: [],
            vote: surroundings.vote(
                .notarize, proposal.view, header.digest, epoch: proposal.vote.epoch, as: proposal.vote.signer),
            parent: old.certificate, nullifications: proposal.nullifications)
    }
}
