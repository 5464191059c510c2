internal import Foundation

/// Lines over a common axis as SVG, without script or outside request.
struct Chart {
    struct Line {
        let name: String
        let points: [(x: Double, y: Double)]
        /// Drawn thin and dashed: what the others are measured against.
        var isReference = false
    }

    /// Colours that the page names, so that light and dark each have their own.
    static let colours = (0...5).map { "var(--c\($0))" }

    let title: String
    let unit: String
    /// What the horizontal axis counts.
    let axis: String
    let lines: [Line]
    /// Powers of ten at equal distances.
    var isLogarithmic = false
    /// Values marked on the horizontal axis; quarters of it when left out.
    var marks: [Double] = []

    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }

    /// The next of 1, 2, 4, 8 times a power of ten, so that quarters of it are short numbers.
    static func ceiling(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, floor(log10(value)))
        return [1, 2, 4, 8, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
    }

    /// Short, for an axis: 1000000 is 1M.
    static func label(_ value: Double) -> String {
        switch abs(value) {
        case 1_000_000...: String(format: "%gM", value / 1_000_000)
        case 10_000...: String(format: "%gk", value / 1_000)
        default: String(format: "%g", value)
        }
    }

    private var top: Double { Chart.ceiling(lines.flatMap { $0.points.map(\.y) }.max() ?? 1) }
    private var span: (low: Double, high: Double) {
        let all = lines.flatMap { $0.points.map(\.x) }
        guard let low = all.min(), let high = all.max() else { return (0, 1) }
        if isLogarithmic { return (log10(low), max(log10(high), log10(low) + 0.1)) }
        return (min(0, low), max(high, 0.01))
    }

    private func x(_ value: Double) -> Double {
        let (low, high) = span
        return 64 + ((isLogarithmic ? log10(value) : value) - low) / (high - low) * 800
    }

    private func y(_ value: Double) -> Double { 210 - value / top * 190 }
    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private var grid: String {
        var svg = ""
        for step in 0...4 {
            let value = top * Double(step) / 4
            let height = number(y(value))
            svg += "<line x1=\"64\" x2=\"864\" y1=\"\(height)\" y2=\"\(height)\" class=\"grid\"/>"
            svg += "<text x=\"58\" y=\"\(number(y(value) + 4))\" text-anchor=\"end\">\(Chart.label(value))</text>"
        }
        let quarters = (0...4).map { span.low + (span.high - span.low) * Double($0) / 4 }
        for mark in marks.isEmpty ? quarters : marks {
            svg += "<text x=\"\(number(x(mark)))\" y=\"228\" text-anchor=\"middle\">"
            svg += "\(Chart.label((mark * 10).rounded() / 10))</text>"
        }
        return svg + "<text x=\"464\" y=\"246\" text-anchor=\"middle\">\(Chart.escaped(axis))</text>"
    }

    var html: String {
        var svg = "<figure><figcaption>\(Chart.escaped(title))\(unit.isEmpty ? "" : ", \(unit)")</figcaption>"
        svg += "<div class=\"wide\"><svg viewBox=\"0 0 880 252\" role=\"img\" "
        svg += "aria-label=\"\(Chart.escaped(title))\">\(grid)"
        for (index, line) in lines.enumerated() {
            let colour = Chart.colours[index % Chart.colours.count]
            let points = line.points.map { "\(number(x($0.x))),\(number(y($0.y)))" }
            let dash = line.isReference ? " stroke-dasharray=\"6 4\"" : ""
            svg += "<polyline fill=\"none\" style=\"stroke:\(colour)\" stroke-width=\"1.8\"\(dash) "
            svg += "points=\"\(points.joined(separator: " "))\"/>"
            guard line.points.count <= 20 else { continue }
            for point in line.points {
                svg += "<circle cx=\"\(number(x(point.x)))\" cy=\"\(number(y(point.y)))\" r=\"3\" "
                svg += "style=\"fill:\(colour)\"/>"
            }
        }
        let legend = lines.enumerated().map { index, line in
            "<span><span style=\"color:\(Chart.colours[index % Chart.colours.count])\">&#9632;</span> "
                + Chart.escaped(line.name) + "</span>"
        }
        return svg + "</svg></div><p class=\"legend\">\(legend.joined(separator: " "))</p></figure>"
    }
}
