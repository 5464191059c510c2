internal import Foundation
internal import LightClient
internal import Primitives
internal import Settlement
internal import Trading

/// A member's statement as a page to read and print: what was made, used, got from and given to neighbours, and paid.
/// For reading only; what can be checked is the JSON file beside it.
struct StatementPage {
    let statement: Statement
    let rules: CommunityRules
    /// How the member is addressed; nil shows the number only.
    var name: String?

    private var currency: String { rules.currency }
    private var sums: Statement.Sums { statement.sums }

    func html() -> String {
        let days = DaySums.of(statement.lines, clock: rules.clock)
        let member = name.map { "\($0), member \(statement.member)" } ?? "Member \(statement.member)"
        let body = """
            <header><h1>\(escape(rules.name))</h1><p class="lead">\(escape(member)), \(escape(DaySums.span(days)))</p></header>
            \(PageParts.banner(SpanState([statement]).words))\(tiles())
            <section><h2>Day by day</h2><p>Above the line where your energy came from, below it where your surplus went.</p>\
            \(DaySums.energyChart(days, currency: currency, title: "Energy of each day").svg())\(costs(days).svg())</section>
            <section><h2>What it is made of</h2>\(breakdown())</section>
            <section class="long"><h2>Each day</h2>\(table(days))</section>
            <section><h2>Is it right?</h2>\(proof())</section>
            """
        return ReportPage.page(
            title: "\(rules.name): statement of member \(statement.member)", body,
            times: "Days are those of the community's clock.")
    }

    private func escape(_ text: String) -> String { Chart.escape(text) }

    private func tiles() -> String {
        PageParts.tiles([
            (Human.money(abs(sums.balance), currency: currency), sums.balance < 0 ? "to pay" : "to receive"),
            (Human.energy(sums.production), "made"), (Human.energy(sums.consumption), "used"),
            (Human.energy(sums.received), "from neighbours"), (Human.energy(sums.given), "to neighbours"),
        ])
    }

    private func costs(_ days: [DaySums]) -> DayChart {
        DayChart(
            title: "What each day cost", unit: currency, divisor: 1_000_000, labels: days.map(\.short),
            tooltips: days.map { $0.tooltip(currency: currency) },
            stacks: [.init(name: "to pay (below zero: to receive)", colour: "money", values: days.map(\.cost))])
    }

    /// Amounts as each day's cost has them: above zero to pay, below zero to receive.
    private func breakdown() -> String {
        var rows = [
            row("bought from neighbours", sums.received, sums.paidForReceived),
            row("bought from the grid", sums.bought, sums.paidForBought),
            row("sold to neighbours", sums.given, -sums.earnedForGiven),
            row("sold to the grid", sums.sold, -sums.earnedForSold),
        ]
        for (what, amount) in [
            ("grid fee", sums.gridFee), ("community fund", sums.fundLevy),
            ("incentive for shared energy", -sums.incentive),
        ] where amount != 0 {
            rows.append([what, "", "", Human.money(amount, currency: currency)])
        }
        rows.append(["in all", "", "", Human.money(-sums.balance, currency: currency)])
        let last = rows.count - 1
        return "<p>Above zero you pay, below zero you receive.</p>"
            + PageParts.table(["For", "Energy", "On average", "Amount"], rows) { $0 == last }
    }

    private func row(_ what: String, _ energy: Int64, _ amount: Int64) -> [String] {
        let mean =
            energy == 0
            ? "" : "\(Human.fixed(abs(StatementPage.mean(amount, energy)), digits: 4)) \(currency)/kWh"
        return [what, Human.energy(energy), mean, Human.money(amount, currency: currency)]
    }

    /// Mean price in ten-thousandths of a unit per kWh.
    static func mean(_ amount: Int64, _ energy: Int64) -> Int64 {
        guard energy != 0 else { return 0 }
        return Int64(clamping: Int128(amount) * 10 / Int128(energy))
    }

    private func table(_ days: [DaySums]) -> String {
        let head = ["Day", "Made", "Used", "From neighbours", "To neighbours", "Bought", "Sold", "To pay"]
        let rows = days.map { day in
            [
                day.date, Human.energy(day.production), Human.energy(day.consumption), Human.energy(day.received),
                Human.energy(day.given), Human.energy(day.bought), Human.energy(day.sold),
                Human.money(day.cost, currency: currency),
            ]
        }
        return PageParts.table(head, rows)
    }

    private func proof() -> String {
        let flagged = statement.lines.count { $0.quality != "\(Quality.asProvided)" }
        let header = statement.proofs.first?.header
        let height = header.map { "block \($0.height) of \(ReportPage.minute($0.time))" } ?? "no block"
        var lines = [
            "\(statement.lines.count) periods are settled\(statement.open.isEmpty ? "" : ", \(statement.open.count) are still open").",
            flagged == 0
                ? "All readings are as the meter gave them."
                : "\(flagged) periods rest on readings that are missing or not as the meter gave them.",
            "It holds as of \(height); a later correction is a new statement.",
        ]
        lines.append(
            "Check the JSON file that belongs to this page with the verifier page, or with <code>commonwatt verify</code>, and the network's genesis file. Network id: <code>\(escape(statement.network))</code>"
        )
        return lines.map { "<p>\($0)</p>" }.joined()
    }
}
