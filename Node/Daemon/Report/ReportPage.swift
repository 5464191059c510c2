internal import Foundation
internal import Primitives
internal import Trading

/// Writes the week's report: one self-contained HTML page that prints well and asks nothing of the network.
struct ReportPage {
    let data: ReportData

    func html() -> String {
        ReportPage.page(
            title: "\(data.community): a settled week",
            """
            <header><h1>\(escape(data.community))</h1>
            <p class="lead">\(escape(span())), \(data.hours.count) settled hours, \(data.members.count) homes, \(escape(data.model)).</p></header>
            \(tiles())
            <section><h2>The community, hour by hour</h2>
            <p>What the roofs made, what the homes used, and what neighbours traded with each other.</p>\(communityChart())</section>
            <section><h2>Who gained</h2>\(memberTable())</section>
            <section><h2>Member \(escape(data.member))</h2>
            <p>The statement that this member verified offline, with nothing but the genesis file.</p>\(memberCharts())</section>
            <section><h2>Checked offline</h2>\(checkList())</section>
            <section><h2>The chain behind it</h2>\(chainTable())</section>
            """, times: "Days and hours are those of the community's clock.")
    }

    /// A self-contained page in the style of all reports; `title` is text, `body` is HTML.
    static func page(title: String, _ body: String, times: String = "Times are UTC.", style own: String = "") -> String
    {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Chart.escape(title))</title><style>\(ReportPage.style)\(own)</style></head><body><main>
        \(body)
        <footer>\(Chart.escape(times)) Energy is settled in whole watt-hours and money in millionths; both are rounded here only.</footer>
        </main></body></html>

