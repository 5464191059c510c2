internal import ArgumentParser
internal import Foundation
internal import Wiring

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
        if checkConfig { return try show(try NodeWiring.check(settings)) }
        try await NodeWiring.run(settings, journalLost: journalLost)
    }

    private func show(_ report: ConfigurationReport) throws {
        var document = Dictionary(report.rows) { first, _ in first }
        document["notes"] = report.notes.joined(separator: "\n")
        try output.show(document) {
            let width = (report.rows.map(\.0.count).max() ?? 0) + 2
            let lines = report.rows.map { "  " + $0.0.padding(toLength: width, withPad: " ", startingAt: 0) + $0.1 }
            let headline =
                report.notes.isEmpty
                ? "The configuration is good." : "The configuration works; look at the lines with !."
            return ([headline] + lines + report.notes.map { "! " + $0 }).joined(separator: "\n")
        }
    }
}
