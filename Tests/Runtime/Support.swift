import Chain
import Foundation
import LedgerCrypto
import Logging
import NodeRuntime
import Primitives
import Replica
import Storage
import Testing
import Transport

/// A small real application: a call stores its arguments under the sender's key and its method number.
struct Notebook: Application {
    func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange] {
        [StateChange(key: Array("name".utf8), value: Array(genesis.name.utf8))]
    }

    func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection? {
        transaction.body.calls.count > 4 ? Rejection(1, "at most four notes at once") : nil
    }

    func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        var notes: [[UInt8]: [UInt8]] = [:]
        var receipts: [Receipt] = []
        for transaction in transactions {
            if try admission(of: transaction, context: context, state: state) != nil { return nil }
            for call in transaction.body.calls {
                notes[Notebook.key(transaction.body.sender, call.method)] = call.arguments
            }
            receipts.append(Receipt(subject: transaction.digest, rejection: nil, workUsed: 1))
        }
        let keys = notes.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let changes = keys.map { StateChange(key: $0, value: notes[$0]) }
        return ExecutionResult(changes: changes, receipts: receipts, nextValidators: nil)
    }

    static func key(_ sender: PublicKey, _ note: UInt16) -> [UInt8] { sender.bcs + note.bigEndianBytes }
}

extension UInt16 {
    var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}

func secret(_ number: UInt8) -> Secp256k1.SecretKey {
    guard let key = Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [number]) else { fatalError("no key") }
    return key
}

/// Waits until the condition holds; false after a time that only a broken program needs.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<3000 {
        if try await condition() { return true }
        try? await Task.sleep(nanoseconds: 10_000_000)
    }
    return false
}

typealias TestNode = LedgerNode<Notebook>

/// Four validators on loopback, each with its own folder, as four processes would be.
final class TestNetwork {
    let genesis: Genesis
    let folder: String
    private let identities: [TransportIdentity]
    private(set) var nodes: [TestNode?] = [nil, nil, nil, nil]
    private var ports = [0, 0, 0, 0]
    private var salt: UInt64 = 0
    var adjust: (inout NodeConfiguration) -> Void = { _ in }

    init() throws {
        folder = NSTemporaryDirectory() + "commonwatt-" + UUID().uuidString
        let identities = try (0..<4).map { _ in try TransportIdentity.generate() }
        self.identities = identities
        let validators = (0..<4).map { index in
            Validator(
                partner: "partner-\(index)", consensusKey: secret(UInt8(index + 1)).publicKey,
                transportKey: identities[index].peer)
        }
        var parameters = ChainParameters()
        parameters.heartbeatMilliseconds = 1_000
        genesis = Genesis(
            name: "test", time: Timestamp(UInt64(Date().timeIntervalSince1970 * 1000)), parameters: parameters,
            validators: try ValidatorSet(validators), application: [])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func configuration(_ index: Int) -> NodeConfiguration {
        var configuration = NodeConfiguration(
            genesis: genesis, key: secret(UInt8(index + 1)), transport: identities[index],
            dataFolder: folder + "/node-\(index)")
        configuration.listenHost = "127.0.0.1"
        configuration.listenPort = ports[index]
        configuration.peers = peers
        configuration.journal.segmentBytes = 16 * 1024 * 1024
        configuration.limits.verifierThreads = 1
        adjust(&configuration)
        return configuration
    }

    var peers: [PeerConfiguration] {
        (0..<4).filter { ports[$0] != 0 }.map {
            PeerConfiguration(name: "partner-\($0)", peer: identities[$0].peer, host: "127.0.0.1", port: ports[$0])
        }
    }

    func peer(_ index: Int) -> Digest { identities[index].peer }
    func identity(_ index: Int) -> TransportIdentity { identities[index] }
    func port(_ index: Int) -> Int { ports[index] }
    func node(_ index: Int) throws -> TestNode { try #require(nodes[index]) }

    func prepare() throws {
        for index in 0..<4 { try TestNode.prepare(configuration(index)) }
    }

    func start(_ indices: [Int]) async throws {
        var logger = Logger(label: "node")
        logger.logLevel =
            ProcessInfo.processInfo.environment["COMMONWATT_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .error
        for index in indices {
            logger[metadataKey: "node"] = "\(index)"
            let node = try await TestNode.start(
                application: Notebook(), configuration: configuration(index), logger: logger)
            nodes[index] = node
            ports[index] = node.peerPort ?? 0
        }
        for node in nodes { node?.setPeers(peers) }
    }

    func stop(_ indices: [Int]) async {
        for index in indices {
            await nodes[index]?.stop()
            nodes[index] = nil
        }
    }

    func transaction(_ note: String, number: UInt16 = 0, sender: UInt8 = 100) throws -> Transaction {
        salt += 1
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let body = TransactionBody(
            network: genesis.network, sender: secret(sender).publicKey, expiry: Timestamp(now + 300_000), salt: salt,
            calls: [Call(instance: Address(createdBy: .zero, index: 0), method: number, arguments: Array(note.utf8))])
        return try Transaction(signing: body, with: secret(sender))
    }

    /// Submits at a node and waits until the transaction is final there.
    @discardableResult
    func commit(_ note: String, at index: Int) async throws -> TransactionLocation {
        let transaction = try transaction(note)
        let refusals = try await node(index).submit([transaction])
        #expect(refusals == [nil])
        let outcome = try await node(index).outcome(of: transaction.digest, waitingMilliseconds: 30_000)
        guard case .final(let location, let receipt) = outcome else {
            let why = await (try node(index)).snapshot()
            Issue.record("not final: \(outcome), waiting for \(why.waitingFor ?? "nothing"), status \(why.status)")
            throw NodeFailure.busy("not final")
        }
        #expect(receipt.subject == transaction.digest && receipt.rejection == nil)
        return location
    }
}