        """
    }

    private func escape(_ text: String) -> String { Chart.escape(text) }

    private func span() -> String {
        guard let first = data.hours.first, let last = data.hours.last else { return "no hours" }
        let (from, to) = (ReportPage.day(local(first.start)), ReportPage.day(local(last.start)))
        return from == to ? from : "\(from) to \(to)"
    }

    private func tiles() -> String {
        let produced = data.hours.reduce(0) { $0 + $1.production }
        let consumed = data.hours.reduce(0) { $0 + $1.consumption }
        let traded = data.hours.reduce(0) { $0 + $1.traded }
        let cost = data.members.reduce(0) { $0 + $1.cost }
        let alone = data.members.reduce(0) { $0 + $1.costAlone }
        return PageParts.tiles([
            (Human.energy(produced), "made on the roofs"), (Human.energy(consumed), "used in the homes"),
            (Human.energy(traded), "traded between neighbours"),
            (Human.money(cost, currency: data.currency), "the community's bill"),
            (Human.difference(alone, cost, currency: data.currency), "less than without a community"),
        ])
    }

    private func communityChart() -> String {
        let tooltips = data.hours.map { hour in
            "\(localMinute(hour.start))\nmade \(Human.energy(hour.production))\nused \(Human.energy(hour.consumption))"
                + "\ntraded \(Human.energy(hour.traded))"
        }
        return Chart(
            title: "Production, consumption and traded energy of the week", unit: "kWh", divisor: 1000,
            ticks: dayTicks(data.hours.map(\.start)),
            series: [
                .init(name: "made", colour: "sun", style: .area, values: data.hours.map(\.production)),
                .init(name: "used", colour: "use", style: .line, values: data.hours.map(\.consumption)),
                .init(name: "traded", colour: "trade", style: .area, values: data.hours.map(\.traded)),
            ], tooltips: tooltips
        ).svg()
    }

    private func memberCharts() -> String {
        let hours = data.memberHours
        let tooltips = hours.map { hour in
            "\(localMinute(hour.start))\nmade \(Human.energy(hour.production))\nused \(Human.energy(hour.consumption))"
                + "\nfrom neighbours \(Human.energy(hour.fromNeighbours))\nto neighbours \(Human.energy(hour.toNeighbours))"
                + "\namount \(Human.money(hour.amount, currency: data.currency))"
                + (hour.estimated ? "\nreading flagged" : "")
        }
        let ticks = dayTicks(hours.map(\.start))
        let energy = Chart(
            title: "The member's energy", unit: "kWh", divisor: 1000, ticks: ticks,
            series: [
                .init(name: "made", colour: "sun", style: .line, values: hours.map(\.production)),
                .init(name: "used", colour: "use", style: .line, values: hours.map(\.consumption)),
                .init(name: "from neighbours", colour: "trade", style: .bar, values: hours.map(\.fromNeighbours)),
                .init(name: "to neighbours", colour: "give", style: .bar, values: hours.map { -$0.toNeighbours }),
            ], tooltips: tooltips)
        let money = Chart(
            title: "What each hour cost the member", unit: data.currency, divisor: 1_000_000, ticks: ticks,
            series: [
                .init(name: "amount (above zero: paid)", colour: "money", style: .bar, values: hours.map(\.amount))
            ],
            tooltips: tooltips)
        return energy.svg() + money.svg()
    }

    private func memberTable() -> String {
        let head = ["Member", "Made", "Used", "From neighbours", "To neighbours", "Bill", "Without community", "Gain"]
        let rows = data.members.map { row in
            [
                row.member, Human.energy(row.production), Human.energy(row.consumption),
                Human.energy(row.fromNeighbours),
                Human.energy(row.toNeighbours), Human.money(row.cost, currency: data.currency),
                Human.money(row.costAlone, currency: data.currency),
                Human.difference(row.costAlone, row.cost, currency: data.currency),
            ]
        }
        return PageParts.table(head, rows) { data.members[$0].member == data.member }
    }

    private func checkList() -> String {
        "<ul class=\"checks\">"
            + data.checks.map { check in
                "<li class=\"\(check.passed ? "ok" : "bad")\"><b>\(escape(check.name))</b> \(escape(check.detail))</li>"
            }.joined() + "</ul>"
    }

    private func chainTable() -> String {
        var rows = [("network", data.network), ("network id", data.networkID)]
        for key in data.chain.keys.sorted() { rows.append((key, data.chain[key] ?? "")) }
        return "<dl>" + rows.map { "<dt>\(escape($0.0))</dt><dd>\(escape($0.1))</dd>" }.joined() + "</dl>"
    }

    private func dayTicks(_ starts: [UInt64]) -> [(index: Int, text: String)] {
        starts.enumerated().filter { local($0.element) % 86_400_000 == 0 }.map {
            (index: $0.offset, text: ReportPage.shortDay(local($0.element)))
        }
    }

    /// A time as the community's clock shows it, as if that were UTC.
    private func local(_ milliseconds: UInt64) -> UInt64 {
        let offset = Int64(data.clock.offsetMinutes(at: Timestamp(milliseconds))) * 60_000
        return UInt64(clamping: Int64(clamping: milliseconds) + offset)
    }

    private func localMinute(_ milliseconds: UInt64) -> String {
        ReportPage.format(local(milliseconds), "EEE d MMM yyyy, HH:mm")
    }

    private static func shortDay(_ milliseconds: UInt64) -> String { format(milliseconds, "EEE d MMM") }
    static func day(_ milliseconds: UInt64) -> String { format(milliseconds, "EEE d MMM yyyy") }
    static func minute(_ milliseconds: UInt64) -> String { format(milliseconds, "EEE d MMM yyyy, HH:mm 'UTC'") }

    private static func format(_ milliseconds: UInt64, _ pattern: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_GB")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = pattern
        return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    static let style = """
        :root{color-scheme:light dark;--ink:#1d2433;--soft:#5b6475;--page:#f6f7f9;--card:#fff;--line:#dde1e8;--sun:#e3a008;\
        --use:#3b5bdb;--trade:#2b8a3e;--give:#8a5cc2;--money:#c2410c;--ok:#2b8a3e;--bad:#c92a2a}
        @media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--soft:#9aa4b5;--page:#12151c;--card:#1b202a;--line:#313847;\
        --sun:#f2b92c;--use:#7d97ff;--trade:#51cf66;--give:#b794f4;--money:#fb923c;--ok:#51cf66;--bad:#ff8787}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:1040px;margin:0 auto;padding:24px 16px 48px}h1{margin:0;font-size:1.9rem}h2{margin:0 0 4px;font-size:1.2rem}
        .lead,footer,section>p{color:var(--soft);margin:2px 0 12px}section{background:var(--card);border:1px solid var(--line);\
        border-radius:10px;padding:16px;margin:16px 0}.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.tile b{display:block;\
        font-size:1.2rem}.tile span{color:var(--soft);font-size:.9rem}svg{width:100%;height:auto;display:block}
        .grid{stroke:var(--line);stroke-width:1}.axis{fill:var(--soft);font-size:12px}.line{fill:none;stroke-width:2}
        .line.sun{stroke:var(--sun)}.line.use{stroke:var(--use)}.line.trade{stroke:var(--trade)}.fill.sun{fill:var(--sun)}
        .fill.use{fill:var(--use)}.fill.trade{fill:var(--trade)}.fill.give{fill:var(--give)}.fill.money{fill:var(--money)}
        .area{fill-opacity:.55}.hover{fill:transparent}.hover:hover{fill:var(--ink);fill-opacity:.07}
        .legend{display:flex;flex-wrap:wrap;gap:16px;color:var(--soft);font-size:.9rem;margin:4px 0 12px}.key{display:inline-block;\
        width:12px;height:12px;border-radius:3px;margin-right:6px}.key.sun{background:var(--sun)}.key.use{background:var(--use)}
        .key.trade{background:var(--trade)}.key.give{background:var(--give)}.key.money{background:var(--money)}
        .wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
        th,td{padding:5px 8px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}th:first-child,td:first-child{text-align:left}
        tr.mark td,tfoot td{font-weight:600}.long p,code{overflow-wrap:anywhere}.checks{list-style:none;padding:0;margin:0}.checks li::before{content:"\\2713";color:var(--ok);\
        font-weight:700;margin-right:8px}.checks li.bad::before{content:"\\2717";color:var(--bad)}
        dl{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,2fr);gap:4px 16px;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
        .banner{border:2px solid var(--money);border-radius:10px;padding:10px 14px;margin:12px 0;font-weight:600}.scrolls{display:none}
        @media screen and (max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}.chart{overflow-x:auto}\
        .chart svg{width:36rem}.axis{font-size:18px}section>p.scrolls{display:block;font-size:.8rem;margin:0}\
        .wide thead{display:none}.wide table,.wide tbody,.wide tfoot,.wide tr,.wide td{display:block}.wide tr{padding:8px 0;border-bottom:1px solid var(--line)}\
        .wide td{display:flex;justify-content:space-between;gap:12px;border:0;padding:1px 0;white-space:normal}.wide td:first-child{font-weight:600}\
        .wide td:empty{display:none}.wide td::before{content:attr(data-head);color:var(--soft);font-weight:400}.wide td:first-child::before{content:none}}
        @media print{:root{--page:#fff}body{background:#fff;font-size:12px}main{max-width:none;padding:0}section{margin:8px 0;padding:8px 10px}\
        section,.tile,tr{break-inside:avoid}section.long{break-inside:auto}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
