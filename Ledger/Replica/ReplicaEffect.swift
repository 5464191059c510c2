package import Chain
package import Primitives

/// What a replica wants done. Effects are performed in order; none of them waits for another one, because the replica
/// itself withholds whatever must not leave before something is durable.
package enum ReplicaEffect: Sendable {
    /// Append to the journal. Sequence numbers ascend by one. Records of one step may be synced together; report with
    /// `.journaled`. `sync: false`: nothing waits for this record, it may go with the next one that must be synced.
    case journal([UInt8], sequence: UInt64, sync: Bool)
    /// Records up to this sequence number are not needed again.
    case pruneJournal(through: UInt64)
    /// Write atomically, durably, in order of the sequence numbers (ascending by one); report with `.stored`.
    case store(StoreWork, sequence: UInt64)
    /// Read from the store and send the answer to the peer, apart from the replica: it may take some milliseconds.
    case serve(SnapshotRead, to: PeerID)
    /// Encode once, send to each. Links may drop a message when the peer is gone or its queue is full.
    case send(PeerMessage, to: [PeerID])
    /// A block became final; in order of height, each once per run of the process from the stored tip on. The quorum's
    /// journals hold block and votes already, so clients may be told at once.
    case finalized(FinalizedBlock)
    /// The state of this final block was taken over from peers. The next `finalized` is its child; `validators` certify it.
    case adopted(BlockHeader, validators: ValidatorSet)
    /// Answer to `submitted`, one entry per transaction in order: nil when pooled.
    case answered(ticket: UInt64, [TransactionRefusal?])
    /// Transactions of this node's clients that left the pool without being included.
    case dropped([(digest: Digest, reason: TransactionRefusal)])
    /// Two contradicting votes of one validator, both verified; of each validator once in many views. The runtime submits
    /// them to governance.
    case evidence(Evidence)
    /// The peer sent what no honest node sends, and nothing more of it is heard here until it is `.connected` again: close
    /// its link, and let it come back only after a while.
    case shun(PeerID, reason: String)
    /// Deliver `.tick` at this monotonic time in milliseconds; replaces an earlier request.
    case wake(at: UInt64)
    /// For the operator's log.
    case note(ReplicaNote)
    /// The replica must not go on (diverged state, broken storage). No later step does anything.
    case halt(String)
}

/// A batch for the store. Making it takes a while (a checkpoint folds many blocks), reads only what never changes, and
/// may be done in the thread that writes it.
package struct StoreWork: Sendable {
    private let make: @Sendable () throws(StorageFailure) -> KeyValueBatch

    package init(_ make: @escaping @Sendable () throws(StorageFailure) -> KeyValueBatch) { self.make = make }

    package func batch() throws(StorageFailure) -> KeyValueBatch { try make() }
}

/// A line for the operator, in plain words.
package struct ReplicaNote: Sendable, Hashable {
    package enum Level: Sendable, Hashable { case info, warning, error }
    package let level: Level
    package let text: String

    package init(_ level: Level, _ text: String) {
        self.level = level
        self.text = text
    }
}
