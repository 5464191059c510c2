internal import DataLake
internal import Foundation
internal import Identity
internal import NodeRuntime
internal import OperatorFiles
internal import Primitives
internal import RPC

/// Checked settings: everything present, every path and address well formed.
package struct NodeSettings: Sendable {
    let partner: String
    let genesis: String
    let keys: String
    package let data: String
    let validator: Bool
    let listenPeers: HostPort
    let listenRPC: HostPort
    let peers: [PeerSetting]
    let fullNodes: [String]
    let log: String
    let requestsPerSecondMax: Int
    let streamsMax: Int
    /// A node so many blocks behind takes over a state.
    let snapshotLagBlocks: Int
    /// Blocks below the newest checkpoint whose states stay readable; nil keeps all.
    let keepStates: UInt64?
    /// The DID that `/.well-known/did.json` shows as this host's did:web.
    let operatorDID: String?
    /// LightGBM's library; nil looks where tools/install-lightgbm puts it.
    let lightgbm: String?
    /// Folder that betrays a data folder put back to an earlier day.
    let witness: String?
    let apiTLS: APIConfiguration.TLS?
    let trustsForwardedFor: Bool
    let settler: SettlerSwitch
    let room: StorageRoom

    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error"]

    /// Where this machine reaches the node's API.
    package var apiAddress: String { "\(apiTLS == nil ? "http" : "https")://\(listenRPC)" }

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
        peers = try (user.peers ?? [:]).sorted { $0.key < $1.key }.map { try PeerSetting($0.key, $0.value) }
        fullNodes = user.fullNodes ?? []
        for key in fullNodes where key.count != 64 {
            throw UserError("Setting 'full-nodes': '\(key)' is no transport key (64 hexadecimal digits).")
        }
        log = user.log ?? "info"
        guard NodeSettings.logLevels.contains(log) else {
            throw UserError(
                "Setting 'log' must be one of \(NodeSettings.logLevels.joined(separator: ", ")), not '\(log)'.")
        }
        requestsPerSecondMax = user.requestsPerSecondMax ?? Int(APIConfiguration.RateLimit().tokensPerSecond)
        streamsMax = user.streamsMax ?? 64
        snapshotLagBlocks = user.snapshotLagBlocks ?? 10_000
        guard snapshotLagBlocks > 0 else { throw UserError("Setting 'snapshot-lag-blocks' must be at least 1.") }
        guard (1...1_000_000).contains(requestsPerSecondMax), (1...1_000_000).contains(streamsMax) else {
            throw UserError("Settings 'requests-per-second-max' and 'streams-max' must be from 1 to 1000000.")
        }
        settler = try SettlerSwitch(user)
        room = try StorageRoom(user)
        operatorDID = user.operatorDID
        lightgbm = user.lightgbm.map(path)
        witness = user.witness.map(path)
        trustsForwardedFor = user.trustForwardedFor ?? false
        switch (user.apiCertificate, user.apiKey) {
        case (nil, nil): apiTLS = nil
        case (let certificate?, let key?):
            apiTLS = APIConfiguration.TLS(certificateChainFile: path(certificate), privateKeyFile: path(key))
        default:
            throw UserError("Settings 'api-certificate' and 'api-key' go together: give both, or none for plain HTTP.")
        }
        if let text = operatorDID, DID(text) == nil {
            throw UserError(
                "Setting 'operator-did': '\(text)' is no DID of this method (did:cwatt:<network>:Qm…).")
        }
        keepStates = try NodeSettings.keepStates(user.keepStates ?? "\(StateRetention.blocksUsual)")
    }

    private static func keepStates(_ text: String) throws -> UInt64? {
        if text == "all" { return nil }
        guard let blocks = UInt64(text), blocks >= StateRetention.blocksMin else {
            throw UserError(
                "Setting 'keep-states' must be a number of blocks, at least \(StateRetention.blocksMin), or 'all', not '\(text)'."
            )
        }
        return blocks
    }
}

/// Where another partner's node listens.
struct PeerSetting: Sendable {
    let partner: String
    /// Given where the genesis has none: a partner that joined later.
    let key: Digest?
    let endpoint: HostPort

    /// `text` is host:port or KEY@host:port.
    init(_ partner: String, _ text: String) throws {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        self.partner = partner
        endpoint = try HostPort(parts[parts.count - 1], setting: "peers.\(partner)")
        key = parts.count == 2 ? Digest(hex: parts[0]) : nil
        if parts.count == 2, key == nil {
            throw UserError(
                "Setting 'peers.\(partner)': '\(parts[0])' is no transport key (64 hexadecimal digits) before the @.")
        }
    }

    var text: String { "\(partner)=" + (key.map { "\($0.short)...@" } ?? "") + "\(endpoint)" }
}

extension NodeSettings {
    /// File, then environment, then flags.
    package static func load(config: String?, flags: UserSettings) throws -> NodeSettings {
        let file = try config.map(SettingsFile.read) ?? UserSettings()
        let environment = try UserSettings.fromEnvironment(ProcessInfo.processInfo.environment)
        let folder =
            config.map { URL(filePath: $0).deletingLastPathComponent().path }
            ?? FileManager.default.currentDirectoryPath
        return try NodeSettings(file.overridden(by: environment).overridden(by: flags), relativeTo: folder)
    }
}
