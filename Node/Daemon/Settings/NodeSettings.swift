internal import Foundation
internal import Yams

/// Settings of a node as a person writes them: every field optional, from a YAML file, the environment
/// (`COMMONWATT_LISTEN_RPC` and so on) and flags, later ones winning. `NodeSettings` is what remains after checking.
struct UserSettings: Codable, Sendable {
    var partner: String?
    var genesis: String?
    var keys: String?
    var data: String?
    var validator: Bool?
    var listenPeers: String?
    var listenRPC: String?
    /// Partner identifier -> host:port.
    var peers: [String: String]?
    /// Transport keys (hexadecimal) of full nodes that may connect though they are no validators.
    var fullNodes: [String]?
    var log: String?
    var requestsPerSecondMax: Int?
    var streamsMax: Int?
    var snapshotLagBlocks: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case partner, genesis, keys, data, validator, peers, log
        case listenPeers = "listen-peers"
        case listenRPC = "listen-rpc"
        case fullNodes = "full-nodes"
        case requestsPerSecondMax = "requests-per-second-max"
        case streamsMax = "streams-max"
        case snapshotLagBlocks = "snapshot-lag-blocks"
    }

    /// Reads a YAML file; unknown keys are an error, since a misspelt setting must not be ignored.
    static func read(_ path: String) throws -> UserSettings {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError("No configuration file at \(path).")
        }
        let text = String(decoding: data, as: UTF8.self)
        do {
            let known = Set(CodingKeys.allCases.map(\.rawValue))
            if let mapping = try Yams.load(yaml: text) as? [String: Any] {
                for key in mapping.keys.sorted() where !known.contains(key) {
                    throw UserError(
                        "\(path): unknown setting '\(key)'; known are \(known.sorted().joined(separator: ", ")).")
                }
            }
            return try YAMLDecoder().decode(UserSettings.self, from: text.isEmpty ? "{}" : text)
        } catch let error as UserError {
            throw error
        } catch {
            throw UserError("\(path) is not a valid configuration: \(error)")
        }
    }

    /// Settings from `COMMONWATT_*` variables. `COMMONWATT_PEERS` is `partner=host:port,partner=host:port`.
    static func fromEnvironment(_ environment: [String: String]) throws -> UserSettings {
        var settings = UserSettings()
        settings.partner = environment["COMMONWATT_PARTNER"]
        settings.genesis = environment["COMMONWATT_GENESIS"]
        settings.keys = environment["COMMONWATT_KEYS"]
        settings.data = environment["COMMONWATT_DATA"]
        settings.listenPeers = environment["COMMONWATT_LISTEN_PEERS"]
        settings.listenRPC = environment["COMMONWATT_LISTEN_RPC"]
        settings.log = environment["COMMONWATT_LOG"]
        settings.validator = try environment["COMMONWATT_VALIDATOR"].map { text in
            guard let flag = Bool(text) else {
                throw UserError("COMMONWATT_VALIDATOR must be true or false, not '\(text)'.")
            }
            return flag
        }
        settings.requestsPerSecondMax = try number("COMMONWATT_REQUESTS_PER_SECOND_MAX", environment)
        settings.streamsMax = try number("COMMONWATT_STREAMS_MAX", environment)
        settings.snapshotLagBlocks = try number("COMMONWATT_SNAPSHOT_LAG_BLOCKS", environment)
        settings.peers = try environment["COMMONWATT_PEERS"].map(parsePeers)
        settings.fullNodes = environment["COMMONWATT_FULL_NODES"].map { $0.split(separator: ",").map(String.init) }
        return settings
    }

    static func parsePeers(_ text: String) throws -> [String: String] {
        var peers: [String: String] = [:]
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw UserError("Peers are written partner=host:port, not '\(entry)'.") }
            peers[parts[0]] = parts[1]
        }
        return peers
    }

    private static func number(_ name: String, _ environment: [String: String]) throws -> Int? {
        try environment[name].map { text in
            guard let value = Int(text) else { throw UserError("\(name) must be a number, not '\(text)'.") }
            return value
        }
    }

    /// `self` where `other` says nothing, else `other`.
    func overridden(by other: UserSettings) -> UserSettings {
        var merged = self
        merged.partner = other.partner ?? partner
        merged.genesis = other.genesis ?? genesis
        merged.keys = other.keys ?? keys
        merged.data = other.data ?? data
        merged.validator = other.validator ?? validator
        merged.listenPeers = other.listenPeers ?? listenPeers
        merged.listenRPC = other.listenRPC ?? listenRPC
        merged.peers = other.peers ?? peers
        merged.fullNodes = other.fullNodes ?? fullNodes
        merged.log = other.log ?? log
        merged.requestsPerSecondMax = other.requestsPerSecondMax ?? requestsPerSecondMax
        merged.streamsMax = other.streamsMax ?? streamsMax
        merged.snapshotLagBlocks = other.snapshotLagBlocks ?? snapshotLagBlocks
        return merged
    }
}

