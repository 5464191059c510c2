internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import Logging
internal import NodeRuntime
internal import Primitives
internal import Transport

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Run a node: a validator, or a full node that follows without voting.",
        discussion: """
            Settings come from the file, then COMMONWATT_* variables, then flags; later ones win. With --check-config the
            node checks settings, keys, genesis, journal and places, says what it would do, and ends: with 1 when something
            keeps it from working; lines with ! should be looked at.
            """)

    @Option(help: "Configuration file (YAML).") var config: String?
    @Option(help: "Identifier of the partner.") var partner: String?
    @Option(help: "Genesis file.") var genesis: String?
    @Option(help: "Folder of the keys.") var keys: String?
    @Option(help: "Folder of the data.") var data: String?
    @Option(help: "Vote (true) or follow only (false).") var validator: Bool?
    @Option(help: "host:port to listen on for peers.") var listenPeers: String?
    @Option(help: "host:port of the HTTP API.") var listenRpc: String?
    @Option(help: "Where the others listen: partner=host:port,partner=host:port.") var peers: String?
    @Option(help: "Blocks whose states stay readable below the newest checkpoint, or 'all'.") var keepStates: String?
    @Option(help: "Log level: \(NodeSettings.logLevels.joined(separator: ", ")).") var log: String?
    @Flag(
        help:
            "The journal may lack votes of this key, e.g. after a disk was put back to an earlier day: abstain until the peers have said how far it may have voted."
    ) var journalLost = false
    @Flag(help: "Check the configuration and end.") var checkConfig = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var flags = UserSettings()
        flags.partner = partner
        flags.genesis = genesis
        flags.keys = keys
        flags.data = data
        flags.validator = validator
        flags.listenPeers = listenPeers
        flags.listenRPC = listenRpc
        flags.peers = try peers.map(UserSettings.parsePeers)
        flags.log = log
        flags.keepStates = keepStates
        let settings = try NodeSettings.load(config: config, flags: flags)
        if checkConfig { return try check(settings) }
        try await NodeWiring.run(settings, journalLost: journalLost)
    }

    private func check(_ settings: NodeSettings) throws {
        let configuration = try NodeWiring.configuration(settings)
        let found = ConfigCheck(settings, configuration, try NodeKeys.read(settings.keys))
        guard found.problems.isEmpty else { throw UserError(found.problems.joined(separator: "\n")) }
        let genesis = configuration.genesis
        let key = configuration.key?.publicKey
        let isFounder = genesis.validators.validators.contains { $0.consensusKey == key }
        let role =
            key == nil
            ? "follows without voting (validator: false)"
            : isFounder ? "validator of the genesis" : "votes once its key is in the validator set; not in the genesis"
        let rows = [
            ("partner", settings.partner), ("role", role), ("network", "\(genesis.name) \(genesis.network)"),
            ("keys", settings.keys), ("transport key", configuration.transport.peer.description),
            ("data", settings.data), ("journal", found.journal), ("listen-peers", settings.listenPeers.description),
            ("listen-rpc", settings.listenRPC.description),
            ("peers", settings.peers.isEmpty ? "none" : settings.peers.map(\.text).joined(separator: ", ")),
            ("settler", settings.settler.words), ("keep-states", settings.keepStates.map { "\($0) blocks" } ?? "all"),
        ]
        var document = Dictionary(rows) { first, _ in first }
        document["notes"] = found.notes.joined(separator: "\n")
        try output.show(document) {
            let width = (rows.map(\.0.count).max() ?? 0) + 2
            let lines = rows.map { "  " + $0.0.padding(toLength: width, withPad: " ", startingAt: 0) + $0.1 }
            let headline =
                found.notes.isEmpty
                ? "The configuration is good." : "The configuration works; look at the lines with !."
            return ([headline] + lines + found.notes.map { "! " + $0 }).joined(separator: "\n")
        }
    }
}

extension NodeSettings {
    /// File, then environment, then flags.
    static func load(config: String?, flags: UserSettings) throws -> NodeSettings {
        let file = try config.map(SettingsFile.read) ?? UserSettings()
        let environment = try UserSettings.fromEnvironment(ProcessInfo.processInfo.environment)
        let folder =
            config.map { URL(filePath: $0).deletingLastPathComponent().path }
            ?? FileManager.default.currentDirectoryPath
        return try NodeSettings(file.overridden(by: environment).overridden(by: flags), relativeTo: folder)
    }
}
