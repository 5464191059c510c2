internal import Chain
internal import ContractHost
internal import Foundation
internal import LightClient
internal import Logging
internal import NodeClient
internal import Primitives
internal import RPC
internal import Synchronization

/// The node's HTTP server with given routes, in this process, without a chain behind it.
enum BenchServer {
    /// Runs `body` with the server's address.
    static func with<Result: Sendable>(
        _ modules: [any RouteModule], _ body: @escaping @Sendable (String) async throws -> Result
    ) async throws -> Result {
        var configuration = APIConfiguration()
        configuration.port = 0
        configuration.rateLimit = nil
        let (ports, found) = AsyncStream<Int>.makeStream()
        let server = try APIServer(
            service: NoChain(), modules: modules, configuration: configuration, version: "bench",
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        ) { found.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            for await port in ports { return try await body("http://127.0.0.1:\(port)") }
            throw BenchError("the server did not start")
        }
    }
}

/// A file as any web server gives it.
struct PlainFileRoutes: RouteModule {
    static let path = "/file"
    let file: String

    let tag = "File"
    let tagDescription = "A plain file."

    var endpoints: [Endpoint] {
        let file = file
        return [
            Endpoint(
                .get, PlainFileRoutes.path, operation: "getFile", summary: "The file",
                answers: [Endpoint.Answer(200, "Its bytes.", [.bytes("The file.")])]
            ) { _ in
                APIAnswer(
                    mediaType: "application/octet-stream",
                    body: .stream { write in
                        guard let handle = FileHandle(forReadingAtPath: file) else { throw BenchError("no file") }
                        defer { try? handle.close() }
                        while let data = try handle.read(upToCount: 65_536), !data.isEmpty {
                            try await write([UInt8](data))
                        }
                    })
            }
        ]
    }
}

/// Answers nothing: the routes that are measured do not ask it.
private struct NoChain: NodeService {
    let genesis: Genesis

    init() throws {
        genesis = try ContractTestBench.genesis(validators: ["bench"], application: [])
    }

    private var nothing: ServiceFailure { .unavailable("there is no chain", retryAfterSeconds: 1) }

    func submit(_ transactions: [Transaction]) async throws(ServiceFailure) -> [Submission] { throw nothing }
    func transactionStatus(_ digest: Digest) async throws(ServiceFailure) -> TransactionStatus { throw nothing }
    func transactionStatus(
        _ digest: Digest, waitingMilliseconds: UInt32
    ) async throws(ServiceFailure) -> TransactionStatus { throw nothing }
    func finalHeight(reaching height: Height, waitingMilliseconds: UInt32) async throws(ServiceFailure) -> Height {
        throw nothing
    }
    func block(_ reference: BlockReference) async throws(ServiceFailure) -> ExecutedBlock? { throw nothing }
    func header(_ reference: BlockReference) async throws(ServiceFailure) -> BlockHeader? { throw nothing }
    func finality(_ height: Height) async throws(ServiceFailure) -> Finality? { throw nothing }
    func value(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> StateValue { throw nothing }
    func proof(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> ProofBundle { throw nothing }
    func values(_ keys: [[UInt8]]) async throws(ServiceFailure) -> StateValues { throw nothing }
    func proof(_ keys: [[UInt8]], at height: Height?) async throws(ServiceFailure) -> ProofBundle { throw nothing }
    func contractInterfaces() async throws(ServiceFailure) -> String { throw nothing }
    func contractInterface(_ instance: Address) async throws(ServiceFailure) -> String? { throw nothing }
    func query(
        _ instance: Address, _ number: UInt16, arguments: [UInt8]
    ) async throws(ServiceFailure) -> QueryAnswer? { throw nothing }
    func validators(_ epoch: Epoch?) async throws(ServiceFailure) -> EpochInfo? { throw nothing }
    func status() async -> NodeStatus {
        NodeStatus(
            ready: false, summary: "There is no chain.", network: .zero, networkName: "bench", version: "bench",
            partner: "bench", validatorIndex: nil, finalHeight: Height(0), finalBlock: .zero, finalTime: Timestamp(0),
            stateRoot: .zero, epoch: Epoch(0), view: View(0), networkHeight: Height(0), poolTransactions: 0,
            uptimeSeconds: 0, peers: [], warnings: [])
    }
    func metrics() async -> [MetricFamily] { [] }
}
