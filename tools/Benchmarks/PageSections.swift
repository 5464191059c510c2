internal import Foundation
internal import Simulator

/// Parts of the report page: what was measured, by which command, as a table and as plots.
enum PageSections {
    private static func section(_ title: String, _ command: String, _ text: String, _ parts: [String]) -> String {
        "<h2>\(title)</h2><p>\(text)</p><p><code>\(Chart.escaped(command))</code></p>" + parts.joined(separator: "\n")
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let body = rows.map { "<tr>" + $0.map { "<td>\(Chart.escaped($0))</td>" }.joined() + "</tr>" }
        return "<div class=\"wide\"><table><tr>" + head.map { "<th>\(Chart.escaped($0))</th>" }.joined() + "</tr>"
            + body.joined(separator: "\n") + "</table></div>"
    }

    private static func number(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }

    static func machine(_ machine: Report.Machine) -> String {
        "<p>\(Chart.escaped(machine.processor)), \(machine.cores) cores, \(machine.memoryMegabytes) MB. Validators, clients "
            + "and load generator share this machine.</p>"
    }

    static func rates(_ reports: [Report]) -> String {
        let medians = reports.compactMap { report in report.median.map { (report, $0) } }
        let rows = medians.map { report, run in
            [
                "\(report.settings.validators)", number(run.transactionsPerSecond),
                number(report.ceilingTransactionsPerSecond), number(report.ratioOfCeiling, 2),
                number(run.latencyMilliseconds.p50, 1), number(run.latencyMilliseconds.p99, 1),
                number(report.idle.latencyMilliseconds.p50, 1),
                number(report.idle.plainSocketMilliseconds.p50, 1), number(run.validatorMicrosecondsPerTransaction),
                number(run.generatorMicrosecondsPerTransaction), "\(run.residentMegabytes)",
            ]
        }
        let marks = medians.map { Double($0.0.settings.validators) }
        func line(_ name: String, _ isReference: Bool = false, _ value: (Report, LoadRun.Result) -> Double)
            -> Chart.Line
        {
            Chart.Line(
                name: name, points: medians.map { (Double($0.0.settings.validators), value($0.0, $0.1)) },
                isReference: isReference)
        }
        let head = [
            "validators", "tx/s", "ceiling", "ratio", "p50 ms", "p99 ms", "idle p50 ms", "over a socket",
            "CPU us/tx, all",
            "generator us/tx", "RSS MB, all",
        ]
        return section(
            "Signed, executed, durable transactions", "tools/bench --validators N --json FILE",
            "Validators as processes; the median of the runs. A transaction changes 2 of 100,000 keys, is signed beforehand "
                + "and submitted in binary batches. The ceiling is the rate at which all cores check the signatures "
                + "once for each validator and do nothing else.",
            [
                table(head, rows),
                Chart(
                    title: "Rate", unit: "transactions per second", axis: "validators",
                    lines: [
                        line("median run") { $1.transactionsPerSecond },
                        line("ceiling", true) { report, _ in report.ceilingTransactionsPerSecond },
                    ], marks: marks
                ).html,
                Chart(
                    title: "Latency under full load and idle", unit: "ms", axis: "validators",
                    lines: [
                        line("p50, full load") { $1.latencyMilliseconds.p50 },
                        line("p99, full load") { $1.latencyMilliseconds.p99 },
                        line("p50, idle") { report, _ in report.idle.latencyMilliseconds.p50 },
                        line("p50, idle, over a socket") { report, _ in report.idle.plainSocketMilliseconds.p50 },
                    ], marks: marks
                ).html,
            ])
    }

