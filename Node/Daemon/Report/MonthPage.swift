internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// The administrator's overview of a span: the community by day, every member's energy and balance, what is still open
/// and whose readings lack. Shows persons; it is not for publication.
struct MonthPage {
    let rules: CommunityRules
    let statements: [Statement]
    let postings: PostingList
    /// Names of members by number, where the administrator keeps them.
    let names: [UInt32: String]

    private var currency: String { rules.currency }

    func html() -> String {
        let days = DaySums.of(statements.flatMap(\.lines), clock: rules.clock)
        let span = DaySums.span(days)
        let body = """
            <header><h1>\(escape(rules.name))</h1><p class="lead">\(escape(span)), \(statements.count) members</p></header>
            \(PageParts.banner(SpanState(statements).words))\(tiles(days))
            <section><h2>The community, day by day</h2><p>Above the line where the homes' energy came from, below it where the surplus went.</p>\
            \(DaySums.energyChart(days, currency: currency, title: "Energy of the community").svg())</section>
            <section class="long"><h2>Members</h2>\(members())</section>
            <section><h2>Still open, and readings that lack</h2>\(open())</section>
            """
        return ReportPage.page(title: "\(rules.name): \(span)", body, times: "Days are those of the community's clock.")
    }

    private func escape(_ text: String) -> String { Chart.escape(text) }

    private func tiles(_ days: [DaySums]) -> String {
        func sum(_ field: (DaySums) -> Int64) -> Int64 { days.reduce(0) { $0 + field($1) } }
        let owed = postings.rows.reduce(0) { $0 + max(0, -$1.balance) }
        let due = postings.rows.reduce(0) { $0 + max(0, $1.balance) }
        return PageParts.tiles([
            (Human.energy(sum(\.production)), "made"), (Human.energy(sum(\.consumption)), "used"),
            (Human.energy(sum(\.received)), "traded between neighbours"),
            (Human.money(owed, currency: currency), "members owe"),
            (Human.money(due, currency: currency), "members get"),
        ])
    }

    private func members() -> String {
        let head = ["Member", "Made", "Used", "From neighbours", "To neighbours", "Bought", "Sold", "To pay"]
        let rows = statements.sorted { $0.member < $1.member }.map { statement in
            [
                names[statement.member].map { "\(statement.member) \($0)" } ?? "\(statement.member)",
                Human.energy(statement.sums.production), Human.energy(statement.sums.consumption),
                Human.energy(statement.sums.received), Human.energy(statement.sums.given),
                Human.energy(statement.sums.bought), Human.energy(statement.sums.sold),
                Human.money(-statement.sums.balance, currency: currency),
            ]
        }
        return PageParts.table(head, rows) + "<p>Below zero the member receives.</p>"
    }

    private func open() -> String {
        let open = Set(statements.flatMap(\.open)).count
        var lines = [
            open == 0 ? "Every period of the span is settled." : "\(open) periods of the span are not settled yet."
        ]
        for statement in statements.sorted(by: { $0.member < $1.member }) {
            let missing = statement.lines.count { $0.quality == "\(Quality.missing)" }
            let estimated = statement.lines.count { $0.quality == "\(Quality.estimated)" }
            let provisional = statement.lines.count { $0.stage == "\(SettlementStage.provisional)" }
            guard missing + estimated + provisional > 0 else { continue }
            let name = names[statement.member].map { " (\($0))" } ?? ""
            lines.append(
                "Member \(statement.member)\(escape(name)): \(missing) periods without a reading, \(estimated) with an estimated one, \(provisional) provisional."
            )
        }
        return lines.map { "<p>\($0)</p>" }.joined()
    }
}
