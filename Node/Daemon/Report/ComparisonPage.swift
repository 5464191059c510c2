internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// The comparison of models as one self-contained page: who gains what with which choice.
struct ComparisonPage {
    let comparison: ModelComparison
    let rules: CommunityRules
    let currency: String

    func html() -> String {
        let body = """
            <header><h1>Which model for this community?</h1>
            <p class="lead">\(comparison.members.count) homes, \(comparison.periods) periods of \(comparison.periodMinutes) minutes from \(ReportPage.day(comparison.from)), \
            settled once with each model and price rule.</p></header>
            \(tiles())
            <section><h2>What the members save together</h2>
            <p>Against buying and selling alone. What the fund keeps is the community's too, but no member's bill shows it.</p>\
            \(savings())</section>
            <section><h2>Who gains what</h2>
            <p>What each home saves against being alone, in \(escape(currency)). Red loses. The strongest colour is \
            \(escape(money(strongest))).</p>\(matrix())</section>
            <section><h2>How evenly it is shared</h2>
            <p>From the smallest to the largest saving of a home; the mark is the home in the middle.</p>\(ranges())</section>
            <section><h2>The figures</h2>\(figures())</section>
            <section><h2>What was assumed</h2><ul>\(assumptions())</ul></section>
            """
        return ReportPage.page(title: "Which model for this community?", body, style: ComparisonPage.style)
    }

    private func escape(_ text: String) -> String { Chart.escape(text) }
    private func money(_ amount: Amount) -> String { Human.money(amount, currency: currency) }
    private func name(_ choice: ComparedChoice) -> String { "\(choice.model), \(choice.priceRule)" }
    private func saving(_ choice: ComparedChoice) -> Amount { comparison.aloneBill - choice.bill }

    private var strongest: Amount {
        comparison.choices.flatMap { comparison.gains($0).map { abs($0) } }.max() ?? 0
    }

    private func tiles() -> String {
        let best = comparison.choices.max { saving($0) < saving($1) }
        return PageParts.tiles([
            (Human.energy(comparison.production), "produced"), (Human.energy(comparison.consumption), "consumed"),
            (money(comparison.aloneBill), "the bill of all homes alone"),
            (best.map { money(saving($0)) } ?? "-", "largest saving: \(best.map(name) ?? "none")"),
        ])
    }

    /// A bar for each choice: saved by members, and kept by the fund.
    private func savings() -> String {
        let values = comparison.choices.map { (member: saving($0), fund: $0.fund) }
        let largest = Double(values.map { max($0.member, 0) + max($0.fund, 0) }.max() ?? 0)
        let lowest = Double(min(values.map { min($0.member, $0.fund, 0) }.min() ?? 0, 0))
        let scale = Bars(low: lowest, high: max(largest, 1), rows: values.count)
        var out = scale.open("Savings of all members by model")
        for (row, choice) in comparison.choices.enumerated() {
            let (member, fund) = values[row]
            out += scale.label(row, name(choice))
            out += scale.bar(row, from: 0, to: Double(member), colour: "trade", "\(name(choice)): \(money(member))")
            let edge = Double(max(member, 0))
            out += scale.bar(
                row, from: fund >= 0 ? edge : 0, to: fund >= 0 ? edge + Double(fund) : Double(fund), colour: "sun",
                "fund: \(money(fund))")
            out += scale.note(row, at: max(edge + Double(max(fund, 0)), 0), money(member))
        }
        return PageParts.frame(out + "</svg>")
            + "<p class=\"legend\"><span><i class=\"key trade\"></i>saved by members</span>"
            + "<span><i class=\"key sun\"></i>kept by the community fund</span></p>"
    }

    private func ranges() -> String {
        let gains = comparison.choices.map { comparison.gains($0).sorted() }
        let scale = Bars(
            low: Double(min(gains.compactMap(\.first).min() ?? 0, 0)),
            high: Double(max(gains.compactMap(\.last).max() ?? 0, 1)), rows: gains.count)
        var out = scale.open("Range of savings by model")
        for (row, choice) in comparison.choices.enumerated() {
            guard let least = gains[row].first, let most = gains[row].last else { continue }
            let middle = gains[row][gains[row].count / 2]
            let text = "\(name(choice)): \(money(least)) to \(money(most)), middle \(money(middle))"
            out += scale.label(row, name(choice))
            out += scale.bar(row, from: Double(least), to: Double(most), colour: "use", text)
            out += scale.mark(row, at: Double(middle))
            out += scale.note(row, at: Double(max(most, 0)), "\(money(least)) … \(money(most))")
        }
        return PageParts.frame(out + "</svg>")
    }

    private func matrix() -> String {
        let head = comparison.choices.map { "<th><span>\(escape(name($0)))</span></th>" }.joined()
        let gains = comparison.choices.map { comparison.gains($0) }
        let rows = comparison.members.enumerated().map { position, member in
            let cells = zip(comparison.choices, gains).map { cell($0, $1[position]) }.joined()
            return "<tr><td>\(escape(member))</td>\(cells)</tr>"
        }
        let sums = zip(comparison.choices, gains).map { cell($0, $1.reduce(0, +), isSum: true) }.joined()
        return "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th></th>\(head)</tr></thead><tbody>"
            + rows.joined() + "<tr class=\"mark\"><td>all</td>\(sums)</tr></tbody></table></div>"
    }

