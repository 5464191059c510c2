package import Chain
internal import Consensus
package import ContractHost
internal import Foundation
internal import LedgerState
package import Logging
internal import NIOConcurrencyHelpers
package import NIOCore
package import Primitives
package import Replica
internal import Storage
internal import Transport

/// A running node: one thread drives the replica, others do its disk work, its sockets and its signature checks.
///
/// The replica is a value that only its thread touches. Effects are handed on in order and never waited for: the journal
/// thread answers `.journaled`, the store thread `.stored`, and the replica itself withholds what must not leave before.
/// Everything else (`submit`, `wait`, `view`, `status`) may be called from any task.
package final class NodeRuntime: @unchecked Sendable {
    package let configuration: NodeConfiguration
    package let application: ContractApplication
    package let peer: PeerID
    let logger: Logger
    let mailbox = Mailbox()
    let workers: WorkerPool
    let store: KeyValueStore
    let tracker: FinalityTracker
    let tickets = Tickets()
    let data = DataExchange()
    let counters = NIOLockedValueBox(RuntimeCounters())
    let published: NIOLockedValueBox<Published>
    let outcome = NIOLockedValueBox<Outcome>(.running)
    let loop: any EventLoop
    private let ended = DispatchSemaphore(value: 0)

    // Set once by `start`, before the replica's thread runs.
    var network: PeerNetwork?
    var journal: DiskThread<JournalWork>?
    var storage: DiskThread<StoreWork>?
    /// Told of verified contradictions between votes; the daemon reports them to governance.
    let onEvidence: @Sendable (Evidence) -> Void
    let onHalt: @Sendable (String) -> Void

    // The replica thread's own.
    var replica: Replica<ContractApplication>
    var wakeAt: UInt64?
    var allowedEpoch: Epoch?

    /// What readers see: the final chain and the replica's figures after its last step.
    struct Published: Sendable {
        var view: ChainView
        var status: ReplicaStatus
        var connected: [PeerID] = []
    }

    enum Outcome: Sendable {
        case running
        case stopped
        case halted(String)
    }

    private init(
        _ configuration: NodeConfiguration, application: ContractApplication, replica: Replica<ContractApplication>,
        store: KeyValueStore, loop: any EventLoop, logger: Logger, onEvidence: @escaping @Sendable (Evidence) -> Void,
        onHalt: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.application = application
        self.replica = replica
        self.store = store
        self.loop = loop
        self.logger = logger
        self.onEvidence = onEvidence
        self.onHalt = onHalt
        peer = configuration.identity.peer
        let threads = configuration.limits.verifierThreads
        workers = WorkerPool(threads: threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount)
        tracker = FinalityTracker(
            loop: loop, waitersMax: configuration.limits.waitersMax, pendingMax: configuration.limits.pendingMax)
        published = NIOLockedValueBox(Published(view: replica.view, status: replica.status))
    }

    /// Opens disk and sockets and starts the threads. Throws a `RuntimeError` that says what to do.
    package static func start(
        _ configuration: NodeConfiguration, application: ContractApplication, loop: any EventLoop, logger: Logger,
        onEvidence: @escaping @Sendable (Evidence) -> Void, onHalt: @escaping @Sendable (String) -> Void
    ) async throws -> NodeRuntime {
        let disk = try NodeDisk.open(configuration)
        if let torn = disk.journal.tornAt { logger.notice("the journal's last group was torn and dropped: \(torn)") }
        if case .lost(let why) = disk.journal.standing {
            logger.warning("the journal counts as lost: \(why). This node asks its peers and abstains first.")
        }
        var replicaConfiguration = ReplicaConfiguration(
            genesis: configuration.genesis, peer: configuration.identity.peer, key: configuration.consensusKey)
        replicaConfiguration.mempool = configuration.mempool
        replicaConfiguration.journalLost = disk.isJournalLost
        let started: (replica: Replica<ContractApplication>, effects: [ReplicaEffect])
        do {
            started = try Replica.start(
                application: application, configuration: replicaConfiguration, reader: disk.store,
                journal: disk.records(genesis: configuration.genesis, as: Replica<ContractApplication>.self),
                at: Instant(
                    monotonic: Clock.monotonicMilliseconds(), wall: Timestamp(Clock.wallMilliseconds())))
        } catch let failure as StorageFailure {
            throw RuntimeError("the stored chain in \(configuration.folder) cannot be read: \(failure)")
        }
        let runtime = NodeRuntime(
            configuration, application: application, replica: started.replica, store: disk.store, loop: loop,
            logger: logger, onEvidence: onEvidence, onHalt: onHalt)
        try await runtime.launch(disk, started.effects)
        return runtime
    }

    private func launch(_ disk: NodeDisk, _ effects: [ReplicaEffect]) async throws {
        journal = journalThread(disk)
        storage = storeThread(disk)
        do {
            network = try await PeerNetwork.start(peerConfiguration(), on: loop, receiver: self, logger: logger)
        } catch {
            mailbox.close()
            journal?.close()
            storage?.close()
            workers.stop()
            throw RuntimeError(
                "cannot listen for peers on \(configuration.listenHost):\(configuration.listenPort): \(error). "
                    + "Another program may hold the port.")
        }
        let thread = Thread { [self] in
            run(effects)
            ended.signal()
        }
        thread.name = "replica"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// The replica's thread.
    private func run(_ effects: [ReplicaEffect]) {
        perform(effects)
        publish()
        while let mail = mailbox.take(until: wakeAt) {
            if mail.isEmpty {
                wakeAt = nil
                step(.tick)
            }
            for one in mail { handle(one) }
            publish()
            if case .running = outcome.withLockedValue({ $0 }) { continue }
            break
        }
    }

    private func handle(_ mail: Mail) {
        switch mail {
        case .event(let event): step(event)
        case .gossip(let transactions, let message): step(.gossiped(transactions, from: message.peer))
        case .received(let message):
            do {
                step(.message(try PeerMessage.decode(message.bytes), from: message.peer))
            } catch {
                counters.withLockedValue { $0.malformedMessages += 1 }
                logger.debug("a message of \(name(message.peer)) is malformed: \(error)")
            }
        }
    }

    func step(_ event: ReplicaEvent) {
        let now = Instant(monotonic: Clock.monotonicMilliseconds(), wall: Timestamp(Clock.wallMilliseconds()))
        do {
            perform(try replica.step(event, at: now))
        } catch {
            halt("the node's storage failed: \(error)")
        }
    }

    private func publish() {
        let status = replica.status
        let view = replica.view
        published.withLockedValue {
            $0.status = status
            $0.view = view
        }
    }

    /// Stops for good and says why; the process should end with an error.
    func halt(_ why: String) {
        let isFirst = outcome.withLockedValue { outcome in
            guard case .running = outcome else { return false }
            outcome = .halted(why)
            return true
        }
        guard isFirst else { return }
        logger.critical("this node halts: \(why)")
        mailbox.close()
        onHalt(why)
    }

    /// Ends in order: no new work, the journal and the store finish, links close.
    package func stop() async {
        outcome.withLockedValue { if case .running = $0 { $0 = .stopped } }
        mailbox.close()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            DispatchQueue.global().async { [self] in
                ended.wait()
                ended.signal()
                journal?.close()
                storage?.close()
                continuation.resume()
            }
        }
        workers.stop()
        await network?.stop()
        tickets.abandon()
        tracker.abandon()
        data.abandon()
        store.close()
    }

    /// Partner of a peer's validator, or the name that a full node was given, or the beginning of its key.
    package func name(_ peer: PeerID) -> String {
        let validators = published.withLockedValue { $0.view.validators }
        return validators.validators.first { $0.transportKey == peer }?.partner
            ?? configuration.fullNodes[peer] ?? peer.short
    }
}
