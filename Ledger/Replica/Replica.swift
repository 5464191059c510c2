package import Chain
package import Consensus
internal import LedgerCrypto
internal import LedgerState
package import Primitives

/// One node's part in the network, as a value: mempool, consensus of the current epoch, execution before the vote,
/// catch-up and serving of peers. An event and the time go in, effects come out; it has no clock, disk or socket.
///
/// Invariants: `view.tip` is the newest final block whose state is known here; `tree` holds executed blocks above it,
/// all of its epoch; `view.recent` are the final blocks above the newest durable checkpoint; a block is in `tree` or
/// final only after its record was given to the journal.
package struct Replica: ~Copyable, Sendable {
    let application: any Application
    let configuration: ReplicaConfiguration
    let network: Digest
    let parameters: ChainParameters
    let incarnation: UInt64

    /// The final chain, for readers in any thread.
    package internal(set) var view: ChainView
    var machine: ConsensusMachine
    var tree = BlockTree()
    var window: ReplayWindow
    var pool: Mempool
    /// A leader's build found nothing in the pool that may be in a block; until something is added.
    var isPoolStalled = false
    var toldWaiting = false

    // Journal and store.
    var journalSequence: UInt64
    /// Where the records of the running machine are.
    var records = RecordMap()
    /// The journal sequence below which the consensus needs no record.
    var consensusFloor: UInt64 = 0
    var prunedBelow: UInt64
    var journalBytesSinceCheckpoint = 0
    /// The bodies of `view.recent` in the journal, and their bytes.
    var recentBodies: [(sequence: UInt64, bytes: [UInt8])] = []
    var storeSequence: UInt64 = 0
    var checkpoint: PendingCheckpoint?
    /// Bodies and consensus records of the journal as it was at the start, until they are of no use.
    var replayBodies: [(sequence: UInt64, block: Block)] = []
    var replayRecords: [ConsensusRecord] = []

    // Consensus in work.
    var inputs: [ConsensusInput] = []
    /// The newest finalization whose block is not executed here.
    var awaitedFinalization: Certificate?
    var awaitedSince: UInt64 = 0
    /// A range has helped towards it, and more is to come.
    var isCatchingUp = false
    /// Blocks that the consensus wants judged and that lack transactions, by digest.
    var judging: [PendingJudgement] = []
    /// Blocks that were fetched, waiting for `judge`.
    var held = BlockCache()
    /// Validators of this epoch that evidence was reported against, with the newest view of it; at most one per member.
    var accused: [(signer: UInt16, view: View)] = []
    /// Views after which evidence against the same validator is reported again: the first report may have been lost.
    package static var evidencePauseViews: UInt64 { 64 }
    /// Transactions whose signatures were checked and that are not pooled.
    var checked = TransactionCache()

    /// The taking over of a state from peers.
    var snapshot = SnapshotSync()

    // Peers.
    var peers = PeerTable()
    var fetches = FetchTable()
    var outbox: [SignedTransaction] = []

    var consensusWake: UInt64?
    var toldWake: UInt64?
    var effects: [ReplicaEffect] = []
    var now: Instant
    /// Why nothing more is done.
    package internal(set) var halted: String?
    package internal(set) var isDiverged = false

    /// Takes in one event. A `StorageFailure` means that the node must stop.
    package mutating func step(_ event: ReplicaEvent, at now: Instant) throws(StorageFailure) -> [ReplicaEffect] {
        guard halted == nil else { return [] }
        self.now = Instant(monotonic: max(now.monotonic, self.now.monotonic), wall: now.wall)
        try take(event)
        try settle()
        return drain()
    }

    /// What is to be done since it was last asked; `step` asks by itself.
    package mutating func drain() -> [ReplicaEffect] {
        defer { effects = [] }
        return effects
    }

    mutating func note(_ level: ReplicaNote.Level, _ text: String) { effects.append(.note(ReplicaNote(level, text))) }

    mutating func halt(_ why: String) {
        guard halted == nil else { return }
        halted = why
        effects.append(.halt(why))
    }

    /// Figures for health and metrics.
    package var status: ReplicaStatus {
        ReplicaStatus(
            height: view.tip.height, tipTime: view.tip.time, epoch: machine.epoch, view: machine.view,
            isValidator: configuration.key.map { view.validators.index(of: $0.publicKey) != nil } ?? false,
            finalView: machine.final, isSyncing: isSaidToBeBehind, isDiverged: isDiverged, poolTransactions: pool.count,
            waitingTransactions: isPoolStalled ? 0 : pool.waiting, poolBytes: pool.bytes,
            peers: peers.connected.count, unstoredBlocks: view.recent.count, unfinalizedBlocks: tree.count,
            snapshot: snapshot.progress, isJournalTrusted: machine.journalIsTrusted)
    }
}

/// Figures of a replica for health checks and metrics.
package struct ReplicaStatus: Sendable, Hashable {
    package let height: Height
    package let tipTime: Timestamp
    package let epoch: Epoch
    package let view: View
    /// Its key is in the current set.
    package let isValidator: Bool
    /// View of the newest finalization of this epoch that is known here.
    package let finalView: View
    /// Final blocks are known to be missing here, or more peers say so than can be faulty.
    package let isSyncing: Bool
    /// It found a certified block invalid: its software or disk is at fault, or more than f validators are.
    package let isDiverged: Bool
    package let poolTransactions: Int
    /// Those that a leader could propose now.
    package let waitingTransactions: Int
    package let poolBytes: Int
    package let peers: Int
    package let unstoredBlocks: Int
    package let unfinalizedBlocks: Int
    /// The state that this node takes over from peers; nil when it does not.
    package let snapshot: SnapshotProgress?
    /// False while the journal counts as lost: a validator abstains until its peers have told how far it may have voted.
    package let isJournalTrusted: Bool
}
