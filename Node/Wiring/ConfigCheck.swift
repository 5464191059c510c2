internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import NodeRuntime
internal import OperatorFiles
internal import Primitives
internal import Storage
internal import Transport

/// What `node --check-config` finds beyond the form of the settings.
struct ConfigCheck {
    /// What keeps the node from working; the check fails with them.
    private(set) var problems: [String] = []
    /// What may be meant, and should be looked at.
    private(set) var notes: [String] = []
    /// The journal's condition in a few words.
    private(set) var journal = ""

    init(_ settings: NodeSettings, _ configuration: NodeConfiguration, _ keys: NodeKeys) {
        notes += KeyCheck.notes(keys, settings, configuration.genesis)
        checkJournal(settings, configuration)
        if let problem = ConfigCheck.unwritable(settings.data) { problems.append(problem) }
        for (name, place) in [("listen-peers", settings.listenPeers), ("listen-rpc", settings.listenRPC)] {
            if let problem = LocalAddress.problem(place.host) { problems.append("Setting '\(name)': \(problem)") }
        }
        if let file = settings.lightgbm, !FileManager.default.fileExists(atPath: file) {
            problems.append("Setting 'lightgbm': there is no file \(file).")
        }
        if settings.peers.allSatisfy({ $0.partner == settings.partner }), configuration.genesis.validators.count > 1 {
            notes.append("'peers' is empty: the node dials nobody, and hears of the chain only if others dial it.")
        }
        checkNames(settings, configuration.genesis)
    }

    private mutating func checkJournal(_ settings: NodeSettings, _ configuration: NodeConfiguration) {
        let prepare =
            "A new validator, whose key never voted: run `commonwatt genesis prepare --config FILE` once, before the first start."
        do {
            switch try LedgerNode<ContractApplication>.journalCondition(configuration) {
            case .prepared: journal = "prepared, never used"
            case .used: journal = "in use"
            case .missing:
                journal = "none"
                guard configuration.key != nil else { return }
                journal = "not prepared"
                notes.append(
                    "The journal in \(settings.data) is not prepared: the node would abstain from voting. \(prepare) A key that voted and lost its disk: start as it is, the node asks its peers first."
                )
            case .lost(let why):
                journal = "counts as lost"
                guard configuration.key != nil else { return }
                notes.append(
                    "The journal in \(settings.data) counts as lost (\(why)): the node abstains from voting until its peers have told it how far it may have voted."
                )
            case .foreign:
                journal = "of other keys"
                problems.append(
                    "The journal in \(settings.data) belongs to other keys or another network, and the node refuses it. After `gov rotate` name a new data folder, else correct 'data' or 'keys'."
                )
            }
        } catch {
            problems.append("The journal in \(settings.data) cannot be read: \(error)")
        }
    }

    private mutating func checkNames(_ settings: NodeSettings, _ genesis: Genesis) {
        let known = genesis.partners.map(\.id)
        for (name, ids) in [
            ("partner", [settings.partner]), ("copies-for", (settings.room.owners ?? []).sorted()),
        ] {
            for id in ids where !known.contains(id) {
                let hint = Spelling.nearest(to: id, in: known).map { " Did you mean '\($0)'?" } ?? ""
                notes.append(
                    "Setting '\(name)': the genesis has no partner '\(id)', which is right only for one that joined later.\(hint)"
                )
            }
        }
    }

    /// Why nothing can be written at a place, tried in the nearest folder that there is; nil when it can.
    static func unwritable(_ path: String) -> String? {
        let manager = FileManager.default
        var folder = path
        while folder != "/", folder != ".", !manager.fileExists(atPath: folder) {
            folder = FileManager.folder(of: folder) ?? (folder.hasPrefix("/") ? "/" : ".")
        }
        let probe = folder + "/.commonwatt-check-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try manager.createDirectory(atPath: probe, withIntermediateDirectories: false)
            try manager.removeItem(atPath: probe)
            return nil
        } catch {
            return
                "Setting 'data': nothing can be written into \(folder) (\(error.localizedDescription)); choose another place, or give this user the right."
        }
    }
}

/// The keys of a folder beside those of the genesis.
enum KeyCheck {
    /// Refuses keys that the genesis gives to another partner: that is a wrong folder, and would only show much later.
    static func refuseForeign(_ keys: NodeKeys, _ settings: NodeSettings, _ genesis: Genesis) throws {
        let validators = genesis.validators.validators
        let operatorKey = keys.operatorKey.publicKey
        let owners: [(String, String?)] = [
            ("consensus key", validators.first { $0.consensusKey == keys.consensus.publicKey }?.partner),
            ("transport key", validators.first { $0.transportKey == keys.transport.peer }?.partner),
            ("operator key", genesis.partners.first { $0.keys.contains(operatorKey) }?.id),
        ]
        for (name, owner) in owners {
            guard let owner, owner != settings.partner else { continue }
            throw UserError(
                "Setting 'partner' is '\(settings.partner)', but the genesis has the \(name) in \(settings.keys) as that of '\(owner)'; correct 'partner' or 'keys'."
            )
        }
    }

    /// Keys that are not those of the genesis, which is right after a change of keys, and else a mistake.
    static func notes(_ keys: NodeKeys, _ settings: NodeSettings, _ genesis: Genesis) -> [String] {
        var notes: [String] = []
        if settings.validator, let index = genesis.validators.index(ofPartner: settings.partner) {
            let founder = genesis.validators.validators[index]
            for (name, isFounders) in [
                ("consensus key", founder.consensusKey == keys.consensus.publicKey),
                ("transport key", founder.transportKey == keys.transport.peer),
            ] where !isFounders {
                notes.append(
                    "The \(name) in \(settings.keys) is not the one that the genesis has for '\(settings.partner)': right only after `gov rotate`."
                )
            }
        }
        if let own = genesis.partners.first(where: { $0.id == settings.partner }),
            !own.keys.contains(keys.operatorKey.publicKey)
        {
            notes.append(
                "The operator key in \(settings.keys) is not one that the genesis has for '\(settings.partner)': right only after the partner's keys were changed."
            )
        }
        return notes
    }
}

extension Genesis {
    /// The partners with which the network began; none when the genesis is of another application.
    fileprivate var partners: [Partner] { (try? SuiteGenesis(bcs: application))?.partners ?? [] }
}
