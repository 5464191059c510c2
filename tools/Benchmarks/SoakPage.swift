internal import Foundation

/// A soak run as one page without any outside request: a chart per quantity, a line per validator.
struct SoakPage {
    private static let colours = ["#1f6feb", "#d9730d", "#2da44e", "#8250df", "#bf3989", "#57606a"]

    let report: SoakReport

    var html: String {
        let legend = report.nodes.enumerated().map { index, name in
            "<span style=\"color:\(colour(index))\">&#9632;</span> \(name)"
        }.joined(separator: " &nbsp; ")
        let charts = [
            chart("Resident memory", "MB") { $0.nodes.map { Double($0.residentBytes) / 1_048_576 } },
            chart("Disk", "MB") { $0.nodes.map { Double($0.diskBytes) / 1_048_576 } },
            chart("Open files", "") { $0.nodes.map { Double($0.openFiles) } },
            chart("Transactions becoming final", "per second") { [$0.transactionsPerSecond] },
        ]
        return """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Commonwatt soak run</title>
            <style>
            body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem;color:#1f2328}
            pre{background:#f6f8fa;padding:1rem;overflow:auto;font-size:13px}
            h2{font-size:1.1rem;margin:1.5rem 0 .25rem} svg{width:100%;height:auto} text{font-size:12px;fill:#57606a}
            </style>
            <h1>Soak run</h1><pre>\(escaped(report.text))</pre><p>\(legend)</p>
            \(charts.joined(separator: "\n"))
            </html>

            """
    }

    private func colour(_ index: Int) -> String { SoakPage.colours[index % SoakPage.colours.count] }

    private func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }

    private func chart(_ title: String, _ unit: String, _ values: (SoakSample) -> [Double]) -> String {
        let rows = report.samples.map { (minutes: $0.seconds / 60, values: values($0)) }
        let top = SoakPage.ceiling(rows.flatMap(\.values).max() ?? 1)
        let end = max(rows.last?.minutes ?? 1, 0.01)
        func x(_ minutes: Double) -> Double { 60 + minutes / end * 820 }
        func y(_ value: Double) -> Double { 210 - value / top * 190 }
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        func label(_ value: Double) -> String { String(format: "%g", value) }
        var svg = "<h2>\(title)\(unit.isEmpty ? "" : ", \(unit)")</h2><svg viewBox=\"0 0 900 240\" role=\"img\" "
        svg += "aria-label=\"\(title) over time\">"
        for step in 0...4 {
            let value = top * Double(step) / 4
            svg +=
                "<line x1=\"60\" x2=\"880\" y1=\"\(number(y(value)))\" y2=\"\(number(y(value)))\" stroke=\"#d0d7de\"/>"
            svg += "<text x=\"54\" y=\"\(number(y(value) + 4))\" text-anchor=\"end\">\(label(value))</text>"
            let minutes = end * Double(step) / 4
            svg += "<text x=\"\(number(x(minutes)))\" y=\"230\" text-anchor=\"middle\">\(number(minutes)) min</text>"
        }
        for line in 0..<(rows.first?.values.count ?? 0) {
            let points = rows.map { "\(number(x($0.minutes))),\(number(y($0.values[line])))" }.joined(separator: " ")
            svg += "<polyline fill=\"none\" stroke=\"\(colour(line))\" stroke-width=\"1.5\" points=\"\(points)\"/>"
        }
        return svg + "</svg>"
    }

    /// The next of 1, 2, 4, 8 times a power of ten, so that quarters of it are short numbers.
    static func ceiling(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        return [1, 2, 4, 8, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
    }
}
