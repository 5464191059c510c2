package import Chain
package import Primitives

/// A block that the leader of `vote.view` proposes; the vote is its Notarize. `header.view` differs from `vote.view`
/// only when an epoch's closing block is proposed again. Explains itself: the certificates let any receiver enter the view.
package struct Proposal: Hashable, Sendable {
    /// Newest nullifications that travel inline; older ones are fetched.
    package static let nullificationsMax = 64

    package let header: BlockHeader
    /// SHA-256 of the transactions' bytes, those of `header.transactionsRoot`.
    package let transactions: [Digest]
    package let vote: Vote
    /// Notarization or Finalization of the parent; nil when the parent is the epoch's root. For a closing block proposed
    /// again: that of the block itself in an earlier view.
    package let parent: Certificate?
    /// Of the views between the parent's and this one, ascending, the last 64.
    package let nullifications: [Certificate]

    package init(
        header: BlockHeader, transactions: [Digest], vote: Vote, parent: Certificate?, nullifications: [Certificate]
    ) {
        self.header = header
        self.transactions = transactions
        self.vote = vote
        self.parent = parent
        self.nullifications = nullifications
    }

    package var view: View { vote.view }
    package var digest: Digest { header.digest }
    /// A closing block proposed again.
    package var isRepeated: Bool { header.view != vote.view }
}

/// Where a node stands: sent on connect, when stuck and when asked.
package struct ConsensusStatus: Hashable, Sendable {
    package let epoch: Epoch
    package let view: View
    /// What let the sender enter `view`; nil in view 1.
    package let entry: Certificate?
    /// Newest finalization of this epoch, nil when none.
    package let finalization: Certificate?
    /// The sender lost its journal and has not recovered: its word says nothing about past votes.
    package let isRecovering: Bool
    /// The incarnation of the node that asked, 0 when nobody did.
    package let answers: UInt64

    package init(
        epoch: Epoch, view: View, entry: Certificate?, finalization: Certificate?, isRecovering: Bool, answers: UInt64
    ) {
        self.epoch = epoch
        self.view = view
        self.entry = entry
        self.finalization = finalization
        self.isRecovering = isRecovering
        self.answers = answers
    }
}

/// What consensus machines of one epoch say to each other. The replica may attach transaction bodies to proposals.
package enum ConsensusMessage: Hashable, Sendable {
    /// Certificates in one answer, views in one request.
    package static let certificatesMax = 64

    case vote(Vote)
    case certificate(Certificate)
    case proposal(Proposal)
    case status(ConsensusStatus)
    /// Answered by a status that repeats the number.
    case statusRequest(epoch: Epoch, incarnation: UInt64)
    /// Answered by the nullification, notarization or finalization of each of these views, as far as known.
    case certificatesRequest(epoch: Epoch, first: View, last: View)
    case certificates([Certificate])
    /// Answered by the proposal.
    case proposalRequest(epoch: Epoch, view: View, digest: Digest)
}

extension ConsensusMessage {
    /// The epoch whose machine this is for; nil for an empty list. Keep the machine of the epoch that ended: it answers
    /// the status of those who have not seen the end.
    package var epoch: Epoch? {
        switch self {
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        case .proposal(let proposal): proposal.vote.epoch
        case .status(let status): status.epoch
        case .statusRequest(let epoch, _), .certificatesRequest(let epoch, _, _), .proposalRequest(let epoch, _, _):
            epoch
        case .certificates(let certificates): certificates.first?.epoch
        }
    }
}
