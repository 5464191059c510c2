internal import Chain
internal import Consensus
internal import LedgerState
internal import LightClient
package import Primitives

/// Bounds of taking over a state from peers, and of sending one.
enum Snapshot {
    /// Store batches on their way to the disk; more are not asked for.
    static let batchesMax = 4
    /// Records that one step of erasing or clearing touches.
    static let stepRecordsMax = 4_096
    /// How long a peer that offered nothing is not asked for an offer again. Nothing else is fetched while an offer is
    /// awaited, so this also bounds how much an empty claim holds a node up.
    static let offerPauseMilliseconds: UInt64 = 60_000
    /// How long a peer is not asked for an offer again after a transfer of what it offered came to nothing; doubled each time.
    static let failedOfferMilliseconds: UInt64 = 30_000
    static let failedOfferMillisecondsMax: UInt64 = 600_000
    /// Without a right part for so long a transfer is given up. The replay window has longer: all who are in step have its blocks.
    static let stallMilliseconds: UInt64 = 60_000
    static let windowStallMilliseconds: UInt64 = 300_000
    /// And only after it was asked for so often: a slow disk or a stopped process is nobody's fault.
    static let vainPartsMax = 8
    /// At a pace at which the leaves would take longer a transfer is given up while others offer a state, too. Peers hold a state for an
    /// hour at most.
    static let transferMillisecondsMax: UInt64 = 7_200_000
    /// How far below its claim a peer's newest state may lie: states are stored every some hundred blocks.
    static let offerLagBlocksMax: UInt64 = 2_048
    /// From the first link on: others may follow, so what one peer says is gone is not yet gone.
    static let aloneMilliseconds: UInt64 = 10_000
    /// Timeouts in a row after which a peer counts as not having the snapshot.
    static let failuresMax = 3
    /// Peers remembered for having sent something false.
    static let liarsMax = 256
    /// Versions looked at for one offer.
    static let offersMax = 8
}

/// The taking over of snapshots by one node.
///
/// Invariants: from `.receiving` to `.clearing` no block is executed and no checkpoint written here, and while `.erasing` no
/// checkpoint reaches the version that goes, so no version of the own state meets the one that is written or removed.
struct SnapshotSync: Sendable {
    enum Stage: Sendable {
        case idle
        /// What a transfer that was given up wrote of this version is being removed.
        case erasing(Height, isLast: Bool)
        case receiving(SnapshotTransfer)
        /// The batch that makes it this node's state is on its way to the disk.
        case adopting(SnapshotTransfer)
        /// It is; the older state is being removed.
        case clearing(SnapshotClearing)
    }

    var stage = Stage.idle
    /// Highest height that any peer ever claimed: nothing is looked at while it is near.
    var claimMax = Height(0)
    /// Peers that no longer have the blocks above the tip.
    var lackingBlocks: [PeerID] = []
    /// Peers that sent something false, oldest forgotten first.
    var liars: [PeerID] = []
    /// Until when a peer is not asked for an offer. Looked up by key, never iterated.
    var pauses: [PeerID: UInt64] = [:]
    /// Transfers in a row that came to nothing, by who offered. Looked up by key, never iterated.
    private var failedOffers: [PeerID: Int] = [:]
    /// Sequence numbers of store batches that are not known to be durable.
    var batchesInFlight: [UInt64] = []
    /// What this node sends of its own state.
    var served = ServedParts()
    /// Blocks that the consensus wanted judged meanwhile, newest last.
    var deferred: [JudgeRequest] = []
    static let deferredMax = 32

    var isBusy: Bool {
        if case .idle = stage { false } else { true }
    }

    /// Nothing is executed until the snapshot is in place.
    var suspendsExecution: Bool {
        switch stage {
        case .idle, .erasing: false
        case .receiving, .adopting, .clearing: true
        }
    }

    /// The new state stands, the older one is not all gone.
    var isClearing: Bool {
        if case .clearing = stage { true } else { false }
    }

    /// Whether a checkpoint at this height does not meet a version that is being removed.
    func allowsCheckpoint(at height: Height) -> Bool {
        if case .erasing(let version, _) = stage { height < version } else { !suspendsExecution }
    }

    mutating func lackBlocks(_ peer: PeerID) {
        if !lackingBlocks.contains(peer), lackingBlocks.count < PeerTable.countMax { lackingBlocks.append(peer) }
    }

    mutating func remember(liar peer: PeerID) {
        guard !liars.contains(peer) else { return }
        if liars.count >= Snapshot.liarsMax { liars.removeFirst() }
        liars.append(peer)
    }

    mutating func pause(_ peer: PeerID, until time: UInt64) {
        if pauses.count >= PeerTable.countMax { pauses = [:] }
        pauses[peer] = time
    }

    /// How often in a row what the peer offered came to nothing.
    func failures(of peer: PeerID) -> Int { failedOffers[peer] ?? 0 }

    /// A transfer ended without the state: the one that offered it is left alone for a while, so that blocks can be fetched.
    mutating func noteFailed(offerOf peer: PeerID, at time: UInt64) {
        if failedOffers.count >= PeerTable.countMax { failedOffers = [:] }
        let before = failedOffers[peer] ?? 0
        failedOffers[peer] = before + 1
        let wait = Snapshot.failedOfferMilliseconds << UInt64(min(before, 10))
        pause(peer, until: max(pauses[peer] ?? 0, time + min(wait, Snapshot.failedOfferMillisecondsMax)))
    }

    mutating func noteTaken(offerOf peer: PeerID) {
        failedOffers[peer] = nil
        pauses[peer] = nil
    }

    mutating func stored(upTo sequence: UInt64) { batchesInFlight.removeAll { $0 <= sequence } }
}

/// The work after a state was taken over: the older one goes.
struct SnapshotClearing: Sendable {
    let version: Height
    var isLast = false
    /// Of the transfer, when it was in this run of the process.
    var source: PeerID?
    /// Root of the epoch; nil when the consensus machine rests on the snapshot already.
    var root: BlockHeader?
}

/// How the taking over of a state goes, for people.
package struct SnapshotProgress: Sendable, Hashable {
    package enum Stage: String, Sendable, Hashable {
        case erasing, leaves, replayWindow, clearing
    }

    package let stage: Stage
    /// Block whose state it is.
    package let height: Height
    package let leaves: UInt64
    /// Bytes of keys and values.
    package let bytes: UInt64
    /// Of the leaves, 0 to 100.
    package let percent: Int
    /// Who sends.
    package let source: PeerID?
}

extension SnapshotSync {
    var progress: SnapshotProgress? {
        switch stage {
        case .idle: return nil
        case .erasing(let height, _):
            return SnapshotProgress(stage: .erasing, height: height, leaves: 0, bytes: 0, percent: 0, source: nil)
        case .receiving(let transfer), .adopting(let transfer):
            return SnapshotProgress(
                stage: transfer.hasAllLeaves ? .replayWindow : .leaves, height: transfer.header.height,
                leaves: transfer.leafCount, bytes: transfer.byteCount, percent: transfer.percent,
                source: transfer.source)
        case .clearing(let clearing):
            return SnapshotProgress(
                stage: .clearing, height: clearing.version, leaves: 0, bytes: 0, percent: 100, source: clearing.source)
        }
    }
}
