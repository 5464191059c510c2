internal import Anchors
internal import Chain
internal import ChaosHistory
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import Primitives

/// Clients of the network: writers that go on until their transactions are final, and readers. All that they are told
/// is recorded.
final class Load: Sendable {
    struct Plan: Sendable {
        /// Two per partner.
        var writers = 8
        var batch = 6
        /// Writes per second that all writers together offer at most; a writer waits for its batch before the next one.
        var rate = 240.0
        /// Registers per partner.
        var registers = 8
        var verifiedReaders = 2
        var plainReaders = 2
        var readsPerSecond = 4.0
    }

    /// Milliseconds until a transaction expires.
    private static let lifetimeMilliseconds: UInt64 = 240_000

    private let world: World
    private let nodes: [ChaosNode]
    private let plan: Plan
    let recorder: Recorder
    private let network: Digest
    /// By address, then by node; writers and readers of one address share them.
    private let clients: [[NodeClient]]
    private let verifying: [NodeClient]
    private let switches = Switches()

    /// What the tasks look at.
    private final class Switches: @unchecked Sendable {
        private let lock = NSLock()
        private var tasks: [Task<Void, Never>] = []
        private var writes = true
        private var runs = true
        var mayWrite: Bool { lock.withLock { writes } }
        var mayRun: Bool { lock.withLock { runs } }
        func keep(_ task: Task<Void, Never>) { lock.withLock { tasks.append(task) } }
        func stopWriting() { lock.withLock { writes = false } }
        func stop() -> [Task<Void, Never>] {
            lock.withLock {
                writes = false
                runs = false
                return tasks
            }
        }
    }

    /// `nodes`: those that clients use, all of them for nil; they are the first ones.
    init(_ world: World, _ recorder: Recorder, plan: Plan = Plan(), nodes: [ChaosNode]? = nil) throws {
        let nodes = nodes ?? world.nodes
        self.nodes = nodes
        self.world = world
        self.plan = plan
        self.recorder = recorder
        let genesis = try Genesis(file: world.genesisData())
        network = genesis.network
        var configuration = NodeClientConfiguration()
        configuration.connectMilliseconds = 500
        configuration.requestMilliseconds = 3_000
        configuration.roundsMax = 1
        configuration.connectionsPerNodeMax = 64
        clients = try World.clientHosts.map { host in
            var configuration = configuration
            configuration.localAddress = World.clientAddress(host)
            return try nodes.map { try NodeClient(nodes: [$0.url], configuration: configuration) }
        }
        verifying = try nodes.map {
            try NodeClient(nodes: [$0.url], anchor: TrustAnchor(genesis), configuration: configuration)
        }
    }

    func start() throws {
        for number in 0..<plan.writers {
            let node = nodes[number % nodes.count]
            let key = try world.operatorKey(node)
            switches.keep(Task { [self] in await write(number, node.name, key) })
        }
        for number in 0..<plan.verifiedReaders + plan.plainReaders {
            let isVerified = number < plan.verifiedReaders
            switches.keep(Task { [self] in await read(100 + number, isVerified: isVerified) })
        }
    }

