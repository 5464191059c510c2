internal import Foundation

/// A soak run as one page without any outside request: a chart per quantity, a line per validator.
struct SoakPage {
    let report: SoakReport

    var html: String {
        Page.document(
            title: "Soak run",
            body: "<pre>\(Chart.escaped(report.text))</pre>" + charts.map(\.html).joined(separator: "\n"))
    }

    var charts: [Chart] {
        [
            chart("Heap: what the program holds", "MB") { Double($0.heapBytes) / 1_048_576 },
            chart("Memory of the process", "MB") { Double($0.memoryBytes) / 1_048_576 },
            chart("Files of the store mapped into memory", "MB") { Double($0.mappedBytes) / 1_048_576 },
            chart("Disk", "MB") { Double($0.diskBytes) / 1_048_576 },
            chart("Open files", "") { Double($0.openFiles) },
            Chart(
                title: "Transactions becoming final", unit: "per second", axis: "minutes",
                lines: [
                    Chart.Line(
                        name: "all", points: report.samples.map { ($0.seconds / 60, $0.transactionsPerSecond) })
                ]),
        ]
    }

    private func chart(_ title: String, _ unit: String, _ value: (SoakSample.Node) -> Double) -> Chart {
        let lines = report.nodes.enumerated().map { index, name in
            Chart.Line(name: name, points: report.samples.map { ($0.seconds / 60, value($0.nodes[index])) })
        }
        return Chart(title: title, unit: unit, axis: "minutes", lines: lines)
    }
}
