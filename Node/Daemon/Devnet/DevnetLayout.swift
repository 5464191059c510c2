internal import Foundation
internal import OperatorFiles

/// Folder of a local network: one sub-folder per partner, as it would be on the partner's own machine.
///
///     DIR/genesis.json            what every node and every verifier starts from
///     DIR/devnet.pid              process ids of the running nodes, one line each: partner and id
///     DIR/parts/<partner>.json    the partner's signed part of the genesis
///     DIR/<partner>/node.yaml     settings
///     DIR/<partner>/keys/         consensus, operator and transport keys
///     DIR/<partner>/data/         chain and data lake
///     DIR/<partner>/node.log      what the node prints
struct DevnetLayout: Sendable {
    /// The partners of the D2.3 consortium kinds, in the order of their identifiers.
    static let partners: [(id: String, name: String, roles: [String])] = [
        (
            "coop", "Sierra Community Cooperative",
            ["council", "validator", "attester", "community-administrator", "data-provider", "issuer"]
        ),
        ("energylab", "Energy Research Lab", ["council", "validator", "attester", "issuer"]),
        ("gridco", "Grid Company", ["council", "validator", "attester", "grid-operator", "issuer"]),
        (
            "sunsupply", "Sun Supply",
            ["council", "validator", "attester", "oracle", "payment-gateway"]
        ),
    ]

    let root: String

    var genesis: String { root + "/genesis.json" }
    var pidFile: String { root + "/devnet.pid" }
    func part(_ partner: String) -> String { root + "/parts/\(partner).json" }
    func folder(_ partner: String) -> String { root + "/" + partner }
    func settings(_ partner: String) -> String { folder(partner) + "/node.yaml" }
    func keys(_ partner: String) -> String { folder(partner) + "/keys" }
    func data(_ partner: String) -> String { folder(partner) + "/data" }
    func log(_ partner: String) -> String { folder(partner) + "/node.log" }

    /// Identifiers of `count` partners (1 to 16): the four of the pilot, then numbered ones.
    static func partnerIDs(count: Int) -> [String] {
        let named = partners.map(\.id)
        guard count > named.count else { return Array(named.prefix(count)) }
        return (named + (named.count + 1...count).map { "partner-\($0 < 10 ? "0" : "")\($0)" }).sorted()
    }

    /// Running nodes as the pid file names them.
    func running() -> [(partner: String, pid: Int32)] {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard parts.count == 2, let pid = Int32(parts[1]), kill(pid, 0) == 0, !DevnetProcesses.isZombie(pid)
            else { return nil }
            return (partner: String(parts[0]), pid: pid)
        }
    }

    /// Partners that have a folder with settings, in order.
    func members() throws -> [String] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let partners = found.filter { FileManager.default.fileExists(atPath: settings($0)) }.sorted()
        guard !partners.isEmpty else {
            throw UserError("There is no network in \(root); make one with `commonwatt devnet init --dir \(root)`.")
        }
        return partners
    }
}
