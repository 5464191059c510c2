internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// Where a command finds nodes.
struct NodeOptions: ParsableArguments {
    @Option(
        name: .customLong("node"),
        help: "Address of a node's API; repeat for more. Also COMMONWATT_NODE, comma-separated.")
    var nodes: [String] = []

    @OptionGroup var trust: TrustOptions

    /// Opens a client of these nodes for one piece of work. It rests on what is trusted, and what it verified is kept, also
    /// when the work fails.
    func with<Result>(
        configuration: NodeClientConfiguration = .init(), _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        try await with(try trust.trust(), configuration: configuration, body)
    }

    /// The same for a command that does nothing without proof.
    func proving<Result>(_ body: (NodeClient, Trust) async throws -> Result) async throws -> Result {
        let trust = try trust.required()
        return try await with(trust) { try await body($0, trust) }
    }

    /// The same with `trust`, or without any.
    func with<Result>(
        _ trust: Trust?, configuration: NodeClientConfiguration = .init(),
        _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        try await Trust.with(trust, addresses, configuration: configuration, body)
    }

    var addresses: [String] {
        if !nodes.isEmpty { return nodes }
        let environment = ProcessInfo.processInfo.environment["COMMONWATT_NODE"] ?? "http://127.0.0.1:8400"
        return environment.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

/// Where a command finds nodes, and who it acts for.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var nodes: NodeOptions

    @Option(name: .long, help: "Secret key file of whoever signs. Also COMMONWATT_KEY.")
    var key: String?

    @Option(name: .customLong("for"), help: "Partner that the key acts for, when that one delegated to it.")
    var actor: String?

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