/// A host and a port, checked.
struct HostPort: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    init(_ text: String, setting: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port), colon != text.startIndex
        else { throw UserError("Setting '\(setting)': expected host:port (port 1 to 65535), not '\(text)'.") }
        host = String(text[..<colon]).trimmingCharacters(in: ["[", "]"])
        guard !host.isEmpty, host.utf8.allSatisfy(HostPort.isHostCharacter) else {
            throw UserError("Setting '\(setting)': '\(host)' is neither a host's name nor an address.")
        }
        self.port = port
    }

    /// Letters, digits and what stands in names and in addresses of both families.
    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x2d, 0x2e, 0x3a, 0x5f, 0x25: true  // - . : _ and % before an IPv6 zone
        default: false
        }
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Checked settings: everything present, every path and address well formed.
struct NodeSettings: Sendable {
    let partner: String
    let genesis: String
    let keys: String
    let data: String
    let validator: Bool
    let listenPeers: HostPort
    let listenRPC: HostPort
    let peers: [(partner: String, endpoint: HostPort)]
    let fullNodes: [String]
    let log: String
    let requestsPerSecondMax: Int
    let streamsMax: Int
    /// A node so many blocks behind takes over a state.
    let snapshotLagBlocks: Int

    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error"]

    /// Relative paths are taken from `folder`, the configuration file's own.
    init(_ user: UserSettings, relativeTo folder: String) throws {
        func required(_ value: String?, _ name: String) throws -> String {
            guard let value, !value.isEmpty else {
                throw UserError("Setting '\(name)' is missing: write it into the file, or give --\(name).")
            }
            return value
        }
        func path(_ text: String) -> String { text.hasPrefix("/") ? text : folder + "/" + text }
        partner = try required(user.partner, "partner")
        genesis = path(try required(user.genesis, "genesis"))
        keys = path(user.keys ?? "keys")
        data = path(user.data ?? "data")
        validator = user.validator ?? true
        listenPeers = try HostPort(user.listenPeers ?? "0.0.0.0:7400", setting: "listen-peers")
        listenRPC = try HostPort(user.listenRPC ?? "127.0.0.1:8400", setting: "listen-rpc")
        guard listenPeers.port != listenRPC.port else {
            throw UserError(
                "Settings 'listen-peers' and 'listen-rpc' both name port \(listenRPC.port); give each its own.")
        }
        peers = try (user.peers ?? [:]).sorted { $0.key < $1.key }.map {
            (partner: $0.key, endpoint: try HostPort($0.value, setting: "peers.\($0.key)"))
        }
        fullNodes = user.fullNodes ?? []
        for key in fullNodes where key.count != 64 {
            throw UserError("Setting 'full-nodes': '\(key)' is no transport key (64 hexadecimal digits).")
        }
        log = user.log ?? "info"
        guard NodeSettings.logLevels.contains(log) else {
            throw UserError(
                "Setting 'log' must be one of \(NodeSettings.logLevels.joined(separator: ", ")), not '\(log)'.")
        }
        requestsPerSecondMax = user.requestsPerSecondMax ?? 2_000
        streamsMax = user.streamsMax ?? 64
        snapshotLagBlocks = user.snapshotLagBlocks ?? 10_000
        guard snapshotLagBlocks > 0 else { throw UserError("Setting 'snapshot-lag-blocks' must be at least 1.") }
        guard requestsPerSecondMax > 0, streamsMax > 0 else {
            throw UserError("Settings 'requests-per-second-max' and 'streams-max' must be at least 1.")
        }
    }
}
