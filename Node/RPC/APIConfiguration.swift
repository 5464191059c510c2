/// Limits and settings of a node's HTTP API. The defaults suit a public node of ordinary size.
package struct APIConfiguration: Sendable {
    package struct RateLimit: Sendable {
        /// Tokens that come back each second, per client address.
        package var tokensPerSecond: UInt32 = 250
        /// Tokens that a client can save up.
        package var tokensMax: UInt32 = 500
        /// What the programs on the node's own machine have together, in shares of a client.
        package var thisMachineTimes: UInt32 = 4
        /// Price of a connection beside its requests, at most a sixteenth of `tokensMax`. Measured: opening and closing one takes
        /// the node as much of a processor as one to two requests that are answered from memory. With TLS `connectionTokensTLS`,
        /// since the handshake's signature comes to it.
        package var connectionTokens = 2.0
        package var connectionTokensTLS = 8.0
        /// How often a second a client without tokens is told so, as a part of `tokensPerSecond`; it saves up for two seconds. Who asks on
        /// has its connections closed, and new ones refused before TLS and HTTP.
        package var refusalsPart = 0.05
        /// Whether the kernel drops the packets of this machine's addresses, too, when one floods. For tests: the operator's own commands
        /// are there.
        package var shutsThisMachine = false
        /// Addresses remembered at once; newcomers beyond share one bucket.
        package var clientsMax: Int = 65_536

        package init() {}
    }

    /// TLS of the API itself; without it a proxy in front may speak TLS.
    package struct TLS: Sendable {
        /// PEM file with the certificate chain, own certificate first.
        package var certificateChainFile: String
        /// PEM file with the private key.
        package var privateKeyFile: String

        package init(certificateChainFile: String, privateKeyFile: String) {
            self.certificateChainFile = certificateChainFile
            self.privateKeyFile = privateKeyFile
        }
    }

    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 8080
    package var tls: TLS?
    /// Nil: no limit of requests per client.
    package var rateLimit: RateLimit? = RateLimit()
    /// The DID of the node's operator, which `/.well-known/did.json` shows.
    package var operatorDID: String?
    /// Take the client's address from the last X-Forwarded-For entry. Only behind a proxy that sets it.
    package var trustsForwardedFor = false

    package var connectionsMax = 1_024
    package var connectionsPerClientMax = 128
    /// Of all programs on the node's own machine together, as are the other two: its operator's commands and load generators,
    /// and proxies that do not say for whom they ask. The last quarter of each is left to everybody else.
    package var connectionsOfThisMachineMax = 768
    package var requestsInFlightMax = 512
    package var requestsPerClientMax = 64
    package var requestsOfThisMachineMax = 384
    /// Sum of the answers that are made and that clients have not taken yet. A single answer may go beyond it.
    package var answerBytesInFlightMax = 128 * 1024 * 1024
    package var answerBytesPerClientMax = 16 * 1024 * 1024
    package var answerBytesOfThisMachineMax = 64 * 1024 * 1024
    /// Sum of the bodies being read or worked on.
    package var bodyBytesInFlightMax = 256 * 1024 * 1024
    /// Of one client.
    package var bodyBytesPerClientMax = 64 * 1024 * 1024
    package var uriBytesMax = 8 * 1024
    package var headerBytesMax = 32 * 1024
    package var headerFieldsMax = 100
    /// Body of one request with a batch of transactions.
    package var batchBytesMax = 8 * 1024 * 1024
    package var batchTransactionsMax = 4_096

    /// A connection without a request, or with one that does not arrive, is closed.
    package var idleSecondsMax: UInt32 = 60
    /// From the head of a request to the end of its body.
    package var bodyMillisecondsMax: UInt32 = 20_000
    /// Work on one request, beside what the caller asked to wait.
    package var requestMillisecondsMax: UInt32 = 10_000
    /// Longest that the node waits for finality when a caller asks for it.
    package var waitSecondsMax: UInt32 = 30
    /// A client that takes nothing from its connection for so long, while an answer waits, is cut off.
    package var writeStallSecondsMax: UInt32 = 30
    /// Longest that an answer which is being written holds up the end of the node.
    package var writeAtEndSecondsMax: UInt32 = 15

    /// Open event streams of all clients together; beyond them 503. Each has at most 64 KiB and a block in hand.
    package var eventStreamsMax = 256
    /// Of one address; beyond them 429.
    package var eventStreamsPerClientMax = 16
    package var eventHeartbeatSeconds: UInt32 = 15
    /// A stream that has fallen this far behind ends with an event that says so.
    package var eventLagBlocksMax: UInt64 = 512

    package init() {}
}

