extension CampaignReport {
    /// The command that runs one seed again.
    package static func command(_ failure: Failure) -> String {
        "tools/simulate --seed \(failure.seed)" + (failure.isAboutSnapshots ? " --snapshots" : "")
    }

    private var figures: [(name: String, value: Int)] {
        [
            ("seeds", seeds), ("simulated seconds", Int(simulatedMicroseconds / 1_000_000)), ("events", events),
            ("final blocks", blocks), ("epoch changes", epochs), ("transactions submitted", transactions),
            ("durable writes", durableWrites), ("states taken over", adoptions), ("evidence reported", evidence),
            ("most views after healing", Int(viewsAfterHealingMax)),
        ]
    }

    /// The summary for people.
    package var text: String {
        var lines = figures.map { row($0.name, "\($0.value)") }
        let networks = sizes.enumerated().filter { $0.element > 0 }.map { "\($0.element) of \($0.offset)" }
        lines.append(row("networks (validators)", networks.joined(separator: ", ")))
        lines.append("faults injected")
        lines += Fault.allCases.map { row("  \($0.name)", "\(faults[$0])") }
        lines.append("Byzantine actors: seeds, those with evidence against it, and with evidence on chain")
        lines += ByzantineKind.allCases.map {
            row("  \($0.name)", "\(actors[$0.rawValue]), \(caught[$0.rawValue]), \(proved[$0.rawValue])")
        }
        lines.append(row("violations", "\(failures.count)"))
        for failure in failures {
            lines.append("")
            lines.append("seed \(failure.seed) (\(failure.scenario))")
            lines.append("  \(failure.violation)")
            lines.append(
                "  run it again: \(CampaignReport.command(failure))   (with --trace to read what happened)")
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(1, 34 - name.count)) + value
    }

    /// The summary for machines: one JSON object.
    package var json: String {
        func object(_ pairs: [(String, String)]) -> String {
            "{" + pairs.map { "\(CampaignReport.quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
        }
        let failed = failures.map { failure in
            object([
                ("seed", "\(failure.seed)"), ("scenario", CampaignReport.quoted(failure.scenario)),
                ("promise", CampaignReport.quoted(failure.violation.promise.rawValue)),
                ("text", CampaignReport.quoted(failure.violation.text)),
                ("command", CampaignReport.quoted(CampaignReport.command(failure))),
            ])
        }
        return object(
            figures.map { ($0.name, "\($0.value)") } + [
                ("faults", object(Fault.allCases.map { ($0.name, "\(faults[$0])") })),
                (
                    "byzantine",
                    object(
                        ByzantineKind.allCases.map {
                            (
                                $0.name,
                                object([
                                    ("seeds", "\(actors[$0.rawValue])"), ("caught", "\(caught[$0.rawValue])"),
                                    ("onChain", "\(proved[$0.rawValue])"),
                                ])
                            )
                        })
                ),
                ("violations", "[" + failed.joined(separator: ",") + "]"),
            ])
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            default: if scalar.value < 32 { out += " " } else { out.unicodeScalars.append(scalar) }
            }
        }
        return out + "\""
    }
}
