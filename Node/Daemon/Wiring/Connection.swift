internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import Primitives

/// Where a command finds nodes.
struct NodeOptions: ParsableArguments {
    @Option(
        name: .customLong("node"),
        help: "Address of a node's API; repeat for more. Also COMMONWATT_NODE, comma-separated.")
    var nodes: [String] = []

    var addresses: [String] {
        if !nodes.isEmpty { return nodes }
        let environment = ProcessInfo.processInfo.environment["COMMONWATT_NODE"] ?? "http://127.0.0.1:8400"
        return environment.split(separator: ",").map(String.init)
    }
}

/// Where a command finds nodes, and who it acts for.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var nodes: NodeOptions

    @Option(name: .long, help: "Secret key file of whoever signs. Also COMMONWATT_KEY.")
    var key: String?

    @Option(name: .customLong("for"), help: "Partner that the key acts for, when that one delegated to it.")
    var actor: String?

    var addresses: [String] { nodes.addresses }

    /// The key file that was named.
    var keyFile: String? { key ?? ProcessInfo.processInfo.environment["COMMONWATT_KEY"] }

    func signer() throws -> Sender {
        guard let path = keyFile else {
            throw UserError("This command signs a transaction: name the key file with --key (or COMMONWATT_KEY).")
        }
        return Sender(key: try KeyFile.read(path), actor: actor)
    }
}

/// Who signs a transaction: a partner's own key, or one that a partner delegated to and that names it.
struct Sender {
    let key: Secp256k1.SecretKey
    var actor: String?
}

/// Signs and submits transactions of one key, and reads contracts.
struct ChainSession {
    static let lifetimeMilliseconds: UInt64 = 120_000
    static let finalitySecondsMax: UInt32 = 60

    let client: NodeClient
    let network: Digest
    let key: Secp256k1.SecretKey
    /// The partner that the key acts for; nil: the one that it belongs to.
    let actor: String?

    init(_ client: NodeClient, _ key: Secp256k1.SecretKey) async throws {
        try await self.init(client, Sender(key: key))
    }

    init(_ client: NodeClient, _ sender: Sender) async throws {
        self.client = client
        key = sender.key
        actor = sender.actor
        network = try await client.nodeStatus().network
    }

    func transaction(_ calls: [Call]) throws -> Transaction {
        let expiry = Timestamp.wallClock.adding(milliseconds: ChainSession.lifetimeMilliseconds)
        let body = TransactionBody(
            network: network, sender: key.publicKey, actor: actor, expiry: expiry,
            salt: UInt64.random(in: 0...UInt64.max), calls: calls)
        return try Transaction(signing: body, with: key)
    }

    /// Runs the calls as one transaction and waits until it is final. A rejection by a contract is an error that says why.
    @discardableResult
    func run(_ calls: [Call], doing what: String) async throws -> TransactionResult {
        let result = try await client.run(try transaction(calls), seconds: ChainSession.finalitySecondsMax)
        if let rejection = result.receipt.rejection {
            throw UserError("The chain refused \(what): \(rejection.text) (rejection \(rejection.code)).")
        }
        return result
    }

    /// Asks a contract's query.
    func ask<Arguments: ContractValue, Answer: ContractValue>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) async throws -> Answer {
        try Answer(bcs: try await client.query(instance, query.number, arguments: arguments.bcs))
    }
}
