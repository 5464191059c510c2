internal import ChaosHistory
internal import Foundation

/// The report as one page without any outside request: a table of verdicts, and per scenario the rate over time with the
/// fault marked.
struct ChaosPage {
    let report: ChaosReport

    var html: String {
        """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Commonwatt chaos run</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><style>
        :root{color-scheme:light dark;--ink:#1f2328;--soft:#57606a;--page:#fff;--line:#d0d7de;--ok:#1a7f37;--bad:#cf222e;\
        --rate:#1f6feb;--fault:#ffebe9}
        @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--page:#0d1117;--line:#30363d;--ok:#56d364;\
        --bad:#ff7b72;--rate:#6cb6ff;--fault:#4a2326}}
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:var(--ink);background:var(--page)}
        .wide{overflow-x:auto} a{color:var(--rate)} code{font-size:13px;overflow-wrap:anywhere}
        table{border-collapse:collapse;width:100%;font-size:13px} td,th{padding:.25rem .5rem;text-align:right;border-bottom:1px solid var(--line)}
        td:first-child,th:first-child{text-align:left} .ok{color:var(--ok)} .bad{color:var(--bad);font-weight:600} .skip{color:var(--soft)}
        h2{font-size:1.1rem;margin:2rem 0 .25rem} p{margin:.25rem 0} ul{font-size:13px;margin:.25rem 0;color:var(--soft);padding-left:1.2rem}
        svg{width:100%;height:auto;display:block} text{font-size:12px;fill:var(--soft)} .grid{stroke:var(--line)} .fault{fill:var(--fault)}
        .back{stroke:var(--ok);stroke-dasharray:4 3} .rate{fill:none;stroke:var(--rate);stroke-width:1.5}
        @media screen and (max-width:40rem){.wide svg{width:40rem} text{font-size:15px} td{white-space:nowrap}\
        td:first-child,th:first-child{position:sticky;left:0;background:var(--page) padding-box} td:last-child.text{white-space:normal;min-width:12rem}}
        </style></head><body>
        <h1>Chaos run</h1>
        <p>\(escaped(report.machine.processor)), \(report.machine.cores) cores, Linux \(escaped(report.machine.kernel)).
        Seed \(report.seed). Made again by <code>\(escaped(report.command))</code>.</p>
        <p class="\(report.holds ? "ok" : "bad")">\(report.holds ? "All scenarios that ran hold." : "Not all scenarios hold.")</p>
        \(report.scenarios.isEmpty ? "" : table)
        \(report.floods.isEmpty ? "" : floods)
        \(report.scenarios.map(section).joined(separator: "\n"))
        </body></html>

        """
    }

