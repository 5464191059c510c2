package import Chain
internal import Primitives

/// A lost journal: the key may have voted in views that this node knows nothing of. Before it was lost, the node was in
/// some view V only because a quorum, so q - 1 others, had been in V - 1. Of any n - f others that report now, one at
/// least is honest and among these: it reports V - 1 or more. So views up to the highest report + 1 are left alone.
struct Recovery: Sendable {
    var isRunning = false
    /// No votes in views up to this one.
    var abstainThrough = View(0)
    /// The journal is ahead of storage by an epoch and may have been pruned of this one: nothing is voted here. That is no
    /// loss, and the next epoch's machine has all that it needs.
    var isBehindJournal = false
    /// Validators that have reported to this run.
    var reporters: [Int] = []
    var nextAsk: UInt64 = 0
}

extension ConsensusMachine {
    var incarnation: UInt64 { max(1, configuration.incarnation) }

    /// Others that must report: n - f, or all when there are no more. A single validator has nobody to ask: it stays
    /// silent until its operator says by a new marker that the key did not vote.
    private var reportersNeeded: Int { min(set.quorum, set.count - (own == nil ? 0 : 1)) }

    /// How the machine of the next epoch, above the closing block `root`, starts when the journal says nothing of it.
    ///
    /// The key may have been in view 1 there before its journal was lost, though nobody who reported since had: a
    /// Finalization over `root` suffices to enter it, and perhaps nobody else had seen that one. Behind it are q - 1 others
    /// that voted in a view of `root`, and one honest reporter at least is among them; so when all reports came from below
    /// the root's view, the key had not been there.
    package func startOfNext(root: BlockHeader) -> ConsensusStart {
        if recovery.isRunning || recovery.isBehindJournal { return .lost }
        return recovery.abstainThrough >= root.view ? .freshAfterLoss : .fresh
    }

    mutating func recover() {
        guard recovery.isRunning, now.monotonic >= recovery.nextAsk else { return }
        recovery.nextAsk = now.monotonic + 4 * UInt64(parameters.delayMilliseconds)
        broadcast(.statusRequest(epoch: epoch, incarnation: incarnation))
    }

    /// Counts the report of a peer that answers this run. A view above the own one would be a claim without proof: the
    /// entry certificate, when right, has moved this node to that view. Lower claims change nothing.
    mutating func report(_ status: ConsensusStatus, from peer: Digest) {
        guard recovery.isRunning, hasStarted, status.answers == incarnation, !status.isRecovering,
            status.epoch < epoch || status.epoch == epoch && status.view <= view,
            let index = set.index(ofTransport: peer), index != own.map(Int.init),
            !recovery.reporters.contains(index)
        else { return }
        recovery.reporters.append(index)
        guard recovery.reporters.count >= reportersNeeded, reportersNeeded > 0 else { return }
        recovery.isRunning = false
        recovery.abstainThrough = max(recovery.abstainThrough, view.next)
        journal(marker)
        emit(.recovered(abstainThrough: recovery.abstainThrough))
    }
}
