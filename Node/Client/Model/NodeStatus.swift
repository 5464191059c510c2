package import Primitives

/// A node's condition, in the words an operator uses.
package struct NodeStatus: Hashable, Sendable {
    /// Whether the node can be relied on now: it follows the chain and answers from a recent final block.
    package var ready: Bool
    /// One sentence for a person: what the node is doing, or why it is not ready and what helps.
    package var summary: String
    package var network: Digest
    package var networkName: String
    /// Version of the software, e.g. "0.1.0".
    package var version: String
    /// Digest of the sources by which it executes blocks; nil when it does not say.
    package var rules: Digest?
    /// Partner that runs the node; whether it validates, `validatorIndex` says.
    package var partner: String?
    /// Index in the current validator set; nil when it does not vote in this epoch.
    package var validatorIndex: UInt16?
    /// Newest final block.
    package var finalHeight: Height
    package var finalBlock: Digest
    package var finalTime: Timestamp
    package var stateRoot: Digest
    /// Where consensus is now.
    package var epoch: Epoch
    package var view: View
    /// Highest final height that any peer has reported; above `finalHeight` while this node catches up.
    package var networkHeight: Height
    package var poolTransactions: UInt64
    package var uptimeSeconds: UInt64
    package var peers: [PeerStatus]
    /// Things an operator should look at, each one sentence; empty when all is well.
    package var warnings: [String]

    package init(
        ready: Bool, summary: String, network: Digest, networkName: String, version: String, rules: Digest? = nil,
        partner: String?,
        validatorIndex: UInt16?, finalHeight: Height, finalBlock: Digest, finalTime: Timestamp, stateRoot: Digest,
        epoch: Epoch, view: View, networkHeight: Height, poolTransactions: UInt64, uptimeSeconds: UInt64,
        peers: [PeerStatus], warnings: [String]
    ) {
        self.ready = ready
        self.summary = summary
        self.network = network
        self.networkName = networkName
        self.version = version
        self.rules = rules
        self.partner = partner
        self.validatorIndex = validatorIndex
        self.finalHeight = finalHeight
        self.finalBlock = finalBlock
        self.finalTime = finalTime
        self.stateRoot = stateRoot
        self.epoch = epoch
        self.view = view
        self.networkHeight = networkHeight
        self.poolTransactions = poolTransactions
        self.uptimeSeconds = uptimeSeconds
        self.peers = peers
        self.warnings = warnings
    }
}

/// One peer as this node sees it.
package struct PeerStatus: Hashable, Sendable {
    /// Partner of the validator, or the start of the transport key for another node.
    package var name: String
    package var connected: Bool
    /// Final height that it last reported; nil before its first report.
    package var finalHeight: Height?
    /// Digest of the sources by which it says that it executes blocks; nil when it does not say.
    package var rules: Digest?

    package init(name: String, connected: Bool, finalHeight: Height?, rules: Digest? = nil) {
        self.name = name
        self.connected = connected
        self.finalHeight = finalHeight
        self.rules = rules
    }
}
