internal import ArgumentParser
internal import Chain
internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Settlement

extension CecCommand {
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which periods are settled, and what the others wait for.",
            discussion: """
                Asks the own node, whose settler does the work when its settings say `settler: true`; otherwise the node only \
                looks. Names the meters whose readings lack, the price series without values, the deadline after which a \
                period is settled all the same, and the partners that did not attest. --follow shows it again every few \
                seconds until interrupted.
                """)
        @Flag(help: "Show it again and again.") var follow = false
        @Option(help: "Seconds between two looks, 1 to 3,600.") var every = 5
        @OptionGroup var office: Office

        func validate() throws {
            guard (1...3_600).contains(every) else { throw ValidationError("--every is 1 to 3,600") }
        }

        func run() async throws {
            let options = self
            try await office.opened { office, file, address in
                repeat {
                    let report = try await office.settlerReport()
                    guard let community = report.communities.first(where: { $0.community == address.description })
                    else {
                        throw UserError(
                            "The node of \(report.partner) does not settle \(address): the community is not its partner's own, and its setting 'settle-communities' does not name it."
                        )
                    }
                    let text = SettlerText(report: report, community: community, file: file)
                    if options.follow, !options.office.output.json { print("\u{1B}[2J\u{1B}[H", terminator: "") }
                    try options.office.output.show(report) { text.text }
                    if options.follow { try await Task.sleep(for: .seconds(options.every)) }
                } while options.follow
            }
        }
    }
}

/// A settler's report on one community, for the administrator's terminal.
struct SettlerText {
    static let linesMax = 40

    let report: SettlerReport
    let community: SettlerReport.Community
    let file: CommunityFile

    var text: String {
        var lines = [
            "\(community.name), \(community.periodMinutes) minutes, run by \(community.administrator); node of \(report.partner), \(SettlerText.time(report.time))",
            report.isRunning
                ? "The settler works by itself."
                : "The settler is off here (setting 'settler'); this is what there is to do.",
            "",
            "final before        \(community.finalBefore.map { time(ofPeriod: $0) } ?? "-")",
            "last settled        \(community.lastSettled.map { time(ofPeriod: $0) } ?? "-")",
            "not settled yet     \(community.unsettled)\(community.hasMore ? " or more" : "")",
            "provisional         \(community.provisional)",
            "to compare          \(community.toCompare)",
            "since the start     \(community.settled) settled, \(community.corrected) corrected, \(community.overtaken) settled by another one first",
        ]
        if let problem = community.problem { lines.append("! \(problem)") }
        if !community.waits.isEmpty { lines += ["", waits] }
        if !community.troubles.isEmpty { lines += [""] + troubles }
        if community.waits.isEmpty, community.troubles.isEmpty, community.unsettled == 0 {
            lines += ["", "Nothing is waited for."]
        }
        return lines.joined(separator: "\n")
    }

    private var waits: String {
        var table = TextTable([
            ("from", .left), ("to", .left), ("stage", .left), ("waits for", .left), ("at most until", .left),
        ])
        for wait in community.waits.prefix(SettlerText.linesMax) {
            table.add([
                SettlerText.time(wait.start), SettlerText.time(wait.end), wait.stage, words(wait),
                wait.until.map(SettlerText.time) ?? "-",
            ])
        }
        let rest = community.waits.count - SettlerText.linesMax
        return table.text() + (rest > 0 ? "\n… \(rest) more" : "")
    }

    private func words(_ wait: SettlerReport.Wait) -> String {
        var parts: [String] = []
        if wait.missingCount > 0 { parts.append("readings of " + names(wait.missing, wait.missingCount)) }
        if wait.estimatedCount > 0 {
            parts.append("better than estimated readings of " + names(wait.estimated, wait.estimatedCount))
        }
        if !wait.series.isEmpty {
            parts.append("prices of series " + wait.series.map(String.init).joined(separator: ", "))
        }
        if let reason = wait.reason { parts.append(reason) }
        return parts.joined(separator: "; ")
    }

    /// Meters by their names in the community file, at most eight.
    private func names(_ meters: [UInt64], _ count: Int) -> String {
        let known = Dictionary(
            file.members.flatMap { member in member.allMeters.map { ($0, member.name) } },
            uniquingKeysWith: { first, _ in first })
        let shown = meters.prefix(8).map { known[$0] ?? "meter \($0)" }
        return shown.joined(separator: ", ") + (count > shown.count ? " and \(count - shown.count) more" : "")
    }

    /// One line for each cause, with the periods that it is the cause of.
    private var troubles: [String] {
        let causes = Dictionary(grouping: community.troubles) { PeriodWords.cause($0.reason) }
        let lines = causes.values.sorted { ($0.first?.start ?? 0) < ($1.first?.start ?? 0) }.map { troubles in
            let starts = troubles.map(\.start).sorted()
            let retry = troubles.map(\.retryAt).min().map(SettlerText.time) ?? "-"
            let which =
                starts.count == 1
                ? SettlerText.time(starts[0])
                : "\(starts.count) periods from \(SettlerText.time(starts[0])) to \(SettlerText.time(starts[starts.count - 1]))"
            return
                "! \(which): \(troubles[0].reason) (tried \(troubles.map(\.attempts).max() ?? 0) times, again at \(retry))"
        }
        return Array(lines.prefix(SettlerText.linesMax))
    }

    private func time(ofPeriod period: UInt64) -> String {
        SettlerText.time(period &* community.periodMinutes &* 60_000)
    }

    static func time(_ milliseconds: UInt64) -> String { TimeArgument.minute(Timestamp(milliseconds)) }
}
