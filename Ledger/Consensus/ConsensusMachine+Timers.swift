internal import Chain
internal import Primitives

/// Timers of the current view, in monotonic milliseconds.
struct Timers: Sendable {
    var enteredAt: UInt64 = 0
    /// When the view's clock began; nil while the network is idle.
    var startedAt: UInt64?
    /// Δ of this view.
    var delay: UInt64 = 0
    /// The leader is silent while a quorum is active: its turn is over at once.
    var skipsLeader = false
    var nextResend: UInt64?
    /// When the proposal's block time becomes plausible.
    var clockGate: UInt64?
    /// What this node, as leader, asked the caller to build.
    var buildAsked: BuildRequest?
}

extension ConsensusMachine {
    /// `Δ0 * 2^floor(k / (f + 1))`, at most Δmax. k counts all views since the final one, however they ended.
    package var delayMilliseconds: UInt64 {
        var unfinalized = (view.previous ?? View(0)).distance(above: final)
        if mutated(.delayCountsNullifiedOnly) {
            unfinalized = UInt64(openViews.filter { $0 < view && views[$0]?.nullification != nil }.count)
        }
        let doublings = min(unfinalized / UInt64(set.faultsMax + 1), 32)
        return min(UInt64(parameters.delayMillisecondsMax), UInt64(parameters.delayMilliseconds) << doublings)
    }

    /// Pause before something unanswered is asked for again.
    var retryMilliseconds: UInt64 { 2 * UInt64(parameters.delayMilliseconds) }

    /// Something here wants the current view to get on now.
    private var isBusy: Bool {
        let state = state(view)
        if isWaiting || !state.proposals.isEmpty || state.nullified { return true }
        // One honest validator at least has a reason to go on that has not reached this one.
        return state.votes.filter { $0.kind == .nullify }.count > set.faultsMax
    }

    /// When an idle view's clock starts all the same: at the heartbeat, or when a notarized block has not become final in
    /// the time of one message. (Starting at once would spin: a view is entered one message before the finalization of
    /// the view before arrives, so that its parent is hardly ever final yet.)
    private var clockDue: UInt64 {
        highestNotarized > final
            ? timers.enteredAt + delayMilliseconds : lastFinalAt + UInt64(parameters.heartbeatMilliseconds)
    }

    mutating func startTimersWhenBusy() {
        guard timers.startedAt == nil, isBusy || now.monotonic >= clockDue else { return }
        timers.startedAt = now.monotonic
        timers.delay = delayMilliseconds
        timers.skipsLeader = leaderIsSilent
        timers.nextResend = now.monotonic + 4 * timers.delay
    }

    /// The leader was not heard for S views, while a quorum, self included, was.
    private var leaderIsSilent: Bool {
        let leader = set.leader(of: view)
        guard let own, leader != Int(own) else { return false }
        let span = UInt64(parameters.skipAfterViews)
        func isActive(_ index: Int) -> Bool { index == Int(own) || view.distance(above: lastActive[index]) <= span }
        return !isActive(leader) && (0..<set.count).filter(isActive).count >= set.quorum
    }

    /// The leader nullifies its own view, or contradicts itself in it: nobody need wait for the timer.
    private var leaderGaveUp: Bool {
        let leader = UInt16(set.leader(of: view))
        let state = state(view)
        return state.accused.contains(leader) || state.vote(.nullify, of: leader) != nil
    }

    /// When this node gives up a view that it leads, since before its restart it may have proposed what it does not know and
    /// nobody has shown it. Said at once when idle, too, so that no transaction has to wait for it.
    private var unknownProposalDue: UInt64? {
        let state = state(view)
        guard state.reservation == 0, state.proposals.isEmpty, hasTheTurn else { return nil }
        return timers.enteredAt + delayMilliseconds
    }

    mutating func fireTimers() {
        recover()
        if leaderGaveUp { nullify() }
        if let due = unknownProposalDue, now.monotonic >= due { nullify() }
        guard let start = timers.startedAt else { return }
        let lacksProposal = state(view).proposals.isEmpty
        if timers.skipsLeader, lacksProposal { nullify() }
        if lacksProposal, now.monotonic >= start + 2 * timers.delay { nullify() }
        if now.monotonic >= start + 3 * timers.delay { nullify() }
        if let due = timers.nextResend, now.monotonic >= due {
            timers.nextResend = now.monotonic + min(3 * timers.delay, UInt64(parameters.delayMillisecondsMax))
            resend(to: nil)
        }
    }

    /// Asks for the next tick when the wish has changed.
    mutating func scheduleWake() {
        var due: [UInt64] = []
        if hasEnded { return }
        if let start = timers.startedAt {
            due += [start + 2 * timers.delay, start + 3 * timers.delay]
            if let resend = timers.nextResend { due.append(resend) }
        } else {
            due.append(clockDue)
        }
        if let next = relay.waiting.first { due.append(next.due) }
        if let ask = relay.askDue { due.append(ask) }
        if let gate = timers.clockGate { due.append(gate) }
        if let unknown = unknownProposalDue { due.append(unknown) }
        if let retry = pace.retryAt { due.append(retry) }
        if recovery.isRunning { due.append(recovery.nextAsk) }
        guard let next = due.filter({ $0 > now.monotonic }).min(), next != pace.wake else { return }
        pace.wake = next
        emit(.wake(at: next))
    }
}
