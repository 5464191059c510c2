package import Chain
package import Consensus

/// What replicas say to each other on channel 0. BCS, format version first; at most `byteCountMax` bytes encoded.
package enum PeerMessage: Sendable, Hashable {
    package static let formatVersion: UInt8 = 1
    package static let byteCountMax = 16 * 1024 * 1024
    /// Bytes of the transactions that a proposal may carry. What is in them is checked before its leader's signature.
    package static let inlineBytesMax = 128 * 1024

    /// Sent first on every new link, and again when the sender sees that the peer is in an older epoch.
    case hello(Hello)
    /// One message of the consensus. A proposal may carry its transactions, all of them in their order; nothing else does.
    case consensus(ConsensusMessage, transactions: [Transaction])
    /// Gossip of client transactions.
    case transactions([Transaction])
    case request(FetchRequest, id: UInt64)
    case response(FetchResponse, id: UInt64)
}
