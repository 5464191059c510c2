/// Bounds of the peer links. Every queue and every wait has one.
package struct TransportLimits: Sendable {
    /// Largest message on any channel.
    package static let messageBytesMax = 16 * 1024 * 1024
    /// Largest frame: messages travel in frames, so that a large one on channel 1 lets channel 0 pass.
    package static let frameBytesMax = 256 * 1024
    /// Channels for users: 0 replica, 1 data lake and attester.
    package static let channelCount = 2

    /// Waiting bytes per link on channel 0; above it the link is closed, because the peer does not keep up.
    package var consensusQueueBytesMax = 64 * 1024 * 1024
    /// Waiting bytes per link on channel 1; above it the message is dropped and `send` says so.
    package var dataQueueBytesMax = 32 * 1024 * 1024
    /// Received bytes per peer, over all its links, that nobody has dealt with yet; above it its sockets are not read.
    package var unhandledBytesMax = 32 * 1024 * 1024
    /// Messages per second that are taken from a link in the long run, several times what a loaded validator sends; what
    /// comes faster waits at the sender.
    package var messagesPerSecondMax = 5_000
    /// Messages above that rate that are taken at once.
    package var messagesBurstMax = 10_000
    /// Accepted connections that have not said who they are.
    package var strangersMax = 64
    package var connectMillisecondsMax: Int64 = 3_000
    /// From the connection to the peer's hello.
    package var handshakeMillisecondsMax: Int64 = 5_000
    package var pingMilliseconds: Int64 = 2_000
    /// Silence after which a link is closed.
    package var idleMillisecondsMax: Int64 = 8_000
    /// First wait before dialling again; doubles up to the maximum, each time with up to half of it more at random.
    package var redialMilliseconds: Int64 = 100
    package var redialMillisecondsMax: Int64 = 5_000
    /// A link that ends sooner counts as a failed dial.
    package var steadyMilliseconds: Int64 = 5_000
    /// How long the second of two links between a pair is still read before it is closed.
    package var retireMilliseconds: Int64 = 1_000

    /// How long a peer that broke the rules of a layer above gets no link.
    package var shunMilliseconds: Int64 = 10_000

    package init() {}
}
