internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
internal import NodeClient
internal import ServiceLifecycle
internal import Synchronization

/// A node's HTTP API as a service: `run` serves until graceful shutdown, which lets requests in progress end and tells
/// event streams that the node is stopping.
package struct APIServer: Service {
    private let configuration: APIConfiguration
    private let limits: APILimits
    private let responder: APIResponder
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// All routes, as the router and the OpenAPI document have them.
    package let groups: [OpenAPI.Group]
    /// The OpenAPI document.
    package let document: [UInt8]

    /// Throws `APIConfiguration.Mistake`, and `RouteTable.RouteCollision` when two
    /// modules claim one path. `onListening` gets the port.
    package init(
        service: any NodeService, modules: [any RouteModule] = [], configuration: APIConfiguration = .init(),
        version: String, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        try configuration.check()
        let limits = APILimits(configuration)
        let text = DocumentBox()
        let builtIn: [any RouteModule] = [
            TransactionRoutes(service: service, configuration: configuration, limits: limits),
            BlockRoutes(service: service, configuration: configuration),
            StateRoutes(service: service, configuration: configuration),
            ContractRoutes(service: service, configuration: configuration),
            IdentityRoutes(service: service, configuration: configuration),
            EventRoutes(
                service: service, configuration: configuration, limits: limits, feed: EventFeed(service)),
            NodeRoutes(service: service, limits: limits, document: { text.bytes }),
        ]
        groups = (builtIn + modules).map {
            OpenAPI.Group(tag: $0.tag, description: $0.tagDescription, endpoints: $0.endpoints)
        }
        document = OpenAPI.document(groups, version: version).pretty
        text.bytes = document
        responder = APIResponder(
            routes: try RouteTable(groups.flatMap(\.endpoints)), configuration: configuration, limits: limits)
        self.configuration = configuration
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let (onListening, limits) = (onListening, limits)
        let application = Application(
            responder: responder, server: try server(),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "commonwatt",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    // Some more than the guard allows, so that it can still say why it refuses one.
                    configuration.connectionsMax + configuration.connectionsMax / 8 + 16)),
            onServerRunning: { channel in
                try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(ConnectionAdmission(limits), position: .first)
                }.get()
                await onListening(channel.localAddress?.port ?? 0)
            }, logger: logger)
        try await application.run()
    }

    private func server() throws -> HTTPServerBuilder {
        let (configuration, limits) = (configuration, limits)
        let http = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionGuard(configuration: configuration, limits: limits)],
                idleTimeout: .seconds(Int64(configuration.idleSecondsMax)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: configuration.headerBytesMax, maxHeaderListSize: configuration.headerBytesMax,
                    maxHeaderFieldCount: configuration.headerFieldsMax)))
        guard let tls = configuration.tls else { return http }
        let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateChainFile)
        let key = try NIOSSLPrivateKey(file: tls.privateKeyFile, format: .pem)
        var made = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        made.minimumTLSVersion = .tlsv12
        made.applicationProtocols = ["http/1.1"]
        return try .tls(http, tlsConfiguration: made)
    }
}

/// Holds the document that one of its own routes serves.
private final class DocumentBox: Sendable {
    private let state = Mutex<[UInt8]>([])
    var bytes: [UInt8] {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