    private func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }

    private func number(_ value: Double?, _ digits: Int = 1) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "&ndash;"
    }

    private func mark(_ holds: Bool, _ skipped: String?) -> String {
        if skipped != nil { return "<span class=\"skip\">skipped</span>" }
        return holds ? "<span class=\"ok\">holds</span>" : "<span class=\"bad\">broken</span>"
    }

    private var table: String {
        let rows = report.scenarios.map { one in
            """
            <tr><td><a href="#\(one.name)">\(one.name)</a></td><td>\(mark(one.holds, one.skipped))</td>
            <td>\(number(one.rateBefore, 0))</td><td>\(number(one.rateDuring, 0))</td><td>\(number(one.rateAfter, 0))</td>
            <td>\(number(one.firstBlockSeconds))</td><td>\(one.firstBlockViews.map(String.init) ?? "&ndash;")</td>
            <td>\(number(one.allBackSeconds))</td><td>\(one.verdict?.acknowledged ?? 0)</td>
            <td>\(one.verdict?.reads ?? 0)</td></tr>
            """
        }
        return """
            <div class="wide"><table><tr><th>scenario</th><th>verdict</th><th>tx/s before</th><th>during</th><th>after</th>
            <th>first block, s</th><th>views</th><th>all back, s</th><th>acknowledged</th><th>reads</th></tr>
            \(rows.joined(separator: "\n"))</table></div>
            """
    }

    private var floods: String {
        let rows = report.floods.map { one in
            """
            <tr><td>\(one.name)</td><td>\(mark(one.holds, one.skipped))</td><td>\(number(one.quietRate, 0))</td>
            <td>\(number(one.floodedRate, 0))</td><td>\(number(one.ratio * 100, 0)) %</td>
            <td>\(number(one.quietLatencyMilliseconds))</td><td>\(number(one.floodedLatencyMilliseconds))</td>
            <td class="text">\(escaped(one.skipped ?? one.sent))</td></tr>
            """
        }
        return """
            <h2>Floods</h2><div class="wide"><table><tr><th>flood</th><th>verdict</th><th>tx/s quiet</th><th>flooded</th><th>kept</th>
            <th>p50 ms quiet</th><th>flooded</th><th>what was sent</th></tr>\(rows.joined(separator: "\n"))</table></div>
            """
    }

    private func section(_ one: ScenarioResult) -> String {
        let head =
            "<h2 id=\"\(one.name)\">\(one.name) &mdash; \(mark(one.holds, one.skipped))</h2><p>\(escaped(one.what)).</p>"
        if let skipped = one.skipped { return head + "<p class=\"skip\">Skipped: \(escaped(skipped))</p>" }
        var items = one.notes.map { "<li>\(number($0.at)) s: \(escaped($0.text))</li>" }
        items += one.refusals.map { "<li class=\"bad\">\(escaped($0))</li>" }
        if let packets = one.packets {
            items.append(
                "<li>packets: \(packets.passed) passed, \(packets.lost) lost, \(packets.cut) cut, \(packets.delayed) delayed</li>"
            )
        }
        return head + chart(one)
            + "<p>Checker: \(escaped(one.verdict?.words ?? "no verdict"))</p><ul>\(items.joined())</ul>"
    }

    private func chart(_ one: ScenarioResult) -> String {
        let top = ChaosPage.ceiling(one.rates.max() ?? 1)
        let end = max(one.end, 1)
        func x(_ seconds: Double) -> Double { 60 + seconds / end * 820 }
        func y(_ value: Double) -> Double { 150 - value / top * 130 }
        func place(_ value: Double) -> String { String(format: "%.1f", value) }
        var svg = "<div class=\"wide\"><svg viewBox=\"0 0 900 180\" role=\"img\" "
        svg += "aria-label=\"rate over time, \(one.name)\">"
        svg += "<rect x=\"\(place(x(one.faultFrom)))\" y=\"20\" width=\"\(place(x(one.faultTo) - x(one.faultFrom)))\" "
        svg += "height=\"130\" class=\"fault\"/><text x=\"\(place(x(one.faultFrom) + 4))\" y=\"34\">fault</text>"
        if let back = one.allBackSeconds {
            let at = place(x(one.faultTo + back))
            svg += "<line x1=\"\(at)\" x2=\"\(at)\" y1=\"20\" y2=\"150\" class=\"back\"/>"
        }
        for step in 0...2 {
            let value = top * Double(step) / 2
            svg += "<line x1=\"60\" x2=\"880\" y1=\"\(place(y(value)))\" y2=\"\(place(y(value)))\" class=\"grid\"/>"
            svg +=
                "<text x=\"54\" y=\"\(place(y(value) + 4))\" text-anchor=\"end\">\(String(format: "%g", value))</text>"
        }
        for step in 0...4 {
            let seconds = end * Double(step) / 4
            svg += "<text x=\"\(place(x(seconds)))\" y=\"170\" text-anchor=\"middle\">\(place(seconds)) s</text>"
        }
        let points = one.rates.enumerated().map { index, rate in
            "\(place(x((Double(index) + 0.5) * one.rateStep))),\(place(y(rate)))"
        }
        svg += "<polyline class=\"rate\" points=\"\(points.joined(separator: " "))\"/>"
        return svg + "</svg></div><p class=\"skip\">Acknowledged writes per second; green: all validators are back.</p>"
    }

    /// The next of 1, 2, 4, 8 times a power of ten.
    static func ceiling(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        return [1, 2, 4, 8, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
    }
}
