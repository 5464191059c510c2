internal import Chain
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Wiring

/// Writes a local network: keys and parts as each partner would make them, the genesis, settings, fresh journals.
struct DevnetSetup {
    let layout: DevnetLayout
    let network: String
    let partners: [String]
    /// Peers listen on this port and the following ones, the HTTP APIs 1,000 above.
    let basePort: Int
    var heartbeatMilliseconds: UInt32 = 2_000

    static let portsMax = 16
    static func rpcPort(_ basePort: Int, _ index: Int) -> Int { basePort + 1_000 + index }

    func write() throws -> Genesis {
        guard !FileManager.default.fileExists(atPath: layout.genesis) else {
            throw UserError("There is a network in \(layout.root) already; choose another folder or remove that one.")
        }
        try FileManager.default.createDirectory(
            atPath: (layout.part("") as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        var parts: [GenesisPart] = []
        for partner in partners {
            let keys = try NodeKeys.create(in: layout.keys(partner))
            let known = DevnetLayout.partners.first { $0.id == partner }
            let part = try GenesisPart(
                network: network, partner: partner, name: known?.name ?? "Partner \(partner)",
                roles: known?.roles ?? ["council", "validator", "attester"], keys: keys, isValidator: true)
            try part.write(to: layout.part(partner))
            parts.append(part)
        }
        var parameters = ChainParameters()
        parameters.heartbeatMilliseconds = heartbeatMilliseconds
        let genesis = try GenesisAssembly.assemble(
            name: network, time: .wallClock, parts: parts,
            parameters: parameters)
        try GenesisFile.write(genesis, to: layout.genesis)
        for partner in partners {
            try settings(of: partner).write(toFile: layout.settings(partner), atomically: true, encoding: .utf8)
            let settings = try NodeSettings.load(config: layout.settings(partner), flags: UserSettings())
            try NodeWiring.prepare(settings)
        }
        return genesis
    }

    /// The settings file of one partner, with words that explain it.
    func settings(of partner: String) -> String {
        let index = partners.firstIndex(of: partner) ?? 0
        let others = partners.enumerated().filter { $0.element != partner }.map {
            "\n  \($0.element): 127.0.0.1:\(basePort + $0.offset)"
        }
        // A name without anything below it would be an empty value, which is no map.
        let peers = others.isEmpty ? "" : "\npeers:" + others.joined()
        return """
            # Settings of a Commonwatt node. Paths are relative to this file.
            partner: \(partner)
            genesis: ../genesis.json
            keys: keys
            data: data
            validator: true
            listen-peers: 127.0.0.1:\(basePort + index)
            listen-rpc: 127.0.0.1:\(DevnetSetup.rpcPort(basePort, index))\(peers)
            log: info

            """
    }
}
