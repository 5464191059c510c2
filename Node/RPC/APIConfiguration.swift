/// Limits and settings of a node's HTTP API. The defaults suit a public node of ordinary size.
package struct APIConfiguration: Sendable {
    package struct RateLimit: Sendable {
        /// Tokens that come back each second, per client address.
        package var tokensPerSecond: UInt32 = 200
        /// Tokens that a client can save up.
        package var tokensMax: UInt32 = 400
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
    /// Take the client's address from the last X-Forwarded-For entry. Only behind a proxy that sets it.
    package var trustsForwardedFor = false

    package var connectionsMax = 1_024
    package var connectionsPerClientMax = 128
    package var requestsInFlightMax = 512
    /// Sum of the bodies being read or worked on.
    package var bodyBytesInFlightMax = 256 * 1024 * 1024
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
    /// A client that takes nothing from its connection for so long is cut off.
    package var writeStallSecondsMax: UInt32 = 30

    package var eventStreamsMax = 256
    package var eventStreamsPerClientMax = 16
    package var eventHeartbeatSeconds: UInt32 = 15
    /// A stream that has fallen this far behind ends with an event that says so.
    package var eventLagBlocksMax: UInt64 = 512

    package init() {}
}