    /// Names its choice, for narrow screens, where a home's cells stand below each other.
    private func cell(_ choice: ComparedChoice, _ gain: Amount, isSum: Bool = false) -> String {
        let share = strongest == 0 ? 0 : min(Double(gain.magnitude) / Double(strongest), 1)
        let colour = gain < 0 ? "--bad" : "--ok"
        let style =
            isSum
            ? ""
            : String(
                format: " style=\"background:color-mix(in srgb,var(%@) %.0f%%,transparent)\"", colour,
                (share.squareRoot() * 60))
        let short = Human.money(gain, currency: "").trimmingCharacters(in: .whitespaces)
        return "<td data-head=\"\(escape(name(choice)))\"\(style)>\(short)</td>"
    }

    private func figures() -> String {
        let head = [
            "Model", "Price rule", "Traded", "From the grid", "To the grid", "Bill", "Saved", "Fund", "Grid fees",
            "Incentive", "Rounding",
        ]
        let rows = comparison.choices.map { choice in
            [
                choice.model, choice.priceRule, Human.energy(choice.traded), Human.energy(choice.bought),
                Human.energy(choice.sold), money(choice.bill), money(saving(choice)), money(choice.fund),
                money(choice.gridFees), money(choice.incentive), money(choice.rounding),
            ]
        }
        return PageParts.table(head, rows)
    }

    private func assumptions() -> String {
        let grid = rules.gridTariff.schedule.base
        let prices =
            "Grid tariff of every home: \(money(grid.consumption)) per kWh bought, \(money(grid.production)) per kWh sold."
        let gaps =
            "Member-periods without a value count as 0 kWh: \(comparison.missing); estimated: \(comparison.estimated)."
        return ([prices, gaps] + AssumedSettings.notes).map { "<li>\(escape($0))</li>" }.joined()
    }

    private static let style = """
        .row{fill:var(--ink);font-size:13px}.note{fill:var(--soft);font-size:12px}.fill.use{fill:var(--use)}.tick{stroke:var(--ink);\
        stroke-width:3}.matrix th span{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:500;white-space:nowrap}\
        .matrix th{vertical-align:bottom;padding:4px 2px}.matrix td{padding:3px 6px;font-size:.8rem}li{margin:2px 0}
        @media screen and (max-width:40rem){.chart svg{width:48rem}.row{font-size:15px}.note{font-size:14px}\
        .matrix td{padding:3px 6px;font-size:.9rem}.matrix td:first-child{font-size:1rem}}
        """
}

/// Horizontal bars over one scale, a row each.
struct Bars {
    let low: Double
    let high: Double
    let rows: Int

    private static let rowHeight = 26.0
    private static let left = 290.0
    private static let right = 190.0
    private static let width = 960.0

    private var height: Double { Bars.rowHeight * Double(rows) + 8 }
    private func x(_ value: Double) -> Double {
        Bars.left + (Bars.width - Bars.left - Bars.right) * (value - low) / max(high - low, 1)
    }
    private func y(_ row: Int) -> Double { Bars.rowHeight * Double(row) + 4 }
    private func text(_ value: Double) -> String { String(format: "%.1f", value) }

    func open(_ title: String) -> String {
        "<svg viewBox=\"0 0 \(Int(Bars.width)) \(Int(height))\" role=\"img\" aria-label=\"\(Chart.escape(title))\">"
            + "<line class=\"grid\" x1=\"\(text(x(0)))\" x2=\"\(text(x(0)))\" y1=\"0\" y2=\"\(text(height))\"/>"
    }

    func label(_ row: Int, _ name: String) -> String {
        "<text class=\"row\" text-anchor=\"end\" x=\"\(text(Bars.left - 8))\" y=\"\(text(y(row) + 17))\">"
            + "\(Chart.escape(name))</text>"
    }

    func bar(_ row: Int, from: Double, to: Double, colour: String, _ tooltip: String) -> String {
        let (start, end) = (x(min(from, to)), x(max(from, to)))
        return "<rect class=\"fill \(colour)\" x=\"\(text(start))\" y=\"\(text(y(row) + 4))\" "
            + "width=\"\(text(max(end - start, 1)))\" height=\"\(text(Bars.rowHeight - 8))\">"
            + "<title>\(Chart.escape(tooltip))</title></rect>"
    }

    func mark(_ row: Int, at value: Double) -> String {
        let position = text(x(value))
        return "<line class=\"tick\" x1=\"\(position)\" x2=\"\(position)\" y1=\"\(text(y(row) + 2))\" "
            + "y2=\"\(text(y(row) + Bars.rowHeight - 2))\"/>"
    }

    func note(_ row: Int, at value: Double, _ note: String) -> String {
        "<text class=\"note\" x=\"\(text(x(value) + 6))\" y=\"\(text(y(row) + 17))\">\(Chart.escape(note))</text>"
    }
}
