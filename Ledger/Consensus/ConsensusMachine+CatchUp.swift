internal import Chain
internal import Primitives

/// What keeps requests, repetitions and answers at a measured pace.
struct Pace: Sendable {
    /// Peers remembered for the pace of answers to them.
    static let peersMax = 1_024

    var wake: UInt64?
    /// Rotates whom requests go to.
    var attempts = 0
    var fetches: [(digest: Digest, at: UInt64)] = []
    var certificatesAsk: (first: View, last: View, at: UInt64)?
    /// When something asked for may be asked for again.
    var retryAt: UInt64?
    private var answered: [Digest: UInt64] = [:]
    private var asked: [Digest: UInt64] = [:]

    func isFetching(_ digest: Digest) -> Bool { fetches.contains { $0.digest == digest } }

    mutating func mayFetch(_ digest: Digest, at now: UInt64, every pause: UInt64) -> Bool {
        if let index = fetches.firstIndex(where: { $0.digest == digest }) {
            guard now >= fetches[index].at + pause else { return false }
            fetches[index].at = now
        } else {
            fetches.append((digest, now))
        }
        retryAt = now + pause
        return true
    }

    mutating func keepFetches(of digests: [Digest]) { fetches.removeAll { !digests.contains($0.digest) } }

    mutating func mayAnswer(_ peer: Digest, at now: UInt64, every pause: UInt64) -> Bool {
        Pace.mayTalk(to: peer, &answered, now, pause)
    }

    mutating func mayAsk(_ peer: Digest, at now: UInt64, every pause: UInt64) -> Bool {
        Pace.mayTalk(to: peer, &asked, now, pause)
    }

    private static func mayTalk(
        to peer: Digest, _ times: inout [Digest: UInt64], _ now: UInt64, _ pause: UInt64
    ) -> Bool {
        if let last = times[peer], now < last + pause { return false }
        if times.count >= peersMax { times.removeAll() }
        times[peer] = now
        return true
    }
}

extension ConsensusMachine {
    /// Own votes resent at once, newest first when there are more.
    static let resentVotesMax = 128

    func status(answering incarnation: UInt64 = 0) -> ConsensusStatus {
        ConsensusStatus(
            epoch: epoch, view: view, entry: entry, finalization: finalization,
            // Whoever voted in a later epoch is no witness of where this one stands.
            isRecovering: recovery.isRunning || recovery.isBehindJournal, answers: incarnation)
    }

    /// Stuck, or reconnected to `peer` (nil: all): says where this node stands and repeats what others may lack.
    mutating func resend(to peer: Digest?) {
        var messages: [ConsensusMessage] = [.status(status())]
        if !hasEnded {
            for view in [view.previous, view].compactMap({ $0 }) where view > final {
                messages += proposalsToResend(in: view).map { .proposal(explained($0)) }
            }
            messages += votesToResend().map { .vote($0) }
        }
        for message in messages {
            if let peer { send(message, to: peer) } else { broadcast(message) }
        }
    }

    /// Own durable votes above the final view that no certificate covers.
    private func votesToResend() -> [Vote] {
        var votes: [Vote] = []
        for view in openViews.reversed() {
            let state = state(view)
            for own in state.ownVotes where own.sequence <= journaling.durable {
                if own.vote.kind == .notarize, state.notarization != nil { continue }
                if own.vote.kind == .nullify, state.nullification != nil { continue }
                votes.append(own.vote)
            }
            if votes.count >= ConsensusMachine.resentVotesMax { break }
        }
        return votes.reversed()
    }

    /// Held proposals; an own one only when it, or its reservation, is durable.
    private func proposalsToResend(in view: View) -> [Proposal] {
        let state = state(view)
        let isReserved = state.reservation.map { $0 > 0 && $0 <= journaling.durable } ?? false
        return state.proposals.filter { proposal in
            guard proposal.vote.signer == own, !isReserved else { return true }
            return state.ownVotes.contains {
                $0.vote.kind == .notarize && $0.vote.digest == proposal.digest && $0.sequence <= journaling.durable
            }
        }
    }

