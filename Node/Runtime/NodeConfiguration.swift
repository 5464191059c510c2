package import Chain
package import LedgerCrypto
package import Primitives
package import Replica
package import Transport

/// What a node is made of. Checked values: whoever reads files and flags has refused nonsense before.
package struct NodeConfiguration: Sendable {
    package let genesis: Genesis
    package let identity: TransportIdentity
    /// Key of votes; nil for a full node, which follows without voting.
    package let consensusKey: Secp256k1.SecretKey?
    /// Folder of this node's chain data; made when missing.
    package let folder: String
    package var listenHost = "0.0.0.0"
    /// 0 takes any free port.
    package var listenPort = 0
    /// Where partners' validators listen, by partner identifier.
    package var addresses: [(partner: String, host: String, port: Int)] = []
    /// Transport keys of full nodes that may connect, with a name for logs.
    package var fullNodes: [Digest: String] = [:]
    package var limits = RuntimeLimits()
    package var mempool = MempoolLimits()

    package init(
        genesis: Genesis, identity: TransportIdentity, consensusKey: Secp256k1.SecretKey?, folder: String
    ) {
        self.genesis = genesis
        self.identity = identity
        self.consensusKey = consensusKey
        self.folder = folder
    }
}

/// Bounds of the runtime's own queues.
package struct RuntimeLimits: Sendable {
    /// Transactions of clients in signature check or on their way into the pool; more are refused at once.
    package var submissionsMax = 32_768
    /// Callers that wait for a transaction or a height.
    package var waitersMax = 65_536
    /// Transactions of this node's clients whose fate is remembered until they are final or dropped.
    package var pendingMax = 131_072
    /// Requests of one peer on channel 1 that are worked on at once; more are refused at once.
    package var dataRequestsPerPeerMax = 16
    /// Threads that check signatures; 0 means one per core.
    package var verifierThreads = 0

    package init() {}
}

/// Why a node stopped or could not start, in plain words.
package struct RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
