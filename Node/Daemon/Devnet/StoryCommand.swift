internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

/// The main job on a local network, from founding a community to a member's verified statement.
struct StoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "story",
        abstract: "Run the main job on a local network: 17 real homes settle real hours by attested computation.")

    @OptionGroup var folder: DevnetCommand.Folder
    @Option(help: "Readings: CSV with period_start_local,meter,load_wh,pv_wh.") var readings: String
    @Option(help: "Hours to settle from the first full local day on.") var hours = 168
    @Option(help: "Whose statement is written and verified.") var member = "CL01"
    @Option(help: "HTML report to write.") var report: String?
    @OptionGroup var output: OutputOptions

    /// Partners that may hold and recompute the readings; the supplier is not among them, so its lake stays empty.
    static let attesters = ["coop", "energylab", "gridco"]
    static let threshold: UInt16 = 2

    func run() async throws {
        guard (1...24 * 28).contains(hours) else { throw UserError("--hours is between 1 and \(24 * 28).") }
        let layout = folder.layout
        let coop = try KeyFile.read(layout.keys("coop") + "/operator.key")
        let grid = try KeyFile.read(layout.keys("gridco") + "/operator.key")
        let coopURL = try DevnetStatus.url(layout, "coop")
        let gridURL = try DevnetStatus.url(layout, "gridco")
        let data = try await NodeClient.with([coopURL]) { client in
            try await NodeClient.with([gridURL]) { gridClient in
                let story = Story(
                    layout: layout,
                    office: CommunityOffice(session: try await ChainSession(client, coop), partner: "coop"),
                    grid: try await ChainSession(gridClient, grid), progress: output.progress)
                return try await story.run(readings: readings, hours: hours, member: member)
            }
        }
        if let report { try ReportPage(data: data).html().write(toFile: report, atomically: true, encoding: .utf8) }
        try output.show(data) { StoryText(data: data).text }
    }
}

/// The table of the week.
struct StoryText {
    let data: ReportData

    var text: String {
        var table = TextTable([
            ("home", .left), ("made", .right), ("used", .right), ("from neighbours", .right), ("to neighbours", .right),
            ("bill", .right), ("alone", .right), ("gain", .right),
        ])
        func row(_ name: String, _ rows: [ReportData.MemberRow]) -> [String] {
            func sum(_ field: (ReportData.MemberRow) -> Int64) -> Int64 { rows.reduce(0) { $0 + field($1) } }
            func money(_ value: Int64) -> String { Human.money(value, currency: data.currency) }
            let (cost, alone) = (sum(\.cost), sum(\.costAlone))
            return [
                name, Human.energy(sum(\.production)), Human.energy(sum(\.consumption)),
                Human.energy(sum(\.fromNeighbours)),
                Human.energy(sum(\.toNeighbours)), money(cost), money(alone),
                Human.difference(alone, cost, currency: data.currency),
            ]
        }
        for member in data.members { table.add(row(member.member, [member])) }
        table.add(row("all", data.members))
        return table.text()
    }
}