extension APIConfiguration {
    /// Connections that were refused unserved and are kept for a moment.
    var heldConnectionsMax: Int { connectionsMax / 4 }

    /// Serves at most so many connections, of which no client has more than its part.
    package mutating func bound(connections: Int) {
        connectionsMax = min(connectionsMax, connections)
        connectionsPerClientMax = min(connectionsPerClientMax, max(1, connectionsMax / 4))
        connectionsOfThisMachineMax = min(connectionsOfThisMachineMax, max(1, connectionsMax / 4 * 3))
    }

    /// A setting outside its range.
    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    /// Throws for the first setting that the server could not keep to.
    package func check() throws(Mistake) {
        let ranges: [(name: String, value: UInt64, range: ClosedRange<UInt64>)] = [
            ("port", UInt64(clamping: port), 0...65_535),
            ("connectionsMax", UInt64(clamping: connectionsMax), 1...1_000_000),
            ("connectionsPerClientMax", UInt64(clamping: connectionsPerClientMax), 1...1_000_000),
            ("connectionsOfThisMachineMax", UInt64(clamping: connectionsOfThisMachineMax), 1...1_000_000),
            ("requestsInFlightMax", UInt64(clamping: requestsInFlightMax), 1...1_000_000),
            ("requestsPerClientMax", UInt64(clamping: requestsPerClientMax), 1...1_000_000),
            ("requestsOfThisMachineMax", UInt64(clamping: requestsOfThisMachineMax), 1...1_000_000),
            ("answerBytesInFlightMax", UInt64(clamping: answerBytesInFlightMax), 131_072...1 << 40),
            ("answerBytesPerClientMax", UInt64(clamping: answerBytesPerClientMax), 131_072...1 << 40),
            ("answerBytesOfThisMachineMax", UInt64(clamping: answerBytesOfThisMachineMax), 131_072...1 << 40),
            ("uriBytesMax", UInt64(clamping: uriBytesMax), 1_024...65_536),
            ("headerBytesMax", UInt64(clamping: headerBytesMax), 2_048...1_048_576),
            ("headerFieldsMax", UInt64(clamping: headerFieldsMax), 16...1_000),
            ("batchBytesMax", UInt64(clamping: batchBytesMax), 1_000...64 * 1_048_576),
            ("batchTransactionsMax", UInt64(clamping: batchTransactionsMax), 1...65_536),
            ("bodyBytesInFlightMax", UInt64(clamping: bodyBytesInFlightMax), UInt64(clamping: batchBytesMax)...1 << 40),
            (
                "bodyBytesPerClientMax", UInt64(clamping: bodyBytesPerClientMax),
                UInt64(clamping: batchBytesMax)...1 << 40
            ),
            ("idleSecondsMax", UInt64(idleSecondsMax), 1...86_400),
            ("bodyMillisecondsMax", UInt64(bodyMillisecondsMax), 10...3_600_000),
            ("requestMillisecondsMax", UInt64(requestMillisecondsMax), 10...3_600_000),
            ("waitSecondsMax", UInt64(waitSecondsMax), 0...3_600),
            ("writeStallSecondsMax", UInt64(writeStallSecondsMax), 1...3_600),
            ("writeAtEndSecondsMax", UInt64(writeAtEndSecondsMax), 1...3_600),
            ("eventStreamsMax", UInt64(clamping: eventStreamsMax), 0...1_000_000),
            ("eventStreamsPerClientMax", UInt64(clamping: eventStreamsPerClientMax), 0...1_000_000),
            ("eventHeartbeatSeconds", UInt64(eventHeartbeatSeconds), 1...3_600),
            ("eventLagBlocksMax", eventLagBlocksMax, 1...UInt64.max),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw Mistake(
                description: "the API's \(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        if let rateLimit, rateLimit.tokensPerSecond == 0 || rateLimit.tokensMax == 0 || rateLimit.clientsMax < 1 {
            throw Mistake(description: "the API's rate limit has a zero: leave it out for no limit")
        }
    }
}
