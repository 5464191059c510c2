internal import ArgumentParser
internal import Foundation
internal import Simulator

/// The benchmark report: one page with plots of the JSON files that the benchmarks wrote into a folder.
struct Page: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the report page of a folder of results; tools/bench-report runs everything and this.")

    @Argument(help: "Folder with validators-*.json, growth.json, regions.json, counts.json, soak.json.") var folder:
        String

    func run() throws {
        var sections: [String] = []
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let rates = try files.filter { $0.hasPrefix("validators-") && $0.hasSuffix(".json") }
            .map { try read(Report.self, $0) }.sorted { $0.settings.validators < $1.settings.validators }
        if let report = rates.first { sections += [PageSections.machine(report.machine), PageSections.rates(rates)] }
        if files.contains("regions.json") {
            sections.append(PageSections.regions(try read(RegionReport.self, "regions.json")))
        }
        if files.contains("growth.json") {
            sections.append(PageSections.growth(try read(Growth.Results.self, "growth.json")))
        }
        if files.contains("year.json") {
            sections.append(PageSections.years(try read(Year.Results.self, "year.json")))
        }
        if files.contains("counts.json") {
            sections.append(PageSections.counts(try read([String: Double].self, "counts.json")))
        }
        if files.contains("soak.json") {
            sections.append(PageSections.soak(try read(SoakReport.self, "soak.json")))
        }
        guard !sections.isEmpty else { throw ValidationError("no results in \(folder); see tools/bench-report --help") }
        let html = Page.document(title: "Benchmark report", body: sections.joined(separator: "\n"))
        try Data(html.utf8).write(to: URL(filePath: folder + "/report.html"))
        print("Wrote \(folder)/report.html.")
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        } catch {
            throw ValidationError("\(folder)/\(name) is no result of this release: \(error)")
        }
    }

    static func document(title: String, body: String) -> String {
        """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Commonwatt: \(title)</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><style>
        :root{color-scheme:light dark;--ink:#1f2328;--soft:#57606a;--page:#fff;--code:#f6f8fa;--line:#d0d7de;--c0:#1f6feb;\
        --c1:#c2570c;--c2:#1a7f37;--c3:#8250df;--c4:#bf3989;--c5:#57606a}
        @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--page:#0d1117;--code:#161b22;--line:#30363d;\
        --c0:#6cb6ff;--c1:#f0883e;--c2:#56d364;--c3:#bc8cff;--c4:#f778ba;--c5:#9da7b3}}
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:56rem;padding:0 1rem;color:var(--ink);background:var(--page)}
        h1{margin-bottom:.25rem} h2{font-size:1.25rem;margin:2.25rem 0 .25rem} p{margin:.35rem 0}
        pre,code{background:var(--code);font-size:13px} pre{padding:1rem;overflow:auto} code{padding:.1rem .3rem;overflow-wrap:anywhere}
        figure{margin:1rem 0 0} figcaption{font-weight:600} .legend{font-size:13px;color:var(--soft);margin:0;display:flex;\
        flex-wrap:wrap;gap:.1rem 1rem} .wide{overflow-x:auto}
        svg{width:100%;height:auto;display:block} svg text{font-size:12px;fill:var(--soft)} .grid{stroke:var(--line)}
        table{border-collapse:collapse;margin:.75rem 0;font-variant-numeric:tabular-nums}
        th,td{padding:.2rem .75rem;border-bottom:1px solid var(--line);text-align:right} th:first-child,td:first-child{text-align:left}
        @media screen and (max-width:40rem){figure svg{width:40rem} th,td{padding:.2rem .5rem;font-size:14px} svg text{font-size:15px}\
        th:first-child,td:first-child{position:sticky;left:0;background:var(--page) padding-box}}
        @media print{:root{--page:#fff;--ink:#000} body{margin:0;max-width:none} figure{break-inside:avoid}}
        </style></head><body><h1>\(title)</h1>
        \(body)
        </body></html>

        """
    }
}
