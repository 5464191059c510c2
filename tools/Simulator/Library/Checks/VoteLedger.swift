package import Chain
package import Primitives

/// Every vote that an honest node let out, over all its restarts: it may notarize one block and finalize one block per
/// view, and never finalizes a view that it nullified. The rule is written down here a second time on purpose.
package struct VoteLedger: Sendable {
    private struct Slot: Hashable {
        let key: Digest
        let epoch: Epoch
        let view: View
    }

    private struct Votes {
        var notarized: Digest?
        var nullified = false
        var finalized: Digest?
    }

    private var slots: [Slot: Votes] = [:]
    /// The furthest view that an honest node voted in.
    package private(set) var position = VotePosition()

    package init() {}

    /// Whether exactly this vote was let out before.
    package func knows(_ vote: Vote, key: Digest) -> Bool {
        guard let votes = slots[Slot(key: key, epoch: vote.epoch, view: vote.view)] else { return false }
        return switch vote.kind {
        case .notarize: votes.notarized == vote.digest
        case .nullify: votes.nullified
        case .finalize: votes.finalized == vote.digest
        }
    }

    /// `key` names the signer by its transport key, as indexes change between epochs.
    package mutating func sent(_ vote: Vote, by node: Int, key: Digest) throws(Violation) {
        let slot = Slot(key: key, epoch: vote.epoch, view: vote.view)
        var votes = slots[slot] ?? Votes()
        func conflict(_ what: String) -> Violation {
            Violation(.doubleVote, "n\(node) in epoch \(vote.epoch), view \(vote.view): \(what)")
        }
        switch vote.kind {
        case .notarize:
            if let other = votes.notarized, other != vote.digest {
                throw conflict("Notarize(\(vote.digest.short)) after Notarize(\(other.short))")
            }
            votes.notarized = vote.digest
        case .nullify:
            if let other = votes.finalized { throw conflict("Nullify after Finalize(\(other.short))") }
            votes.nullified = true
        case .finalize:
            if votes.nullified { throw conflict("Finalize(\(vote.digest.short)) after Nullify") }
            if let other = votes.finalized, other != vote.digest {
                throw conflict("Finalize(\(vote.digest.short)) after Finalize(\(other.short))")
            }
            votes.finalized = vote.digest
        }
        slots[slot] = votes
        position = max(position, VotePosition(epoch: vote.epoch, view: vote.view))
    }
}
