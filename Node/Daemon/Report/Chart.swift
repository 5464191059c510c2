internal import Foundation

/// Line, area and bar charts as inline SVG: no script, no font, no request. Values are integers; pixels are not money.
struct Chart {
    enum Style { case line, area, bar }

    struct Series {
        let name: String
        /// A CSS class of the page, so that light and dark modes each have their colours.
        let colour: String
        let style: Style
        let values: [Int64]
    }

    let title: String
    /// Unit of the axis, and how many of the values' units make one.
    let unit: String
    let divisor: Double
    /// Labels under the axis: position in the values and text.
    let ticks: [(index: Int, text: String)]
    let series: [Series]
    /// One tooltip a position, or none.
    let tooltips: [String]

    private static let width = 960.0
    private static let height = 280.0
    private static let left = 56.0
    private static let right = 12.0
    private static let top = 28.0
    private static let bottom = 34.0

    private var count: Int { series.map(\.values.count).max() ?? 0 }
    private var plotWidth: Double { Chart.width - Chart.left - Chart.right }
    private var plotHeight: Double { Chart.height - Chart.top - Chart.bottom }

    func svg() -> String {
        let all = series.flatMap(\.values).map { Double($0) / divisor }
        let step = Chart.niceStep((max(all.max() ?? 0, 0) - min(all.min() ?? 0, 0)) / 5)
        let low = (min(all.min() ?? 0, 0) / step).rounded(.down) * step
        let high = max((max(all.max() ?? 0, 0) / step).rounded(.up) * step, low + step)
        func y(_ value: Double) -> Double { Chart.top + plotHeight * (high - value) / (high - low) }

        var out =
            "<svg viewBox=\"0 0 \(Int(Chart.width)) \(Int(Chart.height))\" role=\"img\" aria-label=\"\(Chart.escape(title))\">"
        out += grid(low: low, high: high, step: step, y: y)
        for one in series { out += path(one, y: y) }
        out += hovers()
        return PageParts.frame(out + "</svg>") + legend()
    }

    private func x(_ index: Int) -> Double {
        Chart.left + plotWidth * (Double(index) + 0.5) / Double(max(count, 1))
    }

    private func grid(low: Double, high: Double, step: Double, y: (Double) -> Double) -> String {
        var out = ""
        var value = low
        while value <= high + step / 2 {
            let line = Chart.number(y(value))
            out +=
                "<line class=\"grid\" x1=\"\(Chart.left)\" x2=\"\(Chart.width - Chart.right)\" y1=\"\(line)\" y2=\"\(line)\"/>"
            out +=
                "<text class=\"axis\" text-anchor=\"end\" x=\"\(Chart.left - 6)\" y=\"\(Chart.number(y(value) + 4))\">\(Chart.label(value, step))</text>"
            value += step
        }
        out += "<text class=\"axis\" x=\"4\" y=\"14\">\(Chart.escape(unit))</text>"
        for tick in ticks {
            let position = Chart.number(Chart.left + plotWidth * Double(tick.index) / Double(max(count, 1)))
            out +=
                "<line class=\"grid\" x1=\"\(position)\" x2=\"\(position)\" y1=\"\(Chart.top)\" y2=\"\(Chart.height - Chart.bottom)\"/>"
            out +=
                "<text class=\"axis\" x=\"\(position)\" y=\"\(Chart.height - Chart.bottom + 18)\">\(Chart.escape(tick.text))</text>"
        }
        return out
    }

    private func path(_ one: Series, y: (Double) -> Double) -> String {
        let points = one.values.enumerated().map { (x($0.offset), y(Double($0.element) / divisor)) }
        guard let first = points.first, let last = points.last else { return "" }
        let zero = y(0)
        if one.style == .bar {
            let width = max(plotWidth / Double(max(count, 1)) * 0.7, 1)
            return points.map { point in
                let top = min(point.1, zero)
                return
                    "<rect class=\"fill \(one.colour)\" x=\"\(Chart.number(point.0 - width / 2))\" y=\"\(Chart.number(top))\" "
                    + "width=\"\(Chart.number(width))\" height=\"\(Chart.number(abs(point.1 - zero)))\"/>"
            }.joined()
        }
        let line = points.map { "\(Chart.number($0.0)),\(Chart.number($0.1))" }.joined(separator: " ")
        guard one.style == .area else { return "<polyline class=\"line \(one.colour)\" points=\"\(line)\"/>" }
        return
            "<polygon class=\"fill area \(one.colour)\" points=\"\(Chart.number(first.0)),\(Chart.number(zero)) \(line) "
            + "\(Chart.number(last.0)),\(Chart.number(zero))\"/>"
    }

    private func hovers() -> String {
        let width = plotWidth / Double(max(count, 1))
        return tooltips.prefix(count).enumerated().map { index, text in
            "<rect class=\"hover\" x=\"\(Chart.number(x(index) - width / 2))\" y=\"\(Chart.top)\" width=\"\(Chart.number(width))\" "
                + "height=\"\(plotHeight)\"><title>\(Chart.escape(text))</title></rect>"
        }.joined()
    }

    private func legend() -> String {
        let items = series.map { "<span><i class=\"key \($0.colour)\"></i>\(Chart.escape($0.name))</span>" }
        return "<p class=\"legend\">" + items.joined(separator: " ") + "</p>"
    }

    /// 1, 2 or 5 times a power of ten, at least as large as `raw`.
    static func niceStep(_ raw: Double) -> Double {
        guard raw > 0 else { return 1 }
        let power = pow(10, floor(log10(raw)))
        return ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10) * power
    }

    static func label(_ value: Double, _ step: Double) -> String {
        String(format: step >= 1 ? "%.0f" : "%.2f", value == 0 ? 0 : value)
    }

    static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    static func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }
}
