internal import ArgumentParser
internal import Chain
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Wiring

struct DevnetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devnet", abstract: "A whole network on this machine, each validator a process of its own.",
        subcommands: [Init.self, Start.self, Stop.self, Kill.self, URLs.self, StoryCommand.self])

    struct Folder: ParsableArguments {
        @Option(name: .long, help: "Folder of the network.") var dir = "devnet"
        var layout: DevnetLayout { DevnetLayout(root: URL(filePath: dir).standardizedFileURL.path) }
    }

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make keys, genesis and settings.")
        @OptionGroup var folder: Folder
        @Option(help: "Validators, 1 to \(DevnetSetup.portsMax).") var validators = 4
        @Option(help: "Name of the network.") var network = "devnet"
        @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort =
            7_400
        @Option(help: "Milliseconds between empty blocks of the idle network.") var heartbeat: UInt32 = 2_000
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard (1...DevnetSetup.portsMax).contains(validators) else {
                throw UserError("A local network has 1 to \(DevnetSetup.portsMax) validators.")
            }
            guard (1_024...60_000).contains(basePort) else {
                throw UserError("The base port is between 1024 and 60000.")
            }
            let setup = DevnetSetup(
                layout: folder.layout, network: network, partners: DevnetLayout.partnerIDs(count: validators),
                basePort: basePort, heartbeatMilliseconds: heartbeat)
            let summary = GenesisCommand.Summary(try setup.write())
            try output.show(summary) { summary.text }
        }
    }

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start the nodes and wait until they are ready.")
        @OptionGroup var folder: Folder
        @Option(help: "Start only this partner's node; repeat for more.") var only: [String] = []
        @Option(help: "Seconds to wait for readiness; 0 does not wait.") var wait = 60
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let layout = folder.layout
            let partners = only.isEmpty ? try layout.members() : only
            for partner in partners { try DevnetProcesses(layout: layout).start(partner) }
            try await DevnetStatus.waitUntilReady(layout, partners, seconds: wait)
            try await DevnetStatus.show(layout, output)
        }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop the nodes in order.")
        @OptionGroup var folder: Folder
        @Option(help: "Stop only this partner's node; repeat for more.") var only: [String] = []
        @OptionGroup var output: OutputOptions

        func run() throws {
            let running = folder.layout.running().map(\.partner)
            try DevnetProcesses(layout: folder.layout).stop(only.isEmpty ? nil : only)
            let stopped = only.isEmpty ? running : only.filter(running.contains)
            try output.show(stopped) {
                stopped.isEmpty ? "No node was running." : "Stopped \(stopped.joined(separator: ", "))."
            }
        }
    }

    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Kill a node without warning, to see what happens.")
        @OptionGroup var folder: Folder
        @Argument(help: "The partner whose node dies.") var partner: String

        func run() throws {
            guard let node = folder.layout.running().first(where: { $0.partner == partner }) else {
                throw UserError("No node of '\(partner)' is running.")
            }
            kill(node.pid, SIGKILL)
            print("Killed the node of \(partner) (process \(node.pid)). Start it again with `commonwatt devnet start`.")
        }
    }

    struct URLs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "urls", abstract: "Where the nodes answer.")
        @OptionGroup var folder: Folder
        @OptionGroup var output: OutputOptions

        func run() async throws { try await DevnetStatus.show(folder.layout, output) }
    }
}

/// What the nodes of a local network say of themselves.
enum DevnetStatus {
    struct Row: Encodable {
        let partner: String
        let url: String
        let ready: Bool
        let height: UInt64?
        let summary: String
    }

    static func url(_ layout: DevnetLayout, _ partner: String) throws -> String {
        try NodeSettings.load(config: layout.settings(partner), flags: UserSettings()).apiAddress
    }

    static func rows(_ layout: DevnetLayout) async throws -> [Row] {
        var rows: [Row] = []
        for partner in try layout.members() {
            let url = try url(layout, partner)
            do {
                let status = try await NodeClient.with([url]) { try await $0.nodeStatus() }
                rows.append(
                    Row(
                        partner: partner, url: url, ready: status.ready, height: status.finalHeight.value,
                        summary: status.summary))
            } catch {
                rows.append(Row(partner: partner, url: url, ready: false, height: nil, summary: "does not answer"))
            }
        }
        return rows
    }

    static func waitUntilReady(_ layout: DevnetLayout, _ partners: [String], seconds: Int) async throws {
        guard seconds > 0 else { return }
        let deadline = Date(timeIntervalSinceNow: Double(seconds))
        while true {
            let rows = try await rows(layout).filter { partners.contains($0.partner) }
            if rows.allSatisfy(\.ready) { return }
            guard Date() < deadline else {
                let late = rows.filter { !$0.ready }.map {
                    "\($0.partner): \($0.summary); see \(layout.log($0.partner))"
                }
                throw UserError("Not ready after \(seconds) s: \(late.joined(separator: "; ")).")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    static func show(_ layout: DevnetLayout, _ output: OutputOptions) async throws {
        let rows = try await rows(layout)
        try output.show(rows) {
            var table = TextTable([("partner", .left), ("API", .left), ("height", .right), ("state", .left)])
            for row in rows { table.add([row.partner, row.url, row.height.map(String.init) ?? "-", row.summary]) }
            return table.text()
        }
    }
}
