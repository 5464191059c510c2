internal import Chain
internal import Consensus
internal import Primitives
internal import Replica

/// The view that the watched validator is in.
struct WatchedView {
    var position = VotePosition()
    var enteredAt: UInt64 = 0
    /// Δ as it was at the entry, in milliseconds.
    var delay: UInt64 = 0
    /// Something waited at the entry: the timers ran from there.
    var isBusy = false
    /// When an honest leader's proposal came.
    var proposedAt: UInt64?
    var hasNotarized = false
}

/// How a validator that hears late must behave (`Scenario.busyNode`, in runs of one epoch without losses, crashes and
/// skewed clocks). It gives an honest leader 2Δ; and it notarizes a proposal though it gave the view up before. Δ is
/// written down here a second time on purpose.
extension Simulation {
    /// Time in which a proposal that came must be voted for, unless the view ends.
    static let voteMicroseconds: UInt64 = 100_000

    /// Call after each step of the node.
    mutating func watch(_ number: Int) throws(Violation) {
        guard number == scenario.busyNode, let status = nodes[number].replica?.status else { return }
        let position = VotePosition(epoch: status.epoch, view: status.view)
        guard position != watched.position else { return }
        if let came = watched.proposedAt, now - came > Simulation.voteMicroseconds, !watched.hasNotarized {
            throw Violation(
                .patience,
                "\(name(number)) had the proposal of view \(watched.position.view) for \((now - came) / 1_000) ms and did not"
                    + " notarize it")
        }
        let unfinal = status.view.value - min(status.view.value, status.finalView.next.value)
        let doublings = min(unfinal / UInt64(scenario.faultsMax + 1), 16)
        watched = WatchedView(
            position: position, enteredAt: now,
            delay: min(
                UInt64(scenario.parameters.delayMillisecondsMax),
                UInt64(scenario.parameters.delayMilliseconds) << doublings),
            isBusy: status.waitingTransactions > 0)
    }

    mutating func watchDelivery(of message: PeerMessage, to number: Int) {
        guard number == scenario.busyNode, case .consensus(.proposal(let proposal), _) = message,
            proposal.view == watched.position.view, isLedByOther(proposal.view), watched.proposedAt == nil
        else { return }
        watched.proposedAt = now
    }

    /// A vote that the node lets out.
    mutating func watch(_ vote: Vote, of number: Int) throws(Violation) {
        guard number == scenario.busyNode, vote.view == watched.position.view else { return }
        if vote.kind == .notarize { watched.hasNotarized = true }
        guard vote.kind == .nullify, watched.isBusy, isLedByOther(vote.view) else { return }
        // Its clock may run a hundredth too fast.
        let waited = (now - watched.enteredAt) * 102 / 100_000 + 2
        guard waited >= 2 * watched.delay else {
            throw Violation(
                .patience,
                "\(name(number)) gives up view \(vote.view) after \((now - watched.enteredAt) / 1_000) ms, Δ being"
                    + " \(watched.delay) ms")
        }
    }

    /// By an honest validator other than the watched one.
    private func isLedByOther(_ view: View) -> Bool {
        let leader = genesis.validators.leader(of: view)
        return nodes[leader].isHonest && leader != scenario.busyNode
    }
}
