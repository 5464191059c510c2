import Chain
import Consensus
import LedgerCrypto
import Primitives
import Replica
import TestSupport
import Testing

/// A deterministic network of real replicas in one thread: virtual time, messages with random delays from a seed, disks
/// that sync a little later.
final class TestNetwork {
    struct Pending {
        let at: UInt64
        let order: UInt64
        let node: Int
        let run: Int
        let event: ReplicaEvent
    }

    var nodes: [TestNode] = []
    let genesis: Genesis
    let clients: [Secp256k1.SecretKey]
    var now: UInt64 = 1_000
    var random: SeededGenerator
    /// Whether a message may pass, by sender and receiver.
    var passes: (Int, Int) -> Bool = { _, _ in true }
    var drops: (PeerMessage) -> Bool = { _ in false }
    /// What leaves a node in place of its message; nil for nothing.
    var rewrites: (PeerMessage, Int) -> PeerMessage? = { message, _ in message }
    var delays: ClosedRange<UInt64> = 1...10
    /// Milliseconds that a message of this sender takes beyond them.
    var lateness: (PeerMessage, Int) -> UInt64 = { _, _ in 0 }
    private var queue: [Pending] = []
    private var order: UInt64 = 0
    private var ticket: UInt64 = 0
    private var salt: UInt64 = 0
    let configure: (inout ReplicaConfiguration) -> Void
    private(set) var messageCount = 0
    /// Final blocks and notes so far.
    private var changes = 0

    static let epochStart: UInt64 = 1_700_000_000_000
    static let shunMilliseconds: UInt64 = 1_000

