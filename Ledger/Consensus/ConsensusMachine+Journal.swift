internal import Chain
internal import Primitives

/// The journal as the machine sees it: records numbered in ascending order, and what waits for them to be durable.
struct Journaling: Sendable {
    enum Held: Sendable {
        case vote(Vote)
        case proposal(Proposal)
        /// The Notarize inside an own proposal, which may have left already.
        case ballot(Vote)
    }

    var sequence: UInt64 = 0
    var durable: UInt64 = 0
    /// Ascending by sequence.
    var held: [(sequence: UInt64, content: Held)] = []
    var needsMarker = false
    /// Own votes of the highest view voted in: rewritten at each pruning, however old.
    var lastVotes: [Vote] = []
    var prunedThrough = View(0)
    /// Final view that storage held when this run began.
    var reported = View(0)
    /// Once `after` is durable, records below `below` may go.
    var prune: (below: UInt64, after: UInt64)?
}

extension ConsensusMachine {
    @discardableResult
    mutating func journal(_ record: ConsensusRecord) -> UInt64 {
        guard !isReplaying else { return 0 }
        journaling.sequence += 1
        outputs.append(.journal(record, sequence: journaling.sequence))
        return journaling.sequence
    }

    /// Lets `content` leave, and count here, only when the record with this number is durable.
    mutating func hold(_ content: Journaling.Held, until sequence: UInt64) {
        if mutated(.tallyBeforeSync) || sequence <= journaling.durable { return release(content) }
        let place = journaling.held.firstIndex { $0.sequence > sequence } ?? journaling.held.count
        journaling.held.insert((sequence, content), at: place)
    }

    mutating func release(upTo sequence: UInt64) {
        journaling.durable = max(journaling.durable, min(sequence, journaling.sequence))
        let ready = journaling.held.prefix { $0.sequence <= journaling.durable }
        journaling.held.removeFirst(ready.count)
        for entry in ready { release(entry.content) }
        if let prune = journaling.prune, prune.after <= journaling.durable {
            journaling.prune = nil
            emit(.prunable(below: prune.below))
        }
    }

    private mutating func release(_ content: Journaling.Held) {
        guard !hasEnded else { return }
        switch content {
        case .vote(let vote):
            broadcast(.vote(vote))
            tally(own: vote)
        case .proposal(let proposal): broadcast(.proposal(explained(proposal)))
        case .ballot(let vote): tally(own: vote)
        }
    }

    /// Counts an own durable vote.
    mutating func tally(own vote: Vote) {
        noteActive(vote.signer, in: vote.view)
        let state = state(vote.view)
        guard vote.view > final, !state.known(of: vote.signer).contains(where: { $0.kind == vote.kind }) else { return }
        if vote.kind == .nullify, state.nullification != nil { return }
        if vote.kind == .notarize, state.notarization != nil { return }
        views[vote.view, default: ViewState()].votes.append(vote)
        count(vote.kind, in: vote.view, vote.digest)
    }

    /// Frees the journal up to what synced storage covers: writes what is still alive again, and lets the older records
    /// go once that is durable.
    mutating func prune(storedUpTo height: Height) {
        // What a later epoch wrote is of no use here and must stay: the next machine takes it over.
        guard hasStarted, !recovery.isBehindJournal, let point = finalPoints.last(where: { $0.height <= height }),
            point.view > journaling.prunedThrough
        else { return }
        journaling.prunedThrough = point.view
        finalPoints.removeAll { $0.height < point.height }
        let kept = views.keys.filter { $0 >= point.view }.sorted()
        for view in views.keys.filter({ $0 < point.view }).sorted() { views[view] = nil }
        let below = journaling.sequence + 1
        if !recovery.isRunning { journal(marker) }
        if let finalization { journal(.certificate(finalization)) }
        for vote in journaling.lastVotes where vote.view < point.view { journal(.vote(vote)) }
        for view in kept { rewrite(view) }
        if mutated(.pruneBeforeSync) { return emit(.prunable(below: below)) }
        journaling.prune = (below, journaling.sequence)
    }