    /// Moves a peer on that is still in `view`.
    mutating func answerLaggard(_ peer: Digest, in view: View) {
        guard pace.mayAnswer(peer, at: now.monotonic, every: UInt64(parameters.delayMilliseconds)) else { return }
        if let finalization, view <= final { send(.certificate(finalization), to: peer) }
        if let entry, max(view, final.next) < self.view { send(.certificate(entry), to: peer) }
    }

    /// Asks a peer that is ahead where it stands.
    mutating func askStatus(of peer: Digest) {
        guard pace.mayAsk(peer, at: now.monotonic, every: retryMilliseconds) else { return }
        send(.statusRequest(epoch: epoch, incarnation: incarnation), to: peer)
    }

    mutating func onStatus(_ status: ConsensusStatus, from peer: Digest) {
        if status.epoch == epoch {
            for certificate in [status.finalization, status.entry].compactMap({ $0 }) where !learn(certificate) {
                return blame(peer, "it sent a false certificate of where it stands")
            }
        }
        report(status, from: peer)
        guard status.epoch == epoch else { return }
        if status.view <= view { noteShown(peer, in: status.view) }
        let lacksFinal = (status.finalization?.view ?? View(0)) < final
        guard status.view < view || lacksFinal,
            pace.mayAnswer(peer, at: now.monotonic, every: UInt64(parameters.delayMilliseconds))
        else { return }
        if lacksFinal, let finalization { send(.certificate(finalization), to: peer) }
        if let entry, max(status.view, final.next) < view { send(.certificate(entry), to: peer) }
        guard !hasEnded else { return }
        for proposal in proposalsToResend(in: view) { send(.proposal(explained(proposal)), to: peer) }
    }

    /// Asks for the certificates of views `first` to `last`, the newest first; the same ones only after a pause.
    mutating func askCertificates(from first: View, through last: View) {
        let span = UInt64(ConsensusMessage.certificatesMax - 1)
        let low = max(first, View(last.value - min(last.value, span)))
        if let ask = pace.certificatesAsk, ask.first == low, ask.last == last,
            now.monotonic < ask.at + retryMilliseconds
        {
            return
        }
        pace.certificatesAsk = (low, last, now.monotonic)
        pace.retryAt = now.monotonic + retryMilliseconds
        for peer in holders(for: view) {
            send(.certificatesRequest(epoch: epoch, first: low, last: last), to: peer)
        }
    }

    mutating func answer(certificatesFrom first: View, through last: View, to peer: Digest) {
        guard first <= last else { return }
        var found: [Certificate] = []
        if let finalization, final >= first { found.append(finalization) }
        // The newest first: the asker works downwards and asks again below what it got.
        var cursor = last
        for _ in 0..<ConsensusMessage.certificatesMax where found.count + 2 <= ConsensusMessage.certificatesMax {
            if let state = views[cursor] { found += [state.notarization, state.nullification].compactMap { $0 } }
            guard cursor > first, let before = cursor.previous else { break }
            cursor = before
        }
        if !found.isEmpty { send(.certificates(found), to: peer) }
    }

    /// More than f validators notarize a block that this node was not shown: one honest one at least can show it. Looked at with
    /// each vote, and when a view is entered that others voted in before.
    mutating func askForProposal() {
        let state = state(view)
        guard state.proposals.isEmpty, !state.hasAsked else { return }
        let votes = state.votes.filter { $0.kind == .notarize }
        guard let vote = votes.last, votes.filter({ $0.digest == vote.digest }).count > set.faultsMax else { return }
        views[view, default: ViewState()].hasAsked = true
        // Votes come from their signers: there is a link to this one.
        send(
            .proposalRequest(epoch: epoch, view: view, digest: vote.digest),
            to: set.validators[Int(vote.signer)].transportKey)
    }

    mutating func answer(proposalOf view: View, _ digest: Digest, to peer: Digest) {
        for proposal in proposalsToResend(in: view) where proposal.digest == digest {
            send(.proposal(explained(proposal)), to: peer)
        }
    }
}
