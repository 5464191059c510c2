internal import Anchors
internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import DataLake
internal import Duties
internal import Foundation
internal import LedgerCrypto
internal import Logging
internal import NodeRuntime
internal import OperatorFiles
internal import Primitives
internal import RPC
internal import ServiceLifecycle
internal import Transport
internal import UnixSignals

/// The one place that puts a node together: ledger, contracts, disk, links, HTTP API, lake and attester.
package enum NodeWiring {
    /// Of transactions that the node makes by itself. Whoever made one makes another when it expired.
    static let lifetimeMilliseconds: UInt64 = 120_000

    static func configuration(_ settings: NodeSettings) throws -> NodeConfiguration {
        let genesis = try GenesisFile.read(settings.genesis)
        try GenesisFile.checkApplication(genesis)
        let keys = try NodeKeys.read(settings.keys)
        try KeyCheck.refuseForeign(keys, settings, genesis)
        var made = NodeConfiguration(
            genesis: genesis, key: settings.validator ? keys.consensus : nil, transport: keys.transport,
            dataFolder: settings.data)
        made.listenHost = settings.listenPeers.host
        made.listenPort = settings.listenPeers.port
        made.peers = try peers(settings, genesis)
        made.stateRetention = settings.keepStates
        made.snapshotLagBlocks = UInt64(clamping: settings.snapshotLagBlocks)
        made.witnessFolder = settings.witness
        made.rules = ContractSuite.rules
        return made
    }

    /// Addresses of validators by partner, and the full nodes that may connect.
    private static func peers(_ settings: NodeSettings, _ genesis: Genesis) throws -> [PeerConfiguration] {
        var peers: [PeerConfiguration] = []
        for peer in settings.peers where peer.partner != settings.partner {
            let index = genesis.validators.index(ofPartner: peer.partner)
            guard let key = peer.key ?? index.map({ genesis.validators.validators[$0].transportKey }) else {
                throw UserError(
                    "Setting 'peers': '\(peer.partner)' runs no validator in the genesis; \(hint(peer, genesis))")
            }
            peers.append(
                PeerConfiguration(
                    name: peer.partner, peer: key, host: peer.endpoint.host, port: peer.endpoint.port))
        }
        for (number, key) in settings.fullNodes.enumerated() {
            guard let digest = Digest(hex: key) else {
                throw UserError("Setting 'full-nodes': '\(key)' is no transport key (64 hexadecimal digits).")
            }
            peers.append(PeerConfiguration(name: "full node \(number + 1)", peer: digest, host: nil, port: 0))
        }
        return peers
    }

    private static func hint(_ peer: PeerSetting, _ genesis: Genesis) -> String {
        let known = genesis.validators.validators.map(\.partner)
        let near = Spelling.nearest(to: peer.partner, in: known).map { "did you mean '\($0)'?" }
        return (near ?? "those are \(known.joined(separator: ", ")).")
            + " A partner that joined later is written '\(peer.partner): KEY@\(peer.endpoint)' with its transport key."
    }

    private static func logger(_ settings: NodeSettings) -> Logger {
        var logger = Logger(label: "commonwatt")
        logger.logLevel = Logger.Level(rawValue: settings.log) ?? .info
        return logger
    }

    /// The group writes its services out at debug, with all that they hold: megabytes.
    private static func groupLogger(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return quiet
    }

    /// Runs until SIGTERM or SIGINT, or until the node halts, which is an error.
    ///
    /// - Parameter journalLost: The operator says that votes of the key may be missing from the journal.
    package static func run(_ settings: NodeSettings, journalLost: Bool = false) async throws {
        // Whatever a node writes is its own: keys, salts and readings lie beside what everybody may know.
        umask(0o077)
        let logger = logger(settings)
        var configuration = try configuration(settings)
        configuration.journalLost = journalLost
        let keys = try NodeKeys.read(settings.keys)
        for note in KeyCheck.notes(keys, settings, configuration.genesis) { logger.notice("\(note)") }
        let evidence = EvidenceQueue()
        configuration.evidenceFound = { evidence.add($0) }
        logger.info(
            "starting \(BuildInfo.version) with rules \(ContractSuite.rules.short): \(settings.partner) in network \(configuration.genesis.name) \(configuration.genesis.network)"
        )
        let node = try await LedgerNode.start(
            application: ContractSuite.application, configuration: configuration, logger: logger)
        let holder = DutyHolder(
            partner: settings.partner, operatorKey: keys.operatorKey,
            validator: configuration.key.map {
                Validator(
                    partner: settings.partner, consensusKey: $0.publicKey, transportKey: configuration.transport.peer)
            })
        let reporter = Reporter(
            node: node, holder: holder, release: ContractSuite.release, evidence: evidence, logger: logger)
        let lake = try LakeWiring(node: node, settings: settings, operatorKey: keys.operatorKey, logger: logger)
        let settler = SettlerWiring(lake, settings: settings.settler, logger: logger)
        let service = RuntimeService(
            node: node, partner: settings.partner, reporter: reporter,
            settlement: { await settler.metrics() + lake.data.metrics() })
        let modules = offChainModules(lake, settler)
        let scheme = settings.apiTLS == nil ? "http" : "https"
        let server = try APIServer(
            service: service, modules: modules, configuration: try apiConfiguration(settings),
            version: BuildInfo.version, logger: logger
        ) { port in logger.info("the API answers on \(scheme)://\(settings.listenRPC.host):\(port)") }
        func member(
            _ service: any Service, whenItEnds: ServiceGroupConfiguration.ServiceConfiguration.TerminationBehavior
        ) -> ServiceGroupConfiguration.ServiceConfiguration {
            .init(
                service: service, successTerminationBehavior: whenItEnds,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        // They end one after the other from the last to the first: who uses the node before the node.
        var services = [
            member(NodeLife(node: node), whenItEnds: .gracefullyShutdownGroup),
            member(DataLife(data: lake.data, background: node.background), whenItEnds: .ignore),
            member(Life(background: node.background) { await lake.keepWarm() }, whenItEnds: .ignore),
            member(Life(background: node.background) { await lake.keepWhole(logger) }, whenItEnds: .ignore),
            member(Life { await reporter.run() }, whenItEnds: .ignore),
            member(Life { await Gatekeeper(node: node, logger: logger).run() }, whenItEnds: .ignore),
            member(server, whenItEnds: .gracefullyShutdownGroup),
        ]
        if settings.settler.isOn {
            services.append(member(Life(background: node.background) { await settler.run() }, whenItEnds: .ignore))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: groupLogger(logger)))
        try await live {
            try await group.run()
        } stop: {
            await node.stop()
        } flush: {
            try lake.lake.flush()
        }
        logger.info("stopped")
    }

    private static func apiConfiguration(_ settings: NodeSettings) throws -> APIConfiguration {
        var api = APIConfiguration()
        api.host = settings.listenRPC.host
        api.port = settings.listenRPC.port
        api.tls = settings.apiTLS
        api.trustsForwardedFor = settings.trustsForwardedFor
        api.eventStreamsMax = settings.streamsMax
        api.operatorDID = settings.operatorDID
        api.rateLimit?.tokensPerSecond = UInt32(clamping: settings.requestsPerSecondMax)
        api.rateLimit?.tokensMax = UInt32(clamping: settings.requestsPerSecondMax * 2)
        api.bound(connections: try OpenFiles.connections(atMost: api.connectionsMax))
        return api
    }

    /// Whatever ends the services, what was to be written later is written before the process ends. An error of the services
    /// comes first in what is said.
    static func live(
        _ run: () async throws -> Void, stop: () async -> Void, flush: () throws -> Void
    ) async throws {
        var problems: [String] = []
        do { try await run() } catch { problems.append("The node ended: \(error)") }
        await stop()
        do { try flush() } catch { problems.append("What was to be written last is lost: \(error)") }
        guard problems.isEmpty else { throw UserError(problems.joined(separator: " ")) }
    }
}

/// The node as a service: ends when it halts, or on graceful shutdown.
private struct NodeLife: Service {
    let node: LedgerNode<ContractApplication>

    func run() async throws {
        let halt = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                // Ends when the group says so, or when the other one has: the node halted.
                try? await gracefulShutdown()
                return nil
            }
            group.addTask { await node.untilStopped().map { UserError("it halted: \($0)") } }
            let first = await group.next() ?? nil
            group.cancelAll()
            await node.stop()
            return first
        }
        if let halt { throw halt }
    }
}

/// Something that goes on until the node shuts down.
private struct Life: Service {
    /// Where it runs when it takes its time; nil for Swift's own pool.
    var background: BackgroundExecutor?
    let work: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await withTaskExecutorPreference(background) { await work() } }
    }
}