    private mutating func rewrite(_ view: View) {
        let state = state(view)
        if state.reservation != nil { journal(.reservation(epoch: epoch, view: view)) }
        for certificate in [state.notarization, state.nullification] {
            if let certificate { journal(.certificate(certificate)) }
        }
        for proposal in state.proposals { journal(.proposal(proposal)) }
        for own in state.ownVotes { journal(.vote(own.vote)) }
    }

    var marker: ConsensusRecord { .marker(epoch: epoch, abstainThrough: recovery.abstainThrough) }

    /// Takes over what an earlier run left.
    mutating func restore(_ start: ConsensusStart, tip: FinalizedTip?) {
        isReplaying = true
        defer { isReplaying = false }
        if let tip {
            blocks[tip.header.digest] = KnownBlock(header: tip.header, transactions: [], status: .executed)
            learn(tip.certificate, isVerified: true)
        }
        switch start {
        case .fresh: journaling.needsMarker = true
        case .freshAfterLoss:
            journaling.needsMarker = true
            recovery.abstainThrough = View(1)
        case .lost: startWithoutJournal()
        case .replay(let records):
            for record in records where record.epoch == epoch { replay(record) }
            if records.contains(where: isOfLossBeforeRoot) {
                recovery.abstainThrough = max(recovery.abstainThrough, View(1))
            }
            recovery.isBehindJournal = records.contains { $0.epoch > epoch }
            if !records.contains(where: isTrusted) { startWithoutJournal() }
        }
        if let tip { journaling.reported = tip.certificate.view }
    }

    private func isTrusted(_ record: ConsensusRecord) -> Bool {
        if case .marker(let epoch, _) = record { epoch <= self.epoch } else { false }
    }

    /// The crash came between the end of the epoch before and the marker of this one.
    private func isOfLossBeforeRoot(_ record: ConsensusRecord) -> Bool {
        if case .marker(let before, let through) = record {
            before.next == epoch && through >= configuration.root.view
        } else {
            false
        }
    }

    private mutating func startWithoutJournal() {
        if mutated(.freshStartFromBackup) { journaling.needsMarker = true } else { recovery.isRunning = true }
    }

    private mutating func replay(_ record: ConsensusRecord) {
        switch record {
        case .marker(_, let through): recovery.abstainThrough = max(recovery.abstainThrough, through)
        case .vote(let vote): replay(vote)
        case .reservation(_, let view):
            if !mutated(.reservationForgotten) { views[view, default: ViewState()].reservation = 0 }
        case .certificate(let certificate): learn(certificate, isVerified: true)
        case .proposal(let proposal):
            note(proposal.header, proposal.transactions)
            let held = state(proposal.view)
            if held.proposals.count < ViewState.proposalsMax, held.proposal(proposal.digest) == nil {
                views[proposal.view, default: ViewState()].proposals.append(proposal)
            }
            replay(proposal.vote)
        }
    }

    private mutating func replay(_ vote: Vote) {
        if vote.signer == own { remember(own: vote, sequence: 0) }
        let state = state(vote.view)
        guard vote.view > final, !state.known(of: vote.signer).contains(where: { $0.kind == vote.kind }) else { return }
        views[vote.view, default: ViewState()].votes.append(vote)
    }

    /// The first input: takes up where the journal left off.
    mutating func begin() {
        guard !hasStarted else { return }
        hasStarted = true
        lastFinalAt = now.monotonic
        timers.enteredAt = now.monotonic
        lastActive = lastActive.map { _ in view }
        if journaling.needsMarker { journal(marker) }
        if let finalization, finalization.view > journaling.reported { emit(.finalized(finalization)) }
        settleFinal()
        for view in openViews {
            for vote in state(view).votes { count(vote.kind, in: vote.view, vote.digest) }
            finalizeVote(in: view)
        }
        if !hasEnded { resend(to: nil) }
    }
}
