package import Chain
package import Primitives

/// The time of one step. The machine has no clock: whoever runs it passes the time in.
package struct Instant: Hashable, Sendable {
    /// Milliseconds of a clock that never goes back; its origin has no meaning. Drives timers.
    package let monotonic: UInt64
    /// Wall clock. Used for block times only.
    package let wall: Timestamp

    package init(monotonic: UInt64, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

/// What happens to the consensus machine. Peers are named by the SHA-256 of their TLS key, as in
/// `Validator.transportKey`; a peer may be no validator.
package enum ConsensusInput: Sendable {
    /// The first input after `init`: resends own votes, sets timers.
    case start
    /// A moment asked for by `.wake` has come. Extra ticks do no harm.
    case tick
    /// From an authenticated peer; the content is not trusted.
    case message(ConsensusMessage, from: Digest)
    /// A link to the peer is up (again).
    case connected(Digest)
    /// All records with sequence numbers up to this one are synced to the disk.
    case journaled(upTo: UInt64)
    /// Answers `.build`. The body is executed, and journaled before this input: the vote's own record follows it in the
    /// same journal, so it cannot be durable without it.
    case built(BlockHeader, transactions: [Digest])
    /// Answers `.judge`. For `.valid`: the body is executed, and journaled before this input.
    case judged(Digest, Verdict)
    /// Answers `.fetchBlock`: header and transaction digests that the caller found. Only what was asked for is used.
    case block(BlockHeader, transactions: [Digest])
    /// The block is executed and durable for another reason than `.judge`: restart, catch-up, a state snapshot.
    case executed(BlockHeader, transactions: [Digest])
    /// Whether a transaction that a leader could propose now waits in the pool. Say so whenever it changes.
    case waiting(Bool)
    /// All that is final up to this height, with its finalization, is in synced storage. Frees the journal.
    case stored(Height)
}

/// What the machine wants done, in this order.
package enum ConsensusOutput: Sendable {
    /// Append to the journal. Sequence numbers ascend by one from 1 in each run. Answer with `.journaled` after the sync.
    case journal(ConsensusRecord, sequence: UInt64)
    /// Records of this run with lower sequence numbers, and all of earlier runs, are no longer needed.
    case prunable(below: UInt64)
    case send(ConsensusMessage, to: Digest)
    /// To every connected peer.
    case broadcast(ConsensusMessage)
    /// To every connected peer but these, which have left the certificate's view.
    case relay(ConsensusMessage, except: [Digest])
    /// Build and execute a block; answer with `.built`, or not at all when the view has passed.
    case build(BuildRequest)
    /// Get the transactions, execute, compare the roots; answer with `.judged`. The parent is executed. Asked once: the
    /// caller keeps trying to get missing transactions for as long as the block can matter (until its height is final).
    case judge(JudgeRequest)
    /// Find header and transaction digests of a block that a quorum certified, or an ancestor of one; answer with
    /// `.block`. `holders` probably have it (ask others too). Asked again while it stays missing.
    case fetchBlock(Digest, holders: [Digest])
    /// The block of this finalization and all its ancestors are final, whether they are executed here or not. When they
    /// are not, catch up to it and say `.executed`.
    case finalized(Certificate)
    /// The closing block of this epoch is final and known here. This machine does nothing more: make the one of the next
    /// epoch with this header as `root`.
    case epochEnded(BlockHeader, Certificate)
    case evidence(Evidence)
    /// The peer sent what no honest node sends: a false certificate, a proposal or vote with a false signature. The rest of
    /// its message was dropped. An honest node sends its own votes, and of others' words only what it has checked.
    case misbehaved(Digest, reason: String)
    /// A quorum certified a block that this node finds invalid: a fault of this machine's software or disk, or more than
    /// f faulty validators. Nothing above it can be executed here, so this node notarizes and finalizes nothing more.
    case diverged(Digest, View, reason: String)
    /// Give `.tick` at this monotonic time. Replaces the earlier wish.
    case wake(at: UInt64)
    /// The journal was lost and enough peers have reported: votes begin above this view.
    case recovered(abstainThrough: View)
}

/// The judgement of a proposed block.
package enum Verdict: Hashable, Sendable {
    /// The transactions are valid and the executed roots and next validator set equal the header's.
    case valid
    case invalid(String)
}

/// A block wanted from this node, the leader of `view`. The header takes these values as they are and adds the roots
/// and the next validator set; `validatorSet` is the digest of the epoch's set.
package struct BuildRequest: Hashable, Sendable {
    package let view: View
    package let epoch: Epoch
    package let height: Height
    package let parent: Digest
    package let parentView: View
    /// The local wall clock, or the parent's time + 1 when that is later.
    package let time: Timestamp
    /// Own index in the validator set.
    package let proposer: UInt16
    /// No transactions: too many blocks are not final yet.
    package let isEmpty: Bool
}

/// A block to execute. Behind `isCertified` ones, or a descendant of theirs, stands a quorum: they matter even when their turn
/// is over, and an honest validator has checked the signatures of their transactions.
package struct JudgeRequest: Hashable, Sendable {
    package let header: BlockHeader
    /// Their root was found to be that of the header.
    package let transactions: [Digest]
    package let isCertified: Bool
}
