/// How a client behaves towards nodes.
package struct NodeClientConfiguration: Sendable {
    package var connectMilliseconds: Int64 = 3_000
    /// From sending a request to the head of its answer, beside what the call asks the node to wait.
    package var requestMilliseconds: Int64 = 12_000
    /// What the whole of an answer may take beside that, however steadily it comes. Event streams and downloads have no such
    /// end.
    package var answerMilliseconds: Int64 = 60_000
    /// Longest silence inside an answer. Above the heartbeat of event streams.
    package var readMilliseconds: Int64 = 60_000
    /// Rounds over all nodes before a call gives up.
    package var roundsMax = 2
    /// Pause between two rounds, and before an event stream reconnects.
    package var pauseMilliseconds: Int64 = 300
    /// Longest pause between two rounds that a node can ask for (Retry-After).
    package var pauseMillisecondsMax: Int64 = 2_000
    /// Longest that one request asks a node to wait; more is asked for in several requests.
    package var waitSecondsMax: UInt32 = 20
    package var connectionsPerNodeMax = 16
    package var answerBytesMax = 64 * 1024 * 1024
    /// The address of this machine that connections come from; nil: the system's choice.
    package var localAddress: String?
    /// PEM file with further certificate authorities for https nodes.
    package var authoritiesFile: String?

    package init() {}
}
