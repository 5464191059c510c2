internal import Foundation

/// Stacked bars, one for each day, as SVG with the numbers in each bar's title. Values above zero stand on the line,
/// those below hang from it.
struct DayChart {
    struct Stack {
        let name: String
        /// Name of a colour in the page's style.
        let colour: String
        let values: [Int64]
    }

    let title: String
    let unit: String
    /// Units of the values in one unit of the axis.
    let divisor: Double
    let labels: [String]
    let tooltips: [String]
    let stacks: [Stack]

    private static let (width, height, left, right, top, bottom) = (960.0, 240.0, 56.0, 8.0, 12.0, 26.0)

    func svg() -> String {
        let count = labels.count
        guard count > 0 else { return "" }
        let (most, least) = extent()
        let step = Chart.niceStep((most - least) / 4)
        let high = max(step, (most / step).rounded(.up) * step)
        let low = (least / step).rounded(.down) * step
        func y(_ value: Double) -> Double {
            DayChart.top + (high - value) / (high - low) * (DayChart.height - DayChart.top - DayChart.bottom)
        }
        let slot = (DayChart.width - DayChart.left - DayChart.right) / Double(max(count, 7))
        var out =
            "<svg viewBox=\"0 0 \(Int(DayChart.width)) \(Int(DayChart.height))\" role=\"img\"><title>\(Chart.escape(title))</title>"
        var tick = low
        while tick <= high + step / 2 {
            let at = Chart.number(y(tick))
            let label = Chart.label(tick, step)
            out +=
                "<line class=\"grid\" x1=\"\(Int(DayChart.left))\" x2=\"\(Int(DayChart.width - DayChart.right))\" y1=\"\(at)\" y2=\"\(at)\"/>"
            out +=
                "<text class=\"axis\" x=\"\(Int(DayChart.left) - 6)\" y=\"\(Chart.number(y(tick) + 4))\" text-anchor=\"end\">\(label)</text>"
            tick += step
        }
        out +=
            "<text class=\"axis\" x=\"\(Int(DayChart.left) - 6)\" y=\"\(Int(DayChart.height) - 6)\" text-anchor=\"end\">\(Chart.escape(unit))</text>"
        let every = max(1, (count + 11) / 12)
        for index in 0..<count {
            let x = DayChart.left + slot * (Double(index) + 0.14)
            out += bar(index, x: x, width: slot * 0.72, y: y)
            if index % every == 0 {
                out +=
                    "<text class=\"axis\" x=\"\(Chart.number(x + slot * 0.36))\" y=\"\(Int(DayChart.height) - 6)\" text-anchor=\"middle\">\(Chart.escape(labels[index]))</text>"
            }
        }
        let items = stacks.map { "<span><i class=\"key \($0.colour)\"></i>\(Chart.escape($0.name))</span>" }
        return PageParts.frame(out + "</svg>") + "<p class=\"legend\">" + items.joined(separator: " ") + "</p>"
    }

    private func bar(_ index: Int, x: Double, width: Double, y: (Double) -> Double) -> String {
        var (up, down) = (0.0, 0.0)
        var out =
            "<g><title>\(Chart.escape(tooltips.indices.contains(index) ? tooltips[index] : labels[index]))</title>"
        for stack in stacks where stack.values.indices.contains(index) {
            let size = Double(stack.values[index]) / divisor
            let from = size >= 0 ? up : down
            if size >= 0 { up += size } else { down += size }
            let (first, second) = (y(from), y(from + size))
            let length = abs(second - first)
            if length > 0.05 {
                out +=
                    "<rect class=\"fill \(stack.colour)\" x=\"\(Chart.number(x))\" width=\"\(Chart.number(width))\" y=\"\(Chart.number(min(first, second)))\" height=\"\(Chart.number(length))\"/>"
            }
        }
        return out + "</g>"
    }

    /// Greatest and least height of all bars.
    private func extent() -> (Double, Double) {
        var (most, least) = (0.0, 0.0)
        for index in labels.indices {
            var (up, down) = (0.0, 0.0)
            for stack in stacks where stack.values.indices.contains(index) {
                let size = Double(stack.values[index]) / divisor
                if size >= 0 { up += size } else { down += size }
            }
            (most, least) = (max(most, up), min(least, down))
        }
        return (most, least)
    }
}
