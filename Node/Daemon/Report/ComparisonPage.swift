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
        let largest = values.map { max($0.member, 0) + max($0.fund, 0) }.max() ?? 0
        let lowest = values.map { min($0.member, $0.fund, 0) }.min() ?? 0
        let bars = Bars(low: Double(lowest), high: Double(largest))
        let rows = zip(comparison.choices, values).map { choice, value in
            let edge = Double(max(value.member, 0))
            let fund = Double(value.fund)
            return bars.row(
                name(choice), money(value.member),
                bars.bar(from: 0, to: Double(value.member), "trade", "\(name(choice)): \(money(value.member))")
                    + bars.bar(
                        from: fund >= 0 ? edge : 0, to: fund >= 0 ? edge + fund : fund, "sun",
                        "fund: \(money(value.fund))"))
        }
        return bars.chart("Savings of all members by model", rows)
            + "<p class=\"legend\"><span><i class=\"key trade\"></i>saved by members</span>"
            + "<span><i class=\"key sun\"></i>kept by the community fund</span></p>"
    }

    private func ranges() -> String {
        let gains = comparison.choices.map { comparison.gains($0).sorted() }
        let bars = Bars(
            low: Double(min(gains.compactMap(\.first).min() ?? 0, 0)),
            high: Double(max(gains.compactMap(\.last).max() ?? 0, 1)))
        let rows = zip(comparison.choices, gains).compactMap { choice, gains -> String? in
            guard let least = gains.first, let most = gains.last else { return nil }
            let middle = gains[gains.count / 2]
            let text = "\(name(choice)): \(money(least)) to \(money(most)), middle \(money(middle))"
            return bars.row(
                name(choice), "\(money(least)) … \(money(most))",
                bars.bar(from: Double(least), to: Double(most), "use", text) + bars.mark(at: Double(middle)))
        }
        return bars.chart("Range of savings by model", rows)
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
        return "<div class=\"figures\">\(PageParts.table(head, rows))</div>"
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
        .bars{display:grid;gap:7px;margin:8px 0 12px}.bars>div{display:grid;grid-template-columns:17rem 1fr 11rem;gap:2px 12px;\
        align-items:center;font-size:.85rem}.bars .name{text-align:right}.bars .note{color:var(--soft)}
        .track{position:relative;height:18px}.track i,.track b{position:absolute;top:0;bottom:0;border-radius:2px}
        .track .zero{width:1px;background:var(--soft)}.track b{width:3px;top:-3px;bottom:-3px;background:var(--ink)}
        .track .trade{background:var(--trade)}.track .sun{background:var(--sun)}.track .use{background:var(--use)}
        .matrix th span{writing-mode:vertical-rl;transform:rotate(180deg);font-weight:500;white-space:nowrap}\
        .matrix th{vertical-align:bottom;padding:4px 2px}.matrix td{padding:3px 6px;font-size:.8rem}li{margin:2px 0}
        .figures table{font-size:.78rem}.figures th,.figures td{padding:5px 5px}.figures th,.figures td:nth-child(-n+2){white-space:normal}
        @media screen and (max-width:40rem){.bars>div{grid-template-columns:1fr auto}.bars .name{text-align:left}\
        .track{grid-column:1/-1;grid-row:2;height:14px}.wide td::before{text-align:left}.figures table{font-size:.9rem}\
        .matrix td{padding:3px 6px;font-size:.9rem}.matrix td:first-child{font-size:1rem}}
        """
}

/// Horizontal bars over one scale. Widths are parts of the track, so that they fit every screen: on a narrow one name and
/// note stand above the bar.
struct Bars {
    let low: Double
    let high: Double

    private func place(_ value: Double) -> Double { 100 * (value - low) / max(high - low, 1) }
    private func percent(_ value: Double) -> String { String(format: "%.2f%%", value) }

    func chart(_ title: String, _ rows: [String]) -> String {
        "<div class=\"bars\" role=\"group\" aria-label=\"\(Chart.escape(title))\">\(rows.joined())</div>"
    }

    /// Name and note are text, `marks` what `bar` and `mark` made.
    func row(_ name: String, _ note: String, _ marks: String) -> String {
        "<div><span class=\"name\">\(Chart.escape(name))</span><span class=\"track\">"
            + "<i class=\"zero\" style=\"left:\(percent(place(0)))\"></i>\(marks)</span>"
            + "<span class=\"note\">\(Chart.escape(note))</span></div>"
    }

    func bar(from: Double, to: Double, _ colour: String, _ tooltip: String) -> String {
        let (start, end) = (place(min(from, to)), place(max(from, to)))
        return "<i class=\"\(colour)\" title=\"\(Chart.escape(tooltip))\" "
            + "style=\"left:\(percent(start));width:\(percent(end - start))\"></i>"
    }

    func mark(at value: Double) -> String { "<b style=\"left:calc(\(percent(place(value))) - 1px)\"></b>" }
}
