internal import Chain
internal import ContractHost
internal import LedgerCrypto
internal import NodeRuntime
internal import OperatorFiles
internal import Primitives
internal import Storage
internal import Transport

/// What a node would do with its settings, for people.
package struct ConfigurationReport: Sendable {
    /// Name and value, in the order in which people read them.
    package let rows: [(String, String)]
    /// What may be meant, and should be looked at.
    package let notes: [String]
}

/// What an operator does with a node that does not run.
extension NodeWiring {
    /// Checks settings, keys, genesis, journal and places. Throws what keeps the node from working.
    package static func check(_ settings: NodeSettings) throws -> ConfigurationReport {
        let configuration = try configuration(settings)
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
        return ConfigurationReport(rows: rows, notes: found.notes)
    }

    /// Marks the empty journal as one whose key never voted. Refuses a journal that is there.
    package static func prepare(_ settings: NodeSettings) throws {
        let configuration = try configuration(settings)
        switch try LedgerNode<ContractApplication>.journalCondition(configuration) {
        case .missing: break
        case .prepared: throw UserError("\(settings.data) is prepared already; start the node.")
        case .used, .lost, .foreign:
            throw UserError(
                "\(settings.data) holds the journal of a node that was started, and nothing was changed. A key that may have voted must never start as a fresh one: start the node as it is. Only if its network never made a block, or the keys are new, move the folder away and prepare again."
            )
        }
        try LedgerNode<ContractApplication>.prepare(configuration)
    }

    /// Relies on a journal that was moved to another disk, from the next start on.
    package static func adoptMovedJournal(_ settings: NodeSettings) throws {
        try LedgerNode<ContractApplication>.adoptMoved(try configuration(settings))
    }
}
