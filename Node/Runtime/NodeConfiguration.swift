package import Chain
package import LedgerCrypto
package import Primitives
package import Replica
package import Storage
package import Transport

/// Another node, as the operator or the genesis ceremony names it.
package struct PeerConfiguration: Hashable, Sendable {
    /// For logs and status: the partner that runs it.
    package let name: String
    /// SHA-256 of the DER SubjectPublicKeyInfo of its TLS certificate.
    package let peer: Digest
    /// Where to dial it; nil for one that dials.
    package let host: String?
    package let port: Int

    package init(name: String, peer: Digest, host: String?, port: Int) {
        self.name = name
        self.peer = peer
        self.host = host
        self.port = port
    }
}

/// What a node is made of, read and checked by the daemon.
package struct NodeConfiguration: Sendable {
    package var genesis: Genesis
    /// Key of votes; nil for a node that follows without voting.
    package var key: Secp256k1.SecretKey?
    package var transport: TransportIdentity
    /// Holds `store` and `journal`. Belongs to one process.
    package var dataFolder: String
    /// A second folder, best on another disk, that betrays a data folder put back to an earlier day.
    package var witnessFolder: String?
    package var listenHost = "0.0.0.0"
    /// 0 takes any free port; nil accepts no peers.
    package var listenPort: Int? = 0
    /// Validators (for their addresses) and full nodes (which are allowed by being listed here).
    package var peers: [PeerConfiguration] = []
    /// The operator says that the journal is lost, though it looks sound.
    package var journalLost = false
    package var mempool = MempoolLimits()
    package var checkpointBlocks = ReplicaConfiguration.checkpointBlocksUsual
    /// A node so many blocks behind its peers takes over a state instead of executing all blocks.
    package var snapshotLagBlocks: UInt64 = 10_000
    /// Nodes write a checkpoint, which others can take over, at each final block whose height is a multiple of this.
    package var snapshotBlocks = ReplicaConfiguration.snapshotBlocksUsual
    /// Blocks below the newest checkpoint whose states stay readable; nil keeps all.
    package var stateRetention: UInt64?
    package var transportLimits = TransportLimits()
    package var store = KeyValueStoreOptions()
    package var journal = JournalOptions()
    package var limits = NodeLimits()
    /// Digest of the sources that decide what a block results in, told to peers; nil says nothing.
    package var rules: Digest?
    /// Told of a double vote, on the replica's thread: take note and return at once.
    package var evidenceFound: (@Sendable (Evidence) -> Void)?

    package init(genesis: Genesis, key: Secp256k1.SecretKey?, transport: TransportIdentity, dataFolder: String) {
        self.genesis = genesis
        self.key = key
        self.transport = transport
        self.dataFolder = dataFolder
    }

    /// To whom the journal belongs: the voting key, else the transport key.
    package var journalOwner: JournalOwner {
        JournalOwner(
            network: genesis.network, node: key.map { SHA256.hash($0.publicKey.bcs) } ?? transport.peer)
    }
}

/// Bounds of the runtime itself.
package struct NodeLimits: Sendable {
    /// Threads that check signatures; 0 means one per core.
    package var verifierThreads = 0
    /// Transactions in one `submit`.
    package static let submitTransactionsMax = 4_096
    /// Transactions of `submit` calls that the replica has not answered.
    package var pendingTransactionsMax = 32_768
    /// Calls that wait for a transaction or a height.
    package var waitersMax = 65_536
    /// Subscribers of the stream of final blocks.
    package var subscribersMax = 256
    /// Blocks that a subscriber may lie behind before its stream is ended.
    package var subscriberBlocksMax = 256
    /// Requests to peers without an answer yet.
    package var requestsMax = 1_024
    /// Requests of one peer that are being answered.
    package var servedPerPeerMax = 16
    package init() {}
}

/// Why a call to the node had no result.
package enum NodeFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A bound is reached; try again in a moment.
    case busy(String)
    /// The node stops or has halted; the text says why.
    case stopped(String)
    case storage(StorageFailure)
    /// No link to the peer, its queue is full, or it did not answer in time.
    case peer(String)

    package var description: String {
        switch self {
        case .busy(let what): "the node is busy: \(what). Try again in a moment."
        case .stopped(let why): "the node has stopped: \(why)"
        case .storage(let failure): failure.description
        case .peer(let what): what
        }
    }
}
