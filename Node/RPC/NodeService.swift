package import Chain
package import LightClient
package import NodeClient
package import Primitives

/// What the HTTP API needs from a node. The daemon implements it over its runtime; the API holds no state of the chain
/// itself. Every call may run concurrently with any other and must return in bounded time; the API cancels the task of
/// a call that outlives the request's time limit.
///
/// "Final" means finalized and executed here, so that its receipts and state can be read.
package protocol NodeService: Sendable {
    /// The genesis of the network. Never changes while the node runs.
    var genesis: Genesis { get }

    /// Checks signatures, offers each transaction to the pool and returns one answer per transaction, in order.
    func submit(_ transactions: [Transaction]) async throws(ServiceFailure) -> [Submission]

    func transactionStatus(_ digest: Digest) async throws(ServiceFailure) -> TransactionStatus

    /// Returns as soon as the status is final, else the status when `milliseconds` are over.
    func transactionStatus(
        _ digest: Digest, waitingMilliseconds: UInt32
    ) async throws(ServiceFailure) -> TransactionStatus

    /// The newest final height; returns as soon as it is at least `height`, or when `milliseconds` are over.
    func finalHeight(reaching height: Height, waitingMilliseconds: UInt32) async throws(ServiceFailure) -> Height

    /// A final block with its receipts; nil when there is none (yet) by that name.
    func block(_ reference: BlockReference) async throws(ServiceFailure) -> ExecutedBlock?

    /// Header of a final block; nil when there is none (yet) by that name.
    func header(_ reference: BlockReference) async throws(ServiceFailure) -> BlockHeader?

    /// The certificate that makes a final block final; nil for height 0, which the genesis itself certifies.
    func finality(_ height: Height) async throws(ServiceFailure) -> Finality?

    /// Value under `key` (1 to 256 bytes) in the newest final state, or in the newest one at most at `height` that this
    /// node keeps; the answer names the height. A height above the newest one means the newest.
    func value(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> StateValue

    /// The newest final state, for several reads of one request.
    func finalState() async throws(ServiceFailure) -> any FinalState

    /// One bundle for the values under keys, or their absence, all of one final state: the newest, at most at `height`, for
    /// which this node has both the state and a finalization. It leads there from `epoch`, which its reader trusts.
    func proof(_ keys: [[UInt8]], at height: Height?, from epoch: Epoch) async throws(ServiceFailure) -> ProofBundle

    /// A bundle about no key, whose header is the last one of the newest epoch that a bundle from `epoch` on can lead to, and
    /// that has ended; nil when `epoch` has not ended.
    func epochs(from epoch: Epoch) async throws(ServiceFailure) -> ProofBundle?

    /// Interfaces of all contracts in the binary, as one JSON document.
    func contractInterfaces() async throws(ServiceFailure) -> String

    /// Interface (JSON) of the contract version that runs the instance; nil when there is no such instance.
    func contractInterface(_ instance: Address) async throws(ServiceFailure) -> String?

    /// Runs a read-only query over the newest final state, with the host's limits on work; nil when there is no such
    /// instance.
    func query(_ instance: Address, _ number: UInt16, arguments: [UInt8]) async throws(ServiceFailure) -> QueryAnswer?

    /// Validators of an epoch, or of the current one for nil; nil when that epoch has not begun.
    func validators(_ epoch: Epoch?) async throws(ServiceFailure) -> EpochInfo?

    func status() async -> NodeStatus

    /// Counters, gauges and histograms of the node itself. The API adds those of HTTP and of the process.
    func metrics() async -> [MetricFamily]
}

/// A read or write that this node cannot do now.
package enum ServiceFailure: Error, Hashable, Sendable {
    /// It will pass: the node is starting, catching up or stopping. Becomes 503 with Retry-After.
    case unavailable(String, retryAfterSeconds: UInt32)
    /// Older than what this node keeps; another node may have it. Becomes 410.
    case pruned(String)
    /// A bundle cannot lead from the epoch that was named to the state in one go. Becomes 409.
    case tooManyEpochs(from: Epoch, to: Epoch)
    /// A local read failed. Becomes 500; the text goes to the log, not to the caller.
    case storage(StorageFailure)
}

extension NodeService {
    /// The same for one key, from the genesis on.
    package func proof(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> ProofBundle {
        try await proof([key], at: height, from: Epoch(0))
    }
}
