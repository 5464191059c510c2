package import Primitives

/// Totals since the start of the process.
package struct TransportCounters: Hashable, Sendable {
    package var linksOpened: UInt64 = 0
    package var linksClosed: UInt64 = 0
    package var dialsFailed: UInt64 = 0
    /// Connections that ended before a valid hello: strangers, wrong keys, garbage, timeouts.
    package var handshakesFailed: UInt64 = 0
    package var keysRefused: UInt64 = 0
    package var networksRefused: UInt64 = 0
    /// Links closed because the peer broke the frame format.
    package var malformed: UInt64 = 0
    package var oversizedRefused: UInt64 = 0
    /// Links closed because the peer did not keep up on channel 0.
    package var slowClosed: UInt64 = 0
    /// Messages of channel 1 dropped for a full queue.
    package var dataDropped: UInt64 = 0
    package var idleClosed: UInt64 = 0
    package var messagesSent: UInt64 = 0
    package var messagesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    /// Times that a link was not read because received messages waited.
    package var readsPaused: UInt64 = 0

    package init() {}
}

package struct LinkSnapshot: Hashable, Sendable {
    package let peer: Digest
    package let address: String
    package let isDialled: Bool
    package let queuedBytes: Int
    package let unhandledBytes: Int
    /// Round trip of the last ping, nil before the first.
    package let roundTripMicroseconds: Int64?
}

package struct TransportSnapshot: Hashable, Sendable {
    package let counters: TransportCounters
    /// Ascending by peer.
    package let links: [LinkSnapshot]
    /// Dialled peers that refused this node's key at their last answer. Ascending.
    package let refusedBy: [Digest]
}
