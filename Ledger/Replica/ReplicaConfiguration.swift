package import Chain
package import Consensus
package import LedgerCrypto
internal import LedgerState
internal import Primitives

/// What a node chooses for itself; none of it is part of consensus.
package struct ReplicaConfiguration: Sendable {
    package let genesis: Genesis
    /// This node's own name among its peers.
    package let peer: PeerID
    /// Key of votes; nil for a node that follows without voting. A key outside the current set follows too, and votes
    /// from the epoch on whose set has it.
    package let key: Secp256k1.SecretKey?
    /// The operator knows that the journal is lost or older than the node's last votes (wiped disk, restored backup):
    /// the node abstains until it is safe. An empty journal without the marker of the genesis ceremony means the same.
    package var journalLost = false
    package var mempool = MempoolLimits()
    /// A checkpoint is written after this many final blocks when they changed little (`checkpointRecordsSmall`),
    package var checkpointBlocks = ReplicaConfiguration.checkpointBlocksUsual
    /// else after this many: busy blocks rewrite the upper nodes of the state over and over, and the more of them are
    /// folded into one checkpoint, the fewer bytes are written per transaction. A restart executes them again.
    package var busyCheckpointBlocks = 256
    /// or when this many nodes and leaves of the state are in memory only (130 MB at worst, and as much again while the
    /// checkpoint is written),
    package var checkpointRecords = 100_000
    /// or after this many bytes of journal.
    package var checkpointJournalBytes = 32 * 1024 * 1024
    /// A node so many blocks behind a peer takes over a state instead of executing all blocks.
    package var snapshotLagBlocks: UInt64 = 10_000
    /// A checkpoint is written at each final block whose height is a multiple of this, so that peers can send parts of
    /// the same state. A quarter of what nodes usually keep of old states: time for a transfer.
    package var snapshotBlocks = ReplicaConfiguration.snapshotBlocksUsual
    /// Leaves of the state in one answer to a peer, at most `StateChunk.leavesMax`.
    package var snapshotLeavesMax = StateChunk.leavesMax
    /// A proposal carries its transactions inline up to this many bytes: a few of them, so that an idle network saves a
    /// round trip. Under load gossip has brought them everywhere already.
    package var inlineProposalBytesMax = 8 * 1024
    /// Deliberate faults of the consensus, for tests only.
    package var mutations: ConsensusMutation = []

    /// Also how near to any height a state is kept that can be read and proved, while there is little load.
    package static let checkpointBlocksUsual = 16
    /// Nodes and leaves in memory only, up to which a checkpoint is cheap.
    package static let checkpointRecordsSmall = 4_096
    package static let snapshotBlocksUsual: UInt64 = 256

    package init(genesis: Genesis, peer: PeerID, key: Secp256k1.SecretKey?) {
        self.genesis = genesis
        self.peer = peer
        self.key = key
    }
}

/// Bounds of the pool of waiting transactions.
package struct MempoolLimits: Sendable, Hashable {
    package var transactionsMax = 65_536
    package var bytesMax = 64 * 1024 * 1024
    package var senderTransactionsMax = 4_096
    package var senderBytesMax = 8 * 1024 * 1024
    package init() {}
}

/// A record of the journal as it was read back, in ascending order of sequence.
package struct JournalRecord: Sendable, Hashable {
    package let sequence: UInt64
    package let bytes: [UInt8]

    package init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}
