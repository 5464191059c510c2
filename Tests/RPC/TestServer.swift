import Chain
import Foundation
import LedgerCrypto
import LightClient
import Logging
import NIOCore
import NIOPosix
import NodeClient
import Primitives
import RPC
import ServiceLifecycle
import Synchronization

/// A server of the API over a `SmallNode`, on a port of its own.
struct TestServer: Sendable {
    let node: SmallNode
    let port: Int
    let groups: [OpenAPI.Group]

    var base: String { "http://127.0.0.1:\(port)" }

    /// Runs `body` against a server, then shuts it down gracefully. Blocks are made all the time unless `isDriven` is
    /// false.
    static func with<Result: Sendable>(
        _ configuration: APIConfiguration = .testing, modules: [any RouteModule] = [], isDriven: Bool = true,
        over given: SmallNode? = nil, port: Int = 0, idleMilliseconds: UInt64 = 100,
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let node = try given ?? SmallNode()
        let isDriven = isDriven && given == nil
        var settings = configuration
        settings.port = port
        let (ports, portSource) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "api")
        logger.logLevel = .critical
        let server = try APIServer(
            service: node, modules: modules, configuration: settings, version: "0.1.0", logger: logger,
            onListening: { portSource.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        let driver = isDriven ? Task { await node.drive(idleMilliseconds: idleMilliseconds) } : nil
        defer { driver?.cancel() }
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var found: Int?
            for await port in ports {
                found = port
                break
            }
            guard let found else { throw TestFailure("the server did not start") }
            defer { tasks.cancelAll() }
            let result = try await body(TestServer(node: node, port: found, groups: server.groups))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    /// A port that was free a moment ago.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    func client(anchored: Bool = true) throws -> NodeClient {
        try NodeClient(nodes: [base], anchor: anchored ? TrustAnchor(node.genesis) : nil)
    }

    /// A transaction with calls of method 1 (or another) on the instance `echo`.
    func transaction(_ arguments: String, method: UInt16 = 1, calls: Int = 1, salt: UInt64 = 1) throws -> Transaction {
        guard let instance = Address(text: "echo") else { throw TestFailure("address") }
        let call = Call(instance: instance, method: method, arguments: Array(arguments.utf8))
        let expiry = Timestamp(UInt64(Date().timeIntervalSince1970 * 1_000) + 60_000)
        return try Transaction(
            signing: TransactionBody(
                network: node.genesis.network, sender: TestServer.secret.publicKey, expiry: expiry, salt: salt,
                calls: Array(repeating: call, count: calls)), with: TestServer.secret)
    }

    static let secret: Secp256k1.SecretKey = {
        guard let secret = Secp256k1.SecretKey(SHA256.hash(Array("sender".utf8)).bytes) else { fatalError("key") }
        return secret
    }()
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension APIConfiguration {
    /// Without a limit of requests per client, and with short waits.
    static var testing: APIConfiguration {
        var configuration = APIConfiguration()
        configuration.rateLimit = nil
        configuration.waitSecondsMax = 2
        configuration.eventHeartbeatSeconds = 1
        return configuration
    }
}