    /// No new writes; those that are open go on for at most `seconds`.
    func drain(seconds: Double) async {
        switches.stopWriting()
        let deadline = Watch.now() + seconds
        while Watch.now() < deadline, recorder.history.writes.contains(where: { $0.acknowledged == nil }) {
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    func stop() async {
        for task in switches.stop() { await task.value }
        for client in clients.joined() + verifying { try? await client.shutdown() }
    }

    // MARK: writers

    private func write(_ number: Int, _ owner: String, _ key: Secp256k1.SecretKey) async {
        var round = 0
        let pause = Double(plan.batch * plan.writers) / plan.rate
        while switches.mayWrite {
            let began = Watch.now()
            let made = (0..<plan.batch).compactMap { transaction(number, owner, key, round * plan.batch + $0) }
            for (_, record) in made { recorder.invoked(record) }
            await settle(made.map(\.0), turn: number + round, clients[number % clients.count])
            round += 1
            let left = pause - (Watch.now() - began)
            if left > 0 { try? await Task.sleep(for: .seconds(left)) }
        }
    }

    private func transaction(
        _ number: Int, _ owner: String, _ key: Secp256k1.SecretKey, _ count: Int
    ) -> (Transaction, WriteRecord)? {
        let register = RegisterName(owner: owner, name: "register-\((count + number) % plan.registers)")
        let value = Array("writer \(number) write \(count)".utf8)
        let call = Registry.put.call(on: WellKnown.registry, RegistryPut(name: register.name, value: value))
        let body = TransactionBody(
            network: network, sender: key.publicKey,
            expiry: Timestamp(Watch.wallMilliseconds + Load.lifetimeMilliseconds),
            salt: UInt64.random(in: 0...UInt64.max), calls: [call])
        guard let transaction = try? Transaction(signing: body, with: key) else { return nil }
        return (
            transaction,
            WriteRecord(
                client: number, transaction: transaction.digest, register: register, value: value,
                invoked: Watch.now())
        )
    }

    /// Through one node after the other until all are final or the load ends.
    private func settle(_ transactions: [Transaction], turn: Int, _ clients: [NodeClient]) async {
        var open = transactions
        var turn = turn
        while !open.isEmpty, switches.mayRun {
            let client = clients[turn % clients.count]
            turn += 1
            do {
                open = try await attempt(open, client)
            } catch {
                recorder.failed("write")
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// What is not final after one attempt through one node.
    private func attempt(_ transactions: [Transaction], _ client: NodeClient) async throws -> [Transaction] {
        let outcomes = try await client.submit(batch: transactions)
        for case .refused(let rejection) in outcomes { recorder.failed("refused: \(rejection.text)") }
        for case .poolFull in outcomes { recorder.failed("pool full") }
        var left: [Transaction] = []
        for transaction in transactions {
            let status = try await client.status(of: transaction.digest, waitSeconds: left.isEmpty ? 2 : 0)
            guard case .final(let result) = status else {
                left.append(transaction)
                continue
            }
            recorder.acknowledged(
                transaction.digest, height: result.height.value, block: result.block,
                succeeded: result.receipt.rejection == nil)
        }
        return left
    }

    // MARK: readers

    private func read(_ number: Int, isVerified: Bool) async {
        var turn = number
        while switches.mayRun {
            let node = nodes[turn % nodes.count]
            let register = RegisterName(
                owner: nodes[(turn / nodes.count) % nodes.count].name,
                name: "register-\((turn / 7) % plan.registers)")
            turn += 1
            do {
                let incarnation = node.incarnation
                let record =
                    isVerified
                    ? try await verifiedRead(number, node, register) : try await plainRead(number, node, register)
                if node.incarnation == incarnation { recorder.answered(record) }
            } catch {
                recorder.failed(isVerified ? "verified read" : "read")
            }
            try? await Task.sleep(for: .seconds(1 / plan.readsPerSecond))
        }
    }

    private static func key(_ register: RegisterName) -> [UInt8] {
        Registry.entries.stateKey(Pair(register.owner, register.name), at: WellKnown.registry)
    }

    private static func value(_ bytes: [UInt8]?) throws -> RegisterValue? {
        try bytes.map { bytes in
            let entry = try RegistryEntry(bcs: bytes)
            return RegisterValue(value: entry.value, revision: entry.revision)
        }
    }

    private func verifiedRead(_ number: Int, _ node: ChaosNode, _ register: RegisterName) async throws -> ReadRecord {
        let key = Load.key(register)
        let incarnation = node.incarnation
        let invoked = Watch.now()
        let least = recorder.known
        let bundle = try await verifying[node.index].verifiedValue(key, minimumHeight: Height(least))
        let value = try Load.value(bundle.entry(key)?.value)
        return ReadRecord(
            client: number, node: node.name, incarnation: incarnation, register: register, invoked: invoked,
            answered: Watch.now(), minimumHeight: least, height: bundle.header.height.value, value: value,
            isVerified: true)
    }

    private func plainRead(_ number: Int, _ node: ChaosNode, _ register: RegisterName) async throws -> ReadRecord {
        let incarnation = node.incarnation
        let invoked = Watch.now()
        let answer = try await clients[number % clients.count][node.index].value(Load.key(register))
        return ReadRecord(
            client: number, node: node.name, incarnation: incarnation, register: register, invoked: invoked,
            answered: Watch.now(), minimumHeight: 0, height: answer.height.value, value: try Load.value(answer.value),
            isVerified: false)
    }

    // MARK: the end

    /// What each node tells: registers first, then its chain up to at least their heights.
    func copies(of nodes: [ChaosNode]) async throws -> [ChainCopy] {
        var registers: [Int: [RegisterName: (height: UInt64, value: RegisterValue?)]] = [:]
        let names = Set(recorder.history.writes.map(\.register)).sorted()
        for node in nodes {
            for name in names {
                let told = try await asking(node) { [known = recorder.known] in
                    try await $0.value(Load.key(name), minimumHeight: Height(known))
                }
                registers[node.index, default: [:]][name] = (told.height.value, try Load.value(told.value))
            }
        }
        var tip = recorder.known
        for told in registers.values { tip = max(tip, told.values.map(\.height).max() ?? 0) }
        for node in nodes {
            let deadline = Watch.now() + 60
            while await node.status()?.finalHeight.value ?? 0 < tip {
                guard Watch.now() < deadline else { throw ChaosError("\(node.name) does not reach block \(tip)") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try await withThrowingTaskGroup(of: ChainCopy.self) { group in
            for node in nodes {
                let told = registers[node.index] ?? [:]
                let height = tip
                group.addTask { [self] in
                    ChainCopy(node: node.name, blocks: try await chain(node, to: height), registers: told)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.node < $1.node }
        }
    }

    /// From one address after the other until a node answers: it gives one so many answers a second.
    private func asking<Answer: Sendable>(
        _ node: ChaosNode, _ ask: @Sendable (NodeClient) async throws -> Answer
    ) async throws -> Answer {
        let deadline = Watch.now() + 20
        while true {
            for own in clients {
                do {
                    return try await ask(own[node.index])
                } catch {
                    guard Watch.now() < deadline else { throw error }
                }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func chain(_ node: ChaosNode, to tip: UInt64) async throws -> [ChainCopy.Block] {
        var blocks: [ChainCopy.Block] = []
        var height: UInt64 = 1
        while height <= tip {
            let asked = Height(height)
            let block = try await asking(node) { try await $0.block(.height(asked)) }
            var transactions: [(digest: Digest, succeeded: Bool)] = []
            if !block.transactions.isEmpty {
                let receipts = try await asking(node) { try await $0.receipts(.height(asked), of: block.header) }
                let results = Dictionary(
                    receipts.map { ($0.subject, $0.rejection == nil) }, uniquingKeysWith: { first, _ in first })
                for transaction in block.transactions {
                    guard let succeeded = results[transaction.digest] else {
                        throw ChaosError("\(node.name) has no receipt of \(transaction.digest.short)")
                    }
                    transactions.append((transaction.digest, succeeded))
                }
            }
            blocks.append(
                .init(
                    height: height, digest: block.digest, parent: block.header.parent, transactions: transactions))
            height += 1
        }
        return blocks
    }
}
