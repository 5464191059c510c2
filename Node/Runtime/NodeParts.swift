internal import Chain
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Primitives
internal import Replica
internal import Storage
internal import Transport

/// What a node holds beside its replica, and how it is closed.
final class NodeParts: Sendable {
    let configuration: NodeConfiguration
    let inbox: Inbox
    let hub: FinalityHub
    let counters: CounterBox
    let book: PeerBook
    let room: WaitingRoom
    let disk: WorkThread
    let pool: WorkPool
    let background: BackgroundExecutor
    let store: KeyValueStore
    let leases = StateLeases()
    let serving = ServingLeases()
    let loop: any EventLoop
    let intake: Intake
    let services: PeerServices
    let rules: RulesExchange
    let firstStatus: ReplicaStatus
    private let group: MultiThreadedEventLoopGroup
    private let state: NIOLockedValueBox<State>

    private struct State {
        var links: PeerNetwork?
        var pending = 0
        var isFinished = false
        /// Begun by the first who closes; all wait for it.
        var closing: Task<Void, Never>?
        var peers: [PeerConfiguration]
    }

    init(
        configuration: NodeConfiguration, inbox: Inbox, hub: FinalityHub, counters: CounterBox, book: PeerBook,
        room: WaitingRoom, disk: WorkThread, pool: WorkPool, background: BackgroundExecutor, store: KeyValueStore,
        group: MultiThreadedEventLoopGroup, intake: Intake, services: PeerServices, rules: RulesExchange,
        firstStatus: ReplicaStatus
    ) {
        self.configuration = configuration
        self.inbox = inbox
        self.hub = hub
        self.counters = counters
        self.book = book
        self.room = room
        self.disk = disk
        self.pool = pool
        self.background = background
        self.store = store
        self.group = group
        self.intake = intake
        self.services = services
        self.rules = rules
        self.firstStatus = firstStatus
        loop = group.next()
        state = NIOLockedValueBox(State(peers: configuration.peers))
    }

    /// Set once, before the replica's thread starts.
    func attach(_ links: PeerNetwork) {
        state.withLockedValue { $0.links = links }
        services.attach(links)
    }

    /// Nil before `attach`.
    var links: PeerNetwork? { state.withLockedValue { $0.links } }

    /// Asks a peer for its rules unless it has said them since its link came up.
    func askRules(of peer: Digest) async {
        if book.page.entries[peer]?.rules == nil { await rules.ask(peer) }
    }

    func reserve(_ count: Int) -> Bool {
        state.withLockedValue { state in
            guard state.pending + count <= configuration.limits.pendingTransactionsMax else { return false }
            state.pending += count
            return true
        }
    }

    func release(_ count: Int) { state.withLockedValue { $0.pending -= count } }

    /// The replica's thread has ended: answers what it left behind.
    func finish() {
        state.withLockedValue { $0.isFinished = true }
        drainIfFinished()
    }

    func drainIfFinished() {
        guard state.withLockedValue({ $0.isFinished }) else { return }
        while true {
            let batch = inbox.take(until: 0)
            if batch.urgent.isEmpty, batch.admissions.isEmpty { return }
            for admission in batch.admissions {
                admission.answer?(admission.transactions.map { _ in .unavailable("the node has stopped") })
            }
        }
    }

    /// Links to the validators and to the configured full nodes.
    func validatorsChanged(_ validators: ValidatorSet) {
        setPeers(state.withLockedValue { $0.peers }, validators: validators)
    }

    func setPeers(_ peers: [PeerConfiguration], validators: ValidatorSet) {
        state.withLockedValue { $0.peers = peers }
        let allowed = NodeParts.allowed(peers, validators, own: configuration.transport.peer)
        book.setNames(allowed)
        guard let links = state.withLockedValue({ $0.links }) else { return }
        links.setAllowed(allowed)
        links.setAddresses(NodeParts.addresses(peers, validators))
    }

    /// The key that a configured peer has now: a validator's is the one in the set, which a rotation may have replaced.
    private static func key(_ peer: PeerConfiguration, _ validators: ValidatorSet) -> Digest {
        validators.index(ofPartner: peer.name).map { validators.validators[$0].transportKey } ?? peer.peer
    }

    static func allowed(_ peers: [PeerConfiguration], _ validators: ValidatorSet, own: Digest) -> [Digest: String] {
        var allowed: [Digest: String] = [:]
        for peer in peers { allowed[key(peer, validators)] = peer.name }
        for validator in validators.validators { allowed[validator.transportKey] = validator.partner }
        allowed[own] = nil
        return allowed
    }

    static func addresses(_ peers: [PeerConfiguration], _ validators: ValidatorSet) -> [PeerAddress] {
        peers.compactMap { peer in
            peer.host.map { PeerAddress(peer: key(peer, validators), host: $0, port: peer.port) }
        }
    }

    /// Returns when everything is closed, to whoever calls it however often.
    func close() async {
        let closing = state.withLockedValue { state in
            let closing = state.closing ?? Task { await self.closeOnce() }
            state.closing = closing
            return closing
        }
        await closing.value
    }

    private func closeOnce() async {
        finish()
        services.stop()
        intake.close()
        await state.withLockedValue({ $0.links })?.stop()
        pool.stop()
        background.stop()
        disk.stop()
        store.close()
        try? await group.shutdownGracefully()
    }
}
