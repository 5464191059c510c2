internal import ArgumentParser
internal import Foundation
internal import NodeClient
internal import Primitives

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What a node does, in plain words.",
        discussion: """
            Exit code 0: the node follows the chain and can be relied on. 1: it cannot now, the first line says why; or no \
            node answered.
            """)
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let status = try await connection.nodes.with { try await $0.nodeStatus() }
        if output.json {
            print(String(decoding: JSONCoder<NodeStatus>.nodeStatus.encode(status).pretty, as: UTF8.self))
        } else {
            print(StatusText(status: status).text)
        }
        guard status.ready else { throw ExitCode.failure }
    }
}

struct StatusText {
    let status: NodeStatus

    private var role: String {
        let owner = status.partner ?? "an unnamed partner"
        return status.validatorIndex == nil
            ? "node of \(owner), follows without voting (no validator of epoch \(status.epoch))"
            : "validator of \(owner)"
    }

    var text: String {
        let age = max(0, Date().timeIntervalSince1970 * 1000 - Double(status.finalTime.milliseconds)) / 1000
        var lines = [
            status.summary,
            "",
            "network      \(status.networkName) \(status.network)",
            "node         \(role), version \(status.version), up \(Human.duration(seconds: status.uptimeSeconds))",
            "rules        \(status.rules.map(\.description) ?? "-")",
            "final block  \(status.finalHeight) (\(age < 60 ? String(format: "%.1f s", age) : Human.duration(seconds: UInt64(age))) old), state root \(status.stateRoot.short)",
            "consensus    epoch \(status.epoch), view \(status.view)",
            "pool         \(status.poolTransactions) \(status.poolTransactions == 1 ? "transaction waits" : "transactions wait")",
        ]
        var peers = TextTable([("peer", .left), ("link", .left), ("height", .right)])
        for peer in status.peers {
            peers.add([peer.name, peer.connected ? "up" : "down", peer.finalHeight.map(\.description) ?? "-"])
        }
        if !status.peers.isEmpty { lines += ["", peers.text()] }
        if !status.warnings.isEmpty { lines += [""] + status.warnings.map { "! " + $0 } }
        return lines.joined(separator: "\n")
    }
}
