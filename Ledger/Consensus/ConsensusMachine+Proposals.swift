internal import Chain
internal import LedgerCrypto
internal import Primitives

extension ConsensusMachine {
    /// A proposal from anyone who holds it. Its certificates are facts wherever they come from; they are looked at only
    /// when its leader's signature is right, since only a leader can make such a message.
    mutating func onProposal(_ proposal: Proposal, from peer: Digest) {
        // Of another epoch is not false.
        guard !hasEnded, proposal.vote.epoch == epoch else { return }
        guard isSound(proposal) else { return blame(peer, "it sent a proposal that is not what its leader signed") }
        // Votes overtake a proposal whose transactions are still being checked: its block may be final, and lack here.
        guard proposal.view > final else { return onBlock(proposal.header, proposal.transactions) }
        guard proposal.view <= view || leadsTo(proposal.view, proposal) else { return }
        if state(proposal.view).proposal(proposal.digest) != nil { return }
        let vote = proposal.vote
        guard hasTaken(vote) || vote.verify(network: configuration.network, set: set) else {
            return blame(peer, "it sent a proposal with a false signature")
        }
        let isJustified = learnJustification(of: proposal)
        if !isJustified { blame(peer, "it sent a proposal with a false certificate") }
        guard !hasEnded, proposal.view > final, proposal.view <= view else { return }
        // The vote is its leader's word, whoever added the false certificate.
        take(vote, isVerified: true)
        if isJustified { keep(proposal) }
    }

    /// False at the first false certificate; those after it are not looked at.
    private mutating func learnJustification(of proposal: Proposal) -> Bool {
        if let parent = proposal.parent, !learn(parent) { return false }
        return proposal.nullifications.allSatisfy { learn($0) }
    }

    /// What the leader's signature does not cover must fit, else the message is thrown away; the header's own rules are
    /// checked before voting.
    private func isSound(_ proposal: Proposal) -> Bool {
        let vote = proposal.vote
        return vote.kind == .notarize && vote.digest == proposal.digest && vote.view > View(0)
            && Int(vote.signer) == set.leader(of: vote.view)
            && proposal.transactions.count <= Block.transactionsMax
            && Block.transactionsRoot(proposal.transactions) == proposal.header.transactionsRoot
            && proposal.nullifications.count <= Proposal.nullificationsMax
    }

    /// Whether the justification claims to open `view`: then its certificates are worth checking.
    private func leadsTo(_ view: View, _ proposal: Proposal) -> Bool {
        guard let before = view.previous else { return false }
        return proposal.parent?.view == before || proposal.nullifications.last?.view == before
    }

    /// The vote is counted, or part of a certificate: its signature was checked.
    private func hasTaken(_ vote: Vote) -> Bool {
        state(vote.view).known(of: vote.signer).contains(vote)
    }

    /// Holds the first proposal of the leader, and the certified one.
    private mutating func keep(_ proposal: Proposal) {
        let held = state(proposal.view)
        let isCertified = held.notarization?.digest == proposal.digest
        guard held.proposals.count < ViewState.proposalsMax, held.proposals.isEmpty || isCertified else { return }
        // Passed on later, it must not carry what this node has not checked.
        let kept = proposal.with(parent: vouched(proposal.parent), nullifications: [])
        views[proposal.view, default: ViewState()].proposals.append(kept)
        note(proposal.header, proposal.transactions)
        journal(.proposal(kept))
    }

    /// The parent's certificate when it was checked here, or the one held for the same block; nil when there is none.
    private func vouched(_ parent: Certificate?) -> Certificate? {
        guard let parent else { return nil }
        let held = [views[parent.view]?.notarization, certificate(parent.view)].compactMap { $0 }
        return held.contains(parent) ? parent : held.first { $0.digest == parent.digest }
    }

    /// Judges the current view's proposal as far as possible now; called again when anything changes.
    mutating func considerProposal() {
        let state = state(view)
        timers.clockGate = nil
        guard let proposal = state.proposals.first, mayVote(in: view), state.notarized == nil, !state.finalized,
            !state.nullified || !mutated(.noNotarizeAfterNullify)
        else { return }
        switch judgement(of: proposal) {
        case .wait: return
        case .refuse: nullify()
        case .accept: vote(.notarize, in: view, proposal.digest)
        }
    }

    private enum Judgement { case accept, refuse, wait }

    private mutating func judgement(of proposal: Proposal) -> Judgement {
        let header = proposal.header
        guard header.network == configuration.network, header.epoch == epoch, header.validatorSet == set.digest,
            header.view <= proposal.view, Int(header.proposer) == set.leader(of: header.view),
            proposal.transactions.count <= Int(parameters.blockTransactionsMax)
        else { return .refuse }
        let parentView = proposal.isRepeated ? proposal.parent?.view ?? View(0) : header.parentView
        let parent = proposal.isRepeated ? proposal.digest : header.parent
        // A repeated block's parent view is nobody's signed word, so a wrong one is no reason to give the view up.
        guard parentView >= final, parentView < view else { return proposal.isRepeated ? .wait : .refuse }
        guard isJustified(parentView, parent) else { return .wait }
        guard let parentHeader = executedHeader(parent, in: parentView) else { return .wait }
        if proposal.isRepeated { return header.closesEpoch ? .accept : .refuse }
        return judgement(of: proposal, on: parentHeader)
    }

    private mutating func judgement(of proposal: Proposal, on parent: BlockHeader) -> Judgement {
        let header = proposal.header
        if parent.closesEpoch, parent.digest != configuration.root.digest, !mutated(.emptyDescendantsAfterClosing) {
            return .refuse
        }
        guard header.height == parent.height.next, header.time > parent.time else { return .refuse }
        // A block from a clock that runs ahead waits until it is plausible, or until the timer ends its view.
        let latest = now.wall.adding(milliseconds: UInt64(parameters.clockSkewMillisecondsMax))
        if header.time > latest {
            timers.clockGate = now.monotonic + min(header.time.value - latest.value, UInt64(UInt32.max))
            return .wait
        }
        guard let block = blocks[header.digest] else { return .wait }
        switch block.status {
        case .executed: return .accept
        case .invalid: return .refuse
        case .judging: return .wait
        case .known:
            judge(header.digest, block, isCertified: false)
            return .wait
        }
    }

    /// Notarization or Finalization of `parentView` for `parent`, and Nullification of every view up to the current one.
    /// What is missing is asked for.
    private mutating func isJustified(_ parentView: View, _ parent: Digest) -> Bool {
        guard certified(parentView) == parent else {
            if certified(parentView) == nil { askCertificates(from: parentView, through: parentView) }
            return false
        }
        // Downwards, stopping at the first gap: the walk is bounded by what is held, not by what a proposal claims.
        var cursor = view
        while let before = cursor.previous, before > parentView {
            if views[before]?.nullification == nil, !mutated(.missingNullificationAccepted) {
                askCertificates(from: parentView.next, through: before)
                return false
            }
            cursor = before
        }
        return true
    }

    /// The header of an executed block; asks for the block when it is not executed yet.
    mutating func executedHeader(_ digest: Digest, in view: View) -> BlockHeader? {
        if let block = blocks[digest], block.isExecuted { return block.header }
        want(digest, in: view)
        return nil
    }
}
