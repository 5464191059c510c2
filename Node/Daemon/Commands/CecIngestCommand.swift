internal import ArgumentParser
internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Ingest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a file of readings, upload, anchor and replicate them.",
            discussion: """
                Takes CSV (hourly pairs, quarter hours by day, cumulative registers), Green Button (ESPI XML) and CIM \
                ValidatedHistoricalData documents. Every row that is not taken or not vouched for is listed with its line and \
                reason; what is not credible is flagged, never repaired. --check only reads and reports. Shown are counts and \
                some examples; --report has every line. Exit code 1 when no reading was taken.
                """)
        @Argument(help: "File of readings.") var readings: String
        @OptionGroup var source: SourceOptions
        @Flag(help: "Read and report only; nothing is uploaded.") var check = false
        @Option(help: "Write the whole report as JSON to this file.") var report: String?
        @OptionGroup var office: Office

        func run() async throws {
            let output = office.output
            let file = try CommunityFile.read(office.path)
            let adapted = try Ingestion.read(readings, file, source.source)
            let batches = Ingestion.batches(adapted)
            if !check, !batches.isEmpty {
                try await office.opened { office, _, _ in
                    try await office.ingest(batches) { output.progress("anchored \($0) of \(batches.count) batches") }
                }
            }
            let outcome = IngestReport(adapted, batches: batches.count, isStored: !check && !batches.isEmpty)
            if let report {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                try (try encoder.encode(outcome) + Data("\n".utf8)).write(to: URL(filePath: report))
            }
            try output.show(outcome) { outcome.text(report: report) }
            if outcome.readings == 0 { throw ExitCode(1) }
        }
    }

    /// What a person knows about a file of readings.
    struct SourceOptions: ParsableArguments {
        @Option(
            help:
                "Form of the file: \(ReadingsFormat.allCases.map(\.rawValue).joined(separator: ", ")). Default: found out."
        )
        var format: ReadingsFormat?
        @Option(help: "Time zone of local labels, such as Europe/Zurich. Default: the clock of the community file.")
        var zone: String?
        @Option(help: "Meter of a file that is about one meter and does not name it.") var meter: String?
        @Option(help: "Year of the weeks in a file of quarter hours.") var year: Int?
        @Flag(help: "Quarter hours are production, not load.") var production = false
        @Option(help: "Revision: 0 for first readings, higher for later changes of the same periods.")
        var revision: UInt16 = 0
        @Option(help: "Mean power in kW above which a value is flagged as implausible.") var powerMax: Int64 = 100

        var source: Ingestion.Source {
            Ingestion.Source(
                format: format, zone: zone, meter: meter, year: year, isProduction: production, revision: revision,
                kilowattsMax: powerMax)
        }
    }
}

extension ReadingsFormat: ExpressibleByArgument {}

/// What became of a file of readings.
struct IngestReport: Encodable {
    let batches: Int
    let isStored: Bool
    let meters: Int
    let readings: Int
    let adjusted: Int
    let estimated: Int
    let missing: Int
    let rejected: Int
    let notices: [ReadingNotice]

    init(_ adapted: AdaptedReadings, batches: Int, isStored: Bool) {
        self.batches = batches
        self.isStored = isStored
        meters = adapted.series.count
        readings = adapted.readingsCount
        adjusted = adapted.count(.adjusted)
        estimated = adapted.count(.estimated)
        missing = adapted.count(.missing)
        rejected = adapted.rejectedCount
        notices = adapted.notices
    }

    /// Examples shown of what is not as it should be.
    static let examplesMax = 10

    /// Counts by kind and meter, examples, and last what became of the file.
    func text(report: String?) -> String {
        var lines: [String] = []
        if !notices.isEmpty {
            lines += [counts, ""] + notices.prefix(IngestReport.examplesMax).map(IngestReport.line)
            let more = notices.count - IngestReport.examplesMax
            if more > 0 {
                lines.append(
                    "… \(more) more lines; \(report.map { "all are in \($0)" } ?? "--report FILE writes all").")
            }
            lines.append("")
        }
        lines += [
            "\(estimated) are flagged as estimated, \(adjusted) as adjusted, \(missing) are missing; \(rejected) values were rejected.",
            readings == 0
                ? "No reading was taken; nothing is stored."
                : "\(Human.count(readings, "reading")) of \(Human.count(meters, "meter")) in \(batches == 1 ? "1 batch" : "\(batches) batches") "
                    + (isStored ? "are stored and anchored." : "were read; nothing is stored."),
        ]
        return lines.joined(separator: "\n")
    }

    /// How many values of each kind, of the meters with the most.
    private var counts: String {
        var table = TextTable([("what", .left), ("kind", .left), ("values", .right), ("meters", .left)])
        let kinds = Dictionary(grouping: notices) { "\($0.action.rawValue) \($0.kind.rawValue)" }
        for key in kinds.keys.sorted() {
            let all = kinds[key] ?? []
            let byMeter = Dictionary(grouping: all) { $0.meter ?? "" }.mapValues { $0.reduce(0) { $0 + $1.count } }
            let most = byMeter.filter { !$0.key.isEmpty }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            let rest = most.count > 5 ? " and \(most.count - 5) more" : ""
            table.add([
                all[0].action.rawValue, all[0].kind.rawValue, "\(byMeter.values.reduce(0, +))",
                most.prefix(5).map { "\($0.key) \($0.value)" }.joined(separator: ", ") + rest,
            ])
        }
        return table.text()
    }

    private static func line(_ notice: ReadingNotice) -> String {
        let place =
            switch (notice.line, notice.lastLine) {
            case (0, _): "file"
            case let (first, last) where first == last: "line \(first)"
            case let (first, last): "lines \(first)-\(last)"
            }
        return
            "\(place): \(notice.action.rawValue), \(notice.kind.rawValue)\(notice.meter.map { ", meter \($0)" } ?? ""): \(notice.reason)"
    }
}