    init(
        validators: Int = 4, seed: UInt64 = 1, parameters: ChainParameters = TestNetwork.parameters,
        configure: @escaping (inout ReplicaConfiguration) -> Void = { $0.checkpointBlocks = 4 }
    ) throws {
        random = SeededGenerator(seed: seed)
        clients = try (0..<4).map { try #require(Secp256k1.SecretKey(SHA256.hash(Array("client \($0)".utf8)).bytes)) }
        let set = try ValidatorSet((0..<validators).map { Identity($0).validator })
        var encoder = BCSEncoder()
        encoder.vector(clients.map(\.publicKey))
        genesis = Genesis(
            name: "test", time: Timestamp(TestNetwork.epochStart), parameters: parameters, validators: set,
            application: encoder.bytes)
        self.configure = configure
        for index in 0..<validators { nodes.append(TestNode(Identity(index))) }
    }

    static var parameters: ChainParameters {
        var parameters = ChainParameters()
        parameters.delayMilliseconds = 50
        parameters.delayMillisecondsMax = 800
        parameters.heartbeatMilliseconds = 1_000
        return parameters
    }

    var instant: Instant { Instant(monotonic: now, wall: Timestamp(TestNetwork.epochStart + now)) }

    func startAll() throws { for index in nodes.indices { try start(index) } }

    func start(_ index: Int, journalLost: Bool = false) throws {
        let node = nodes[index]
        node.run += 1
        var configuration = ReplicaConfiguration(
            genesis: genesis, peer: node.identity.peer, key: node.isVoting ? node.identity.key : nil)
        configuration.journalLost = journalLost
        configure(&configuration)
        var replica = try Replica.start(
            application: node.application, configuration: configuration, reader: node.store, journal: node.journal,
            at: instant)
        let effects = replica.drain()
        node.replica = consume replica
        node.wakeAt = nil
        try perform(effects, by: index)
        for other in nodes.indices where other != index && nodes[other].isRunning {
            connect(index, other)
        }
    }

    func connect(_ a: Int, _ b: Int) {
        for (one, other) in [(a, b), (b, a)] {
            let peer = nodes[other].identity.peer
            nodes[one].connected.append(peer)
            push(.connected(peer), to: one, after: 1)
        }
    }

    /// The process dies. Of the unsynced journal records the first `keeping` survive.
    func crash(_ index: Int, keeping: Int = 0) {
        let node = nodes[index]
        node.replica = nil
        node.run += 1
        node.journal += node.unsynced.prefix(keeping)
        node.unsynced = []
        node.unstored = []
        node.connected = []
        for other in nodes.indices where other != index && nodes[other].isRunning {
            nodes[other].connected.removeAll { $0 == node.identity.peer }
            push(.disconnected(node.identity.peer), to: other, after: 1)
        }
    }

    func push(_ event: ReplicaEvent, to node: Int, after delay: UInt64) {
        order += 1
        let pending = Pending(at: now + delay, order: order, node: node, run: nodes[node].run, event: event)
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if (queue[middle].at, queue[middle].order) > (pending.at, pending.order) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        queue.insert(pending, at: low)
    }

    /// Runs until `until` holds (checked after each final block and note) or `milliseconds` have passed. True when it holds.
    @discardableResult
    func run(_ milliseconds: UInt64, until: () -> Bool = { false }) throws -> Bool {
        let end = now + milliseconds
        var seen = changes
        if until() { return true }
        while true {
            let wake = nodes.indices.filter { nodes[$0].isRunning && nodes[$0].wakeAt != nil }
                .min { (nodes[$0].wakeAt ?? 0, $0) < (nodes[$1].wakeAt ?? 0, $1) }
            let wakeAt = wake.flatMap { nodes[$0].wakeAt } ?? .max
            if let next = queue.last, next.at <= wakeAt {
                guard next.at <= end else { break }
                queue.removeLast()
                now = max(now, next.at)
                guard nodes[next.node].run == next.run else { continue }
                try step(next.event, at: next.node)
            } else if let wake, wakeAt <= end {
                now = max(now, wakeAt)
                nodes[wake].wakeAt = nil
                try step(.tick, at: wake)
            } else {
                break
            }
            if changes != seen {
                seen = changes
                if until() { return true }
            }
        }
        now = end
        return until()
    }

    func step(_ event: ReplicaEvent, at index: Int) throws {
        switch event {
        case .journaled(let sequence):
            let synced = nodes[index].unsynced.prefix { $0.sequence <= sequence }
            nodes[index].journal += synced
            nodes[index].unsynced.removeFirst(synced.count)
        case .stored(let sequence):
            if let planned = nodes[index].crashAtStore, UInt64(planned.number) == sequence {
                nodes[index].crashAtStore = nil
                for entry in nodes[index].unstored.prefix(while: { $0.sequence < sequence }) {
                    nodes[index].store.apply(entry.batch)
                }
                for entry in nodes[index].unstored where entry.sequence == sequence {
                    nodes[index].store.apply(planned.moment.survivors(of: entry.batch))
                }
                changes += 1
                return crash(index)
            }
            for entry in nodes[index].unstored.prefix(while: { $0.sequence <= sequence }) {
                nodes[index].store.apply(entry.batch)
            }
            nodes[index].unstored.removeAll { $0.sequence <= sequence }
        default: break
        }
        guard let effects = try nodes[index].replica?.step(event, at: instant) else { return }
        try perform(effects, by: index)
    }

    private func perform(_ effects: [ReplicaEffect], by index: Int) throws {
        let node = nodes[index]
        for effect in effects {
            switch effect {
            case .finalized, .note, .halt: changes += 1
            default: break
            }
            switch effect {
            case .journal(let bytes, let sequence, _):
                #expect(sequence == ((node.unsynced.last ?? node.journal.last)?.sequence ?? 0) + 1)
                node.unsynced.append(JournalRecord(sequence: sequence, bytes: bytes))
                push(.journaled(upTo: sequence), to: index, after: 1)
            case .pruneJournal(let through): node.journal.removeAll { $0.sequence <= through }
            case .store(let work, let sequence):
                node.unstored.append((try work.batch(), sequence))
                push(.stored(upTo: sequence), to: index, after: 3)
            case .serve(let read, let peer):
                node.served += 1
                deliver((try? read.answer(node.store)) ?? read.refusal, from: index, to: [peer])
            case .adopted(let header, _):
                changes += 1
                node.adopted.append(header)
            case .send(let message, let peers): deliver(message, from: index, to: peers)
            case .finalized(let block): take(block, by: node)
            case .answered(let ticket, let answers): node.answers[ticket] = answers
            case .dropped(let dropped): node.dropped += dropped
            case .evidence(let evidence): node.evidence.append(evidence)
            case .shun(let peer, let reason): shun(peer, by: index, reason)
            case .wake(let at): node.wakeAt = at
            case .note(let note): node.notes.append(note)
            case .halt(let why): node.halted = why
            }
        }
    }

    /// The link breaks, and is made again later.
    private func shun(_ peer: PeerID, by index: Int, _ reason: String) {
        nodes[index].shunned.append((peer, reason))
        guard let other = nodes.firstIndex(where: { $0.identity.peer == peer }) else { return }
        for (near, far) in [(index, other), (other, index)] {
            nodes[near].connected.removeAll { $0 == nodes[far].identity.peer }
            push(.disconnected(nodes[far].identity.peer), to: near, after: 1)
        }
        for (near, far) in [(index, other), (other, index)] {
            nodes[near].connected.append(nodes[far].identity.peer)
            push(.connected(nodes[far].identity.peer), to: near, after: TestNetwork.shunMilliseconds)
        }
    }

    /// Agreement is checked with every final block.
    private func take(_ block: FinalizedBlock, by node: TestNode) {
        for other in nodes {
            if let same = other.finalized[block.height] {
                #expect(same.block.digest == block.block.digest, "two blocks are final at height \(block.height)")
            }
        }
        node.finalized[block.height] = block
    }

    private func deliver(_ sent: PeerMessage, from index: Int, to peers: [PeerID]) {
        guard let message = rewrites(sent, index), !drops(message) else { return }
        let bytes = message.bcs
        messageCount += peers.count
        for peer in peers {
            guard let other = nodes.firstIndex(where: { $0.identity.peer == peer }), passes(index, other),
                nodes[other].isRunning
            else { continue }
            do {
                let decoded = try PeerMessage.decode(bytes)
                let delay = UInt64.random(in: delays, using: &random) + lateness(sent, index)
                let sender = nodes[index].identity.peer
                guard case .transactions(let transactions) = decoded else {
                    push(.message(decoded, from: sender), to: other, after: delay)
                    continue
                }
                let gossip = SignatureCheck(transactions) { SignedTransaction(verifying: $0) }
                #expect(gossip.wrong == nil)
                push(.gossiped(gossip.signed, from: sender), to: other, after: delay)
            } catch {
                Issue.record("a sent message does not decode: \(error)")
            }
        }
    }

    /// Prints where every node stands.
    func dump() {
        print("at \(now) ms, \(messageCount) messages, queue \(queue.count)")
        for (index, node) in nodes.enumerated() {
            guard let status = node.status else { print(index, "down"); continue }
            print(index, status, node.halted ?? "", node.wakeAt as Any)
            for note in node.notes.suffix(5) { print("   ", note.text.prefix(300)) }
        }
    }

    // Clients.

    func transaction(
        _ calls: [Call], client: Int = 0, expiresIn: UInt64 = 60_000, salt given: UInt64? = nil
    ) throws -> Transaction {
        salt += 1
        let body = TransactionBody(
            network: genesis.network, sender: clients[client].publicKey,
            expiry: instant.wall.adding(milliseconds: expiresIn),
            salt: given ?? salt, calls: calls)
        return try Transaction(signing: body, with: clients[client])
    }

    func put(_ text: String, client: Int = 0) throws -> Transaction {
        try transaction([TestApplication.put(Array(text.utf8), Array("value of \(text)".utf8))], client: client)
    }

    @discardableResult
    func submit(_ transactions: [Transaction], to index: Int) throws -> [TransactionRefusal?] {
        ticket += 1
        let signed = try transactions.map { try #require(SignedTransaction(verifying: $0)) }
        try step(.submitted(signed, ticket: ticket), at: index)
        return try #require(nodes[index].answers[ticket])
    }

    /// Whether all running nodes have all of them final in time.
    func runUntilFinal(_ transactions: [Transaction], milliseconds: UInt64 = 10_000) throws -> Bool {
        try run(milliseconds) {
            nodes.indices.allSatisfy { node in
                !nodes[node].isRunning || transactions.reversed().allSatisfy { isFinal($0, at: node) }
            }
        }
    }

    func isFinal(_ transaction: Transaction, at index: Int) -> Bool {
        ((try? nodes[index].view?.location(of: transaction.digest)) ?? nil) != nil
    }
}
