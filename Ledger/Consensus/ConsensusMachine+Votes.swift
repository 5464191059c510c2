internal import Chain
internal import LedgerCrypto
internal import Primitives

extension ConsensusMachine {
    /// A vote from a peer. Votes at or below the final view are over; those above are never refused, up to the window
    /// ahead of the current view.
    mutating func onVote(_ vote: Vote, from peer: Digest) {
        guard vote.epoch == epoch, !hasEnded, Int(vote.signer) < set.count else { return }
        // Its own word: no signature is needed to take a peer for further than it is.
        if set.validators[Int(vote.signer)].transportKey == peer {
            noteShown(vote.signer, vote.kind, in: vote.view)
        }
        // Late votes of other kinds are the normal case; who gives up a view that is over was left behind.
        if vote.view < view, vote.kind == .nullify { answerLaggard(peer, in: vote.view) }
        if vote.view > view.next { askStatus(of: peer) }
        guard vote.view > final, vote.view <= view.advanced(by: UInt64(parameters.voteWindowViews)) else { return }
        switch take(vote) {
        case .news: if vote.kind == .notarize, vote.view == view { askForProposal() }
        case .known: break
        case .false: blame(peer, "it sent a vote with a false signature")
        }
    }

    enum Taking { case news, known, `false` }

    /// Records a vote when it is news and its signature is right, reports contradictions, forms certificates. What adds
    /// nothing counts as known and is not checked.
    @discardableResult
    mutating func take(_ vote: Vote, isVerified: Bool = false) -> Taking {
        let state = state(vote.view)
        let known = state.known(of: vote.signer)
        if known.contains(where: { $0.kind == vote.kind && $0.digest == vote.digest }) { return .known }
        let opposed = known.first { Evidence.contradict($0, vote) }
        if opposed == nil, isCovered(vote, by: state) { return .known }
        if opposed != nil, state.accused.contains(vote.signer) { return .known }
        guard isVerified || vote.verify(network: configuration.network, set: set) else { return .false }
        noteActive(vote.signer, in: vote.view)
        // The own key signed it in a life that this one knows nothing of: it binds all the same.
        if vote.signer == own, !state.ownVotes.contains(where: { $0.vote.kind == vote.kind }) {
            views[vote.view, default: ViewState()].apply(own: vote, sequence: 0)
        }
        if let opposed { accuse(opposed, vote) }
        // The first vote of each kind stands.
        if !known.contains(where: { $0.kind == vote.kind }) {
            views[vote.view, default: ViewState()].votes.append(vote)
            count(vote.kind, in: vote.view, vote.digest)
        }
        return .news
    }

    /// A certificate of the same kind is there already: the vote adds nothing.
    private func isCovered(_ vote: Vote, by state: ViewState) -> Bool {
        switch vote.kind {
        case .notarize: state.notarization != nil
        case .nullify: state.nullification != nil
        case .finalize: false
        }
    }

    /// Forms the certificate when a quorum has voted.
    mutating func count(_ kind: VoteKind, in view: View, _ digest: Digest) {
        guard view > final else { return }
        let votes = state(view).votes.filter { $0.kind == kind && $0.digest == digest }
        guard votes.count >= set.quorum else { return }
        let entries = votes.sorted { $0.signer < $1.signer }
            .map { Certificate.Entry(signer: $0.signer, signature: $0.signature) }
        let certificate = Certificate(epoch: epoch, kind: kind, view: view, digest: digest, entries: entries)
        // Entering a view relays its certificate; a finalization of a view that was left is relayed here.
        if kind == .finalize, view < self.view { relay(certificate) }
        learn(certificate, isVerified: true)
    }

    mutating func accuse(_ first: Vote, _ second: Vote) {
        guard let evidence = Evidence(first, second), !state(first.view).accused.contains(first.signer) else { return }
        views[first.view, default: ViewState()].accused.append(first.signer)
        emit(.evidence(evidence))
    }

    /// Two certificates that exclude each other: more than f validators are at fault, and this names them.
    mutating func accuse(signersOf first: Certificate, and second: Certificate) {
        for entry in first.entries {
            if let one = first.vote(of: entry.signer), let other = second.vote(of: entry.signer) { accuse(one, other) }
        }
    }

    /// Signs, writes down and, once durable, sends and counts an own vote. The caller has checked that it may be made.
    mutating func vote(_ kind: VoteKind, in view: View, _ digest: Digest) {
        guard !isReplaying, let own, let key = configuration.key else { return }
        let payload = VotePayload(
            network: configuration.network, epoch: epoch, kind: kind, view: view, digest: digest)
        let vote = Vote(signing: payload, signer: own, key: key)
        let sequence = journal(.vote(vote))
        remember(own: vote, sequence: sequence)
        hold(.vote(vote), until: sequence)
    }

    mutating func remember(own vote: Vote, sequence: UInt64) {
        views[vote.view, default: ViewState()].apply(own: vote, sequence: sequence)
        let last = journaling.lastVotes.first?.view ?? View(0)
        if vote.view > last { journaling.lastVotes = [vote] }
        if vote.view == last { journaling.lastVotes.append(vote) }
    }

    /// Nullify for the current view, unless Finalize was sent.
    mutating func nullify() {
        let state = state(view)
        guard mayVote(in: view), !state.finalized, !state.nullified else { return }
        vote(.nullify, in: view, .zero)
    }

    mutating func noteActive(_ signer: UInt16, in view: View) {
        guard lastActive.indices.contains(Int(signer)) else { return }
        if view > lastActive[Int(signer)] { lastActive[Int(signer)] = view }
    }
}