    static func regions(_ results: RegionReport) -> String {
        let rows = results.rows.map {
            [
                "\($0.validators)", number($0.boundMilliseconds.p50, 1), number($0.finalityMilliseconds.p50, 1),
                number($0.finalityMilliseconds.p99, 1), number($0.overheadMilliseconds.p50, 1),
                number($0.overheadMilliseconds.p99, 1), number($0.transactionMilliseconds.p50, 1),
            ]
        }
        func line(_ name: String, _ isReference: Bool = false, _ value: (RegionReport.Row) -> Double) -> Chart.Line {
            Chart.Line(
                name: name, points: results.rows.map { (Double($0.validators), value($0)) }, isReference: isReference)
        }
        return section(
            "Validators in five regions", "tools/simulate regions --json FILE",
            "Simulated distances of \(results.regions.joined(separator: ", ")). The bound: the proposal, a quorum's Notarize "
                + "and a quorum's Finalize each travel one way, and nothing else takes time. A transaction also waits for "
                + "the proposal of the next leader.",
            [
                table(
                    [
                        "validators", "bound p50 ms", "finality p50 ms", "p99 ms", "overhead p50 ms", "p99 ms",
                        "transaction p50 ms",
                    ], rows),
                Chart(
                    title: "Finality of a proposed block, median over blocks and nodes", unit: "ms", axis: "validators",
                    lines: [
                        line("finality") { $0.finalityMilliseconds.p50 },
                        line("bound", true) { $0.boundMilliseconds.p50 },
                        line("overhead, p99") { $0.overheadMilliseconds.p99 },
                    ], isLogarithmic: true, marks: results.rows.map { Double($0.validators) }
                ).html,
            ])
    }

    static func growth(_ results: Growth.Results) -> String {
        let rows = results.rows.map {
            [
                Chart.label(Double($0.keys)), number($0.microsecondsPerTransaction, 1),
                number($0.blockMilliseconds.p50, 1), number($0.blockMilliseconds.p99, 1), number($0.proofBytes.p50),
                number($0.proofMicroseconds.p50, 1), number($0.readMicroseconds.p50, 1),
                number($0.writtenBytesPerTransaction), number($0.restartMilliseconds),
                number(Double($0.diskBytes) / 1e6),
            ]
        }
        let marks = results.rows.map { Double($0.keys) }
        func line(_ name: String, _ value: (Growth.Row) -> Double) -> Chart.Line {
            Chart.Line(name: name, points: results.rows.map { (Double($0.keys), value($0)) })
        }
        func chart(_ title: String, _ unit: String, _ lines: [Chart.Line]) -> String {
            Chart(title: title, unit: unit, axis: "state keys", lines: lines, isLogarithmic: true, marks: marks).html
        }
        return section(
            "A growing state", "tools/bench growth --json FILE",
            "One validator on the real store, blocks of \(results.transactionsPerBlock) transactions that change 2 keys "
                + "drawn from all; signatures are checked before. The p99 of a block is one that writes a checkpoint.",
            [
                table(
                    [
                        "keys", "us/tx", "block p50 ms", "p99 ms", "proof bytes", "proof us", "read us",
                        "written B/tx", "restart ms", "disk MB",
                    ], rows),
                chart(
                    "Execution, tree and store", "us per transaction", [line("us/tx") { $0.microsecondsPerTransaction }]
                ),
                chart("Proof size", "bytes", [line("ICS-23, p50") { $0.proofBytes.p50 }]),
                chart(
                    "Read and proof", "us",
                    [line("read, p50") { $0.readMicroseconds.p50 }, line("proof, p50") { $0.proofMicroseconds.p50 }]),
            ])
    }

    static func years(_ results: Year.Results) -> String {
        let rows = results.rows.map {
            [
                "\($0.members)", "\($0.days)", "\($0.blocks)", "\($0.transactions)", number(Double($0.diskBytes) / 1e6),
                number(Double($0.prunedDiskBytes) / 1e6), number($0.pruneSeconds, 1), number($0.restartMilliseconds),
                number($0.bytesPerMemberPeriod, 1),
            ]
        }
        return section(
            "A year of a community", "tools/bench year --json FILE",
            "Real contracts in simulated time on one validator: a batch per meter and day is anchored, each hour is settled "
                + "and final in a block of its own. Pruned: without all states but the newest; blocks are all kept.",
            [
                table(
                    [
                        "members", "days", "blocks", "transactions", "disk MB", "pruned MB", "pruning s", "restart ms",
                        "bytes per member-period",
                    ], rows)
            ])
    }

    static func counts(_ counts: [String: Double]) -> String {
        section(
            "Counts", "tools/counts --check",
            "What one validator does for a transaction, always the same; tests compare it with Tests/Baselines/counts.json.",
            [
                table(
                    ["per transaction and validator", ""],
                    counts.sorted { $0.key < $1.key }.map { [$0.key, number($0.value, 2)] })
            ])
    }

    static func soak(_ report: SoakReport) -> String {
        section(
            "Soak", "tools/soak --minutes \(Int(report.minutes)) --rate \(report.rate)",
            "Memory of the process may not grow.",
            ["<pre>\(Chart.escaped(report.text))</pre>"] + SoakPage(report: report).charts.map(\.html))
    }
}
