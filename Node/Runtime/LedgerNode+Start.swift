internal import Chain
internal import Foundation
package import Logging
internal import NIOCore
internal import NIOPosix
internal import Primitives
internal import Replica
package import Storage
internal import Transport

extension LedgerNode {
    /// The genesis ceremony of one node: makes the data folder and says that this key has never voted. Refuses a
    /// folder that was used.
    package static func prepare(_ configuration: NodeConfiguration) throws {
        let folder = try makeFolder(configuration.dataFolder)
        try Journal.prepareFresh(try DiskFolder(folder + "/journal"), owner: configuration.journalOwner)
    }

    /// For an operator who moved a stopped node to another disk and vouches that the old copy never runs again.
    package static func adoptMoved(_ configuration: NodeConfiguration) throws {
        try Journal.adoptMoved(
            try DiskFolder(configuration.dataFolder + "/journal"), owner: configuration.journalOwner)
    }

    /// What the journal in the data folder says of itself. Changes nothing, and makes no folder.
    package static func journalCondition(_ configuration: NodeConfiguration) throws -> JournalCondition {
        try Journal.inspect(configuration.dataFolder + "/journal", owner: configuration.journalOwner)
    }

    private static func makeFolder(_ path: String) throws -> String {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StorageError(.other, "the data folder \(path) cannot be made: \(error.localizedDescription)")
        }
        return path
    }

    /// Opens the folder, replays, connects and runs. Throws in plain words when the folder, the port or the genesis is not
    /// as it must be.
    package static func start(
        application: App, configuration: NodeConfiguration, logger: Logger
    ) async throws -> LedgerNode<App> {
        let folder = try makeFolder(configuration.dataFolder)
        let store = try KeyValueStore.open(at: folder + "/store", options: configuration.store)
        let (journal, records) = try openJournal(configuration, folder: folder, store, logger: logger)
        var settings = ReplicaConfiguration(
            genesis: configuration.genesis, peer: configuration.transport.peer, key: configuration.key)
        if case .lost = journal.standing { settings.journalLost = true }
        settings.journalLost = settings.journalLost || configuration.journalLost
        settings.mempool = configuration.mempool
        settings.checkpointBlocks = configuration.checkpointBlocks
        settings.snapshotLagBlocks = configuration.snapshotLagBlocks
        settings.snapshotBlocks = configuration.snapshotBlocks
        var replica = try Replica.start(
            application: application, configuration: settings, reader: store, journal: records, at: Clock.now)
        let effects = replica.drain()
        let parts = makeParts(configuration, replica.view, replica.status, store, logger)
        if case .lost(let why) = journal.standing { parts.book.journalLost(why) }
        let links = try await connect(parts, replica.view.validators, logger)
        let core = Core(
            replica: replica, effects: effects, journal: journal,
            around: CoreSurroundings(
                inbox: parts.inbox, hub: parts.hub, counters: parts.counters, book: parts.book, room: parts.room,
                disk: parts.disk, store: store,
                pruner: StatePruner(
                    store: store, disk: parts.disk, leases: parts.leases, serving: parts.serving,
                    counters: parts.counters, retention: configuration.stateRetention),
                serving: parts.serving,
                logger: logger, send: { links.send($0) },
                validatorsChanged: { [weak parts] in parts?.validatorsChanged($0) },
                evidence: configuration.evidenceFound ?? { _ in },
                shun: { [weak parts] in parts?.intake.shun($0, $1) }))
        core.whenFinished { [weak parts] _ in parts?.finish() }
        core.start()
        HeightExchange.start(parts)
        return LedgerNode(
            configuration: configuration, application: application, parts: parts, core: core, services: parts.services)
    }

    private static func openJournal(
        _ configuration: NodeConfiguration, folder: String, _ store: KeyValueStore, logger: Logger
    ) throws -> (Journal, [JournalRecord]) {
        var witness: DiskFolder?
        if let path = configuration.witnessFolder { witness = try DiskFolder(try makeFolder(path)) }
        let (journal, entries) = try Journal.open(
            try DiskFolder(folder + "/journal"), owner: configuration.journalOwner, options: configuration.journal,
            witness: witness)
        if let torn = journal.tornAt {
            logger.notice("the journal ended in an unfinished write (\(torn)), as a power failure leaves it")
        }
        var records = entries.map { JournalRecord(sequence: $0.sequence, bytes: $0.payload) }
        // A store without its journal, as a partial restore leaves it.
        if journal.standing == .fresh, configuration.key != nil,
            let height = try Replica.storedHeight(store), height.value > 0
        {
            try journal.countAsLost("the journal is empty, but the store has the chain up to block \(height)")
        }
        if case .lost(let why) = journal.standing {
            logger.warning("\(why). This node abstains until its peers have told it how far it may have voted.")
        } else if journal.standing == .fresh {
            // No record was ever durable, and the marker of the ceremony stands: this key has never voted.
            let first = JournalRecord(sequence: 1, bytes: Replica.freshMarker())
            try journal.append([JournalEntry(sequence: first.sequence, payload: first.bytes)])
            records = [first]
        }
        return (journal, records)
    }

    private static func makeParts(
        _ configuration: NodeConfiguration, _ view: ChainView, _ status: ReplicaStatus, _ store: KeyValueStore,
        _ logger: Logger
    ) -> NodeParts {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let counters = CounterBox()
        let inbox = Inbox()
        let seen = SeenSignatures()
        let room = WaitingRoom(seen: seen, keys: SenderKeys(), counters: counters)
        let names = NodeParts.allowed(
            configuration.peers, view.validators, own: configuration.transport.peer)
        let book = PeerBook(names: names, counters: counters)
        let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let threads = configuration.limits.verifierThreads
        let pool = WorkPool(name: "verify", threads: threads > 0 ? threads : cores)
        let background = BackgroundExecutor(name: "background", threads: cores)
        let services = PeerServices(limits: configuration.limits, loop: group.next(), background: background)
        let rules = RulesExchange(own: configuration.rules, services: services, book: book, logger: logger)
        let intake = Intake(
            inbox: inbox, book: book, room: room, seen: seen, counters: counters, pool: pool, services: services,
            rules: rules)
        return NodeParts(
            configuration: configuration, inbox: inbox,
            hub: FinalityHub(view: view, limits: configuration.limits, counters: counters),
            counters: counters, book: book, room: room, disk: WorkThread(name: "disk"), pool: pool,
            background: background, store: store, group: group, intake: intake, services: services, rules: rules,
            firstStatus: status)
    }

    private static func connect(
        _ parts: NodeParts, _ validators: ValidatorSet, _ logger: Logger
    ) async throws -> PeerNetwork {
        let configuration = parts.configuration
        var settings = PeerNetworkConfiguration(
            network: configuration.genesis.network, identity: configuration.transport)
        settings.host = configuration.listenHost
        settings.port = configuration.listenPort
        settings.allowed = NodeParts.allowed(configuration.peers, validators, own: configuration.transport.peer)
        settings.addresses = NodeParts.addresses(configuration.peers, validators)
        settings.limits = configuration.transportLimits
        do {
            let links = try await PeerNetwork.start(
                settings, on: parts.loop, receiver: parts.intake, logger: logger)
            parts.attach(links)
            return links
        } catch {
            await parts.close()
            let port = configuration.listenPort.map { "\(configuration.listenHost):\($0)" } ?? "no port"
            throw TransportError(
                "the node cannot listen for peers on \(port): \(error). Is another process using the port?")
        }
    }
}
