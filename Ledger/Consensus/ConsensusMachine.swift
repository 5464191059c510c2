package import Chain
internal import LedgerCrypto
package import Primitives

/// Simplex consensus for one epoch, as a value: an input and the time go in, outputs come out. Knows nothing of state,
/// transactions or contracts. Source: B. Chan, R. Pass, "Simplex Consensus" (TCC 2023, eprint 2023/463), in view form.
///
/// Invariants
/// - `final < view`; every view between has come to an end here (by a certificate of it or of a later view).
/// - Own votes are made in `view` only, except Finalize, which may follow later; never at or below `final`,
///   nor up to `abstainThrough`.
/// - Per view: Notarize for one digest at most; never both Finalize and Nullify.
/// - A vote reaches the wire, and the own tally, only after its journal record is durable; what it rests on has a lower
///   place in the same journal. A leader's Notarize, which is its proposal, reaches the wire once a reservation of the view is
///   durable: whoever finds a reservation without a proposal after a crash never notarizes in that view.
/// - `views` holds nothing above `view + voteWindowViews`; of older views only those that storage does not cover yet.
package struct ConsensusMachine: Sendable {
    package let configuration: ConsensusConfiguration
    /// Own index in the validator set, nil in non-voting mode.
    package let own: UInt16?

    /// The current view.
    package internal(set) var view = View(1)
    /// What let this node enter `view`; nil in view 1.
    var entry: Certificate?
    /// View and digest of the newest final block; the root's at first.
    package internal(set) var final = View(0)
    package internal(set) var finalDigest: Digest
    /// Newest finalization, nil when nothing above the root is final.
    package internal(set) var finalization: Certificate?
    /// Highest view with a notarization or finalization.
    var highestNotarized = View(0)

    var views: [View: ViewState] = [:]
    var blocks: [Digest: KnownBlock] = [:]
    /// Certified blocks that are not executed yet, in the order of their certificates.
    var wanted: [WantedBlock] = []
    /// Heights at which final views are known, ascending: what storage covers is told by height.
    var finalPoints: [FinalPoint] = []

    var timers = Timers()
    var relay: Relay
    /// Highest view in which each validator was heard.
    var lastActive: [View]
    var isWaiting = false
    var lastFinalAt: UInt64 = 0
    var pace = Pace()

    var journaling = Journaling()
    var recovery = Recovery()

    var hasStarted = false
    package internal(set) var hasEnded = false
    /// While replaying, nothing is emitted, written or voted.
    var isReplaying = false
    var now = Instant(monotonic: 0, wall: Timestamp(0))
    var outputs: [ConsensusOutput] = []

    /// `tip`: what storage holds as final in this epoch beyond the root.
    package init(_ configuration: ConsensusConfiguration, start: ConsensusStart, tip: FinalizedTip? = nil) {
        self.configuration = configuration
        own = configuration.key.flatMap { configuration.validators.index(of: $0.publicKey) }.map { UInt16($0) }
        finalDigest = configuration.root.digest
        lastActive = Array(repeating: View(0), count: configuration.validators.count)
        relay = Relay(validators: configuration.validators.count)
        blocks[finalDigest] = KnownBlock(header: configuration.root, transactions: [], status: .executed)
        finalPoints = [FinalPoint(height: configuration.root.height, view: View(0))]
        restore(start, tip: tip)
    }

    /// Consumes one input. Outputs are to be done in their order.
    package mutating func step(_ input: ConsensusInput, at now: Instant) -> [ConsensusOutput] {
        self.now = now
        outputs.removeAll(keepingCapacity: true)
        take(input)
        settle()
        return outputs
    }

    private mutating func take(_ input: ConsensusInput) {
        switch input {
        case .start: begin()
        case .tick: break
        case .message(let message, let peer): if hasStarted { receive(message, from: peer) }
        case .connected(let peer): if hasStarted { resend(to: peer) }
        case .journaled(let sequence): release(upTo: sequence)
        case .built(let header, let transactions): onBuilt(header, transactions)
        case .judged(let digest, let verdict): onJudged(digest, verdict)
        case .block(let header, let transactions): onBlock(header, transactions)
        case .executed(let header, let transactions): onExecuted(header, transactions)
        case .waiting(let isWaiting): self.isWaiting = isWaiting
        case .stored(let height): prune(storedUpTo: height)
        }
    }

    private mutating func receive(_ message: ConsensusMessage, from peer: Digest) {
        switch message {
        case .vote(let vote): onVote(vote, from: peer)
        case .certificate(let certificate): learn(certificate, from: peer)
        case .proposal(let proposal): onProposal(proposal, from: peer)
        case .status(let status): onStatus(status, from: peer)
        case .statusRequest(_, let incarnation): send(.status(status(answering: incarnation)), to: peer)
        case .certificatesRequest(let epoch, let first, let last):
            if epoch == self.epoch { answer(certificatesFrom: first, through: last, to: peer) }
        case .certificates(let certificates): learn(certificates, from: peer)
        case .proposalRequest(let epoch, let view, let digest):
            if epoch == self.epoch { answer(proposalOf: view, digest, to: peer) }
        }
    }

    /// Does whatever the state now allows.
    private mutating func settle() {
        guard hasStarted else { return }
        if !hasEnded {
            var before: View
            repeat {
                before = view
                startTimersWhenBusy()
                fireTimers()
                executeWanted()
                relayCertificates()
                askWhenNotFinal()
                reserve()
                propose()
                considerProposal()
            } while view != before && !hasEnded
        }
        scheduleWake()
    }
}

extension ConsensusMachine {
    package var epoch: Epoch { configuration.epoch }
    /// Whether every vote of this key is known, see `startOfNext` for the next epoch's machine.
    package var journalIsTrusted: Bool { !recovery.isRunning }

    var set: ValidatorSet { configuration.validators }
    var parameters: ChainParameters { configuration.parameters }

    func mutated(_ mutation: ConsensusMutation) -> Bool { configuration.mutations.contains(mutation) }

    mutating func emit(_ output: ConsensusOutput) { if !isReplaying { outputs.append(output) } }
    mutating func broadcast(_ message: ConsensusMessage) { emit(.broadcast(message)) }
    mutating func send(_ message: ConsensusMessage, to peer: Digest) { emit(.send(message, to: peer)) }
    mutating func blame(_ peer: Digest, _ reason: String) { emit(.misbehaved(peer, reason: reason)) }

    func state(_ view: View) -> ViewState { views[view] ?? ViewState() }

    /// The block that view `view` notarized or finalized, as far as known here.
    func certified(_ view: View) -> Digest? {
        if view == View(0) { return configuration.root.digest }
        if view == final, !mutated(.finalizationIsNoParent) { return finalDigest }
        return views[view]?.notarization?.digest
    }

    /// Its certificate; nil for the root.
    func certificate(_ view: View) -> Certificate? {
        if view == final, !mutated(.finalizationIsNoParent) { return finalization }
        return views[view]?.notarization
    }

    /// Views above the final one that anything is known of, ascending.
    var openViews: [View] { views.keys.filter { $0 > final }.sorted() }

    /// Whether this node may vote in `view` at all.
    func mayVote(in view: View) -> Bool {
        own != nil && hasStarted && !hasEnded && !recovery.isRunning && !recovery.isBehindJournal
            && view > recovery.abstainThrough && view > final
    }
}
