internal import Foundation
internal import OperatorFiles

/// Settings of a node as a person writes them: every field optional, from a YAML file, the environment
/// (`COMMONWATT_LISTEN_RPC` and so on) and flags, later ones winning. `NodeSettings` is what remains after checking.
package struct UserSettings: Sendable {
    package var partner: String?
    package var genesis: String?
    package var keys: String?
    package var data: String?
    package var validator: Bool?
    package var listenPeers: String?
    package var listenRPC: String?
    /// Partner identifier -> host:port, or KEY@host:port.
    package var peers: [String: String]?
    /// Transport keys (hexadecimal) of full nodes that may connect though they are no validators.
    var fullNodes: [String]?
    package var log: String?
    var requestsPerSecondMax: Int?
    var streamsMax: Int?
    var snapshotLagBlocks: Int?
    /// Blocks, or "all".
    package var keepStates: String?
    var operatorDID: String?
    var lightgbm: String?
    /// A second folder, best on another disk, that betrays a data folder put back to an earlier day.
    var witness: String?
    /// PEM files: with both, the HTTP API speaks TLS.
    var apiCertificate: String?
    var apiKey: String?
    /// Take a client's address from the last X-Forwarded-For entry.
    var trustForwardedFor: Bool?
    /// Settle communities by itself.
    var settler: Bool?
    /// Addresses of communities to settle besides those that the own partner runs.
    var settleCommunities: [String]?
    var settlerWaitMinutes: Int?
    var settlerQuietSeconds: Int?
    var settlerDelaySeconds: Int?
    /// Partners whose parts of data sets this node copies; all when it is missing.
    var copiesFor: [String]?
    var copiesMegabytesMax: Int?
    var waitingMegabytesMax: Int?

    package init() {}

    /// Where a setting's value goes, and of what kind it is.
    enum Field {
        case text(WritableKeyPath<UserSettings, String?>)
        case truth(WritableKeyPath<UserSettings, Bool?>)
        case number(WritableKeyPath<UserSettings, Int?>)
        case list(WritableKeyPath<UserSettings, [String]?>)
        case map(WritableKeyPath<UserSettings, [String: String]?>)

        var expected: String {
            switch self {
            case .text: "a text"
            case .truth: "true or false"
            case .number: "a whole number"
            case .list: "a list of texts (one '- text' per line)"
            case .map: "names with a text each (one 'name: text' per line)"
            }
        }
    }

    /// All settings by their names in files.
    static var fields: [(name: String, field: Field)] {
        [
            ("partner", .text(\.partner)), ("genesis", .text(\.genesis)), ("keys", .text(\.keys)),
            ("data", .text(\.data)), ("validator", .truth(\.validator)), ("listen-peers", .text(\.listenPeers)),
            ("listen-rpc", .text(\.listenRPC)), ("peers", .map(\.peers)), ("full-nodes", .list(\.fullNodes)),
            ("log", .text(\.log)), ("requests-per-second-max", .number(\.requestsPerSecondMax)),
            ("streams-max", .number(\.streamsMax)), ("keep-states", .text(\.keepStates)),
            ("snapshot-lag-blocks", .number(\.snapshotLagBlocks)), ("operator-did", .text(\.operatorDID)),
            ("lightgbm", .text(\.lightgbm)), ("witness", .text(\.witness)),
            ("api-certificate", .text(\.apiCertificate)), ("api-key", .text(\.apiKey)),
            ("trust-forwarded-for", .truth(\.trustForwardedFor)),
            ("settler", .truth(\.settler)), ("settle-communities", .list(\.settleCommunities)),
            ("settler-wait-minutes", .number(\.settlerWaitMinutes)),
            ("settler-quiet-seconds", .number(\.settlerQuietSeconds)),
            ("settler-delay-seconds", .number(\.settlerDelaySeconds)),
            ("copies-for", .list(\.copiesFor)), ("copies-megabytes-max", .number(\.copiesMegabytesMax)),
            ("waiting-megabytes-max", .number(\.waitingMegabytesMax)),
        ]
    }

    // MARK: environment

    private static let prefix = "COMMONWATT_"
    /// Variables of commands other than `node`.
    private static let otherVariables = ["NODE", "KEY", "TRUSTED"]

    private static func variable(_ name: String) -> String {
        prefix + name.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    /// Settings from `COMMONWATT_*` variables. `COMMONWATT_PEERS` is `partner=host:port,partner=host:port`. A variable
    /// that is nearly one of them is refused: it is a misspelt one.
    static func fromEnvironment(_ environment: [String: String]) throws -> UserSettings {
        let known = fields.map { variable($0.name) }
        for name in environment.keys.sorted() where name.hasPrefix(prefix) && !known.contains(name) {
            guard !otherVariables.contains(String(name.dropFirst(prefix.count))),
                let near = Spelling.nearest(to: name, in: known)
            else { continue }
            throw UserError("The variable \(name) is no setting; did you mean \(near)?")
        }
        var settings = UserSettings()
        for (name, field) in fields {
            guard let text = environment[variable(name)] else { continue }
            try settings.set(field, text, of: variable(name))
        }
        return settings
    }

    private mutating func set(_ field: Field, _ text: String, of variable: String) throws {
        let problem = UserError("\(variable) must be \(field.expected), not '\(text)'.")
        switch field {
        case .text(let path): self[keyPath: path] = text
        case .truth(let path):
            guard let flag = Bool(text) else { throw problem }
            self[keyPath: path] = flag
        case .number(let path):
            guard let number = Int(text) else { throw problem }
            self[keyPath: path] = number
        case .list(let path): self[keyPath: path] = text.split(separator: ",").map(String.init)
        case .map(let path): self[keyPath: path] = try UserSettings.parsePeers(text)
        }
    }

    package static func parsePeers(_ text: String) throws -> [String: String] {
        var peers: [String: String] = [:]
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw UserError("Peers are written partner=host:port, not '\(entry)'.") }
            peers[parts[0]] = parts[1]
        }
        return peers
    }

    /// `self` where `other` says nothing, else `other`.
    func overridden(by other: UserSettings) -> UserSettings {
        var merged = self
        func take<Value>(_ path: WritableKeyPath<UserSettings, Value?>) {
            if let value = other[keyPath: path] { merged[keyPath: path] = value }
        }
        for (_, field) in UserSettings.fields {
            switch field {
            case .text(let path): take(path)
            case .truth(let path): take(path)
            case .number(let path): take(path)
            case .list(let path): take(path)
            case .map(let path): take(path)
            }
        }
        return merged
    }
}
