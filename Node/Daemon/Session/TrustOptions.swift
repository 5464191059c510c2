internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// What a command believes of a network before it asks a node.
struct Trust {
    /// Where verified reads begin.
    let anchor: TrustAnchor
    let networkName: String
    /// File that keeps what they came to.
    let keptFile: String?

    /// Opens a client for one piece of work. What it verified is kept, also when the work fails.
    static func with<Result>(
        _ trust: Trust?, _ nodes: [String], configuration: NodeClientConfiguration = .init(),
        _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        try await NodeClient.with(nodes, anchor: trust?.anchor, configuration: configuration) { client in
            defer { trust?.keep(client.anchor) }
            return try await body(client)
        }
    }

    /// Keeps what was verified, when it is newer. A failure is told and no more: what the command did is done, and must not
    /// look undone.
    func keep(_ reached: TrustAnchor?) {
        guard let keptFile, let reached, reached.header != nil, reached != anchor else { return }
        do {
            try KeptTrust(networkName: networkName, anchor: reached).write(to: keptFile)
        } catch {
            let line = "Warning: the trusted state could not be kept in \(keptFile): \(error)\n"
            FileHandle.standardError.write(Data(line.utf8))
        }
    }
}

/// What a command trusts; without either option it has only the nodes' word.
struct TrustOptions: ParsableArguments {
    @Option(
        help:
            "Genesis file of the network: what is signed is signed for this network, a node of another one is refused, and outcomes of transactions are proved. Without it, and without --trusted, the network that is signed for, final and pending are the node's word. Also COMMONWATT_GENESIS."
    )
    var genesis: String?

    @Option(
        help:
            "File that keeps the newest verified state: the next command goes on from there and believes no older one. Made at the first time, which needs --genesis. Also COMMONWATT_TRUSTED."
    )
    var trusted: String?

    /// An option, or what the environment has in its place.
    private static func given(_ option: String?, _ variable: String) -> String? {
        option ?? ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Nil when nothing to trust was named. Throws when what was named cannot be used or is of two networks.
    func trust() throws -> Trust? {
        try TrustOptions.trust(
            genesis: TrustOptions.given(genesis, "COMMONWATT_GENESIS"),
            trusted: TrustOptions.given(trusted, "COMMONWATT_TRUSTED"))
    }

    /// For commands that do nothing without proof.
    func required() throws -> Trust {
        guard let trust = try trust() else {
            throw UserError("This command proves what it says: name the network's genesis file with --genesis.")
        }
        return trust
    }

    static func trust(genesis file: String?, trusted: String?) throws -> Trust? {
        let genesis = try file.map { try GenesisFile.read($0) }
        guard let trusted else {
            return genesis.map { Trust(anchor: TrustAnchor($0), networkName: $0.name, keptFile: nil) }
        }
        guard let kept = try KeptTrust.read(trusted) else {
            guard let genesis else {
                throw UserError("There is no \(trusted) yet: name the network's genesis file with --genesis this time.")
            }
            try NewFile.check(trusted, option: "--trusted")
            return Trust(anchor: TrustAnchor(genesis), networkName: genesis.name, keptFile: trusted)
        }
        if let file, let genesis, genesis.network != kept.anchor.network || genesis.name != kept.networkName {
            throw UserError(
                "\(trusted) is of another network (\(kept.networkName), \(kept.anchor.network.short)) than \(file) (\(genesis.name), \(genesis.network.short)): choose the one that belongs to it, or another file for --trusted."
            )
        }
        return Trust(anchor: kept.anchor, networkName: kept.networkName, keptFile: trusted)
    }
}
