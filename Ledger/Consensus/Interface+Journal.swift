package import Chain
package import Primitives

/// What the machine keeps in the journal. Records are facts: replaying one twice changes nothing, so that the journal is
/// pruned by writing the live ones again. Disk format: BCS enum in this order, format version 1.
package enum ConsensusRecord: Hashable, Sendable {
    /// From here on the journal holds every vote of this key; it does not vote in views of `epoch` up to `abstainThrough`.
    case marker(epoch: Epoch, abstainThrough: View)
    /// An own vote, written before it is sent or counted.
    case vote(Vote)
    /// A certificate with all its signatures checked.
    case certificate(Certificate)
    /// A proposal with its leader's signature checked, an own one included (then it is also the record of the vote).
    /// The nullifications of its justification are records of their own.
    case proposal(Proposal)
    /// The key leads this view and may propose in it before the proposal is durable. Without a proposal behind it, one may have
    /// been sent that this journal does not know: nothing is proposed or notarized there again.
    case reservation(epoch: Epoch, view: View)

    package var epoch: Epoch {
        switch self {
        case .marker(let epoch, _), .reservation(let epoch, _): epoch
        case .vote(let vote): vote.epoch
        case .certificate(let certificate): certificate.epoch
        case .proposal(let proposal): proposal.vote.epoch
        }
    }
}
