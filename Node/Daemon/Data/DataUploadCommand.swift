internal import Anchors
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

extension DataCommand {
    struct Upload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hand a file in as a part of a data set, and anchor it.",
            discussion: """
                A table (CSV with a header line, or JSON lines) names the column with the time of a row and is sorted by it; \
                anything else is taken as it is. Larger content is handed in as several files of at most 32 MiB. Compressed \
                tables are not unpacked. --check only reads and reports.
                """)
        @Argument(help: "The file.") var file: String
        @Option(name: .customLong("data-set"), help: "Name under which the own partner registered it.") var dataSet:
            String
        @Option(help: "Identifier of the own partner.") var partner: String
        @Option(name: .customLong("time-column"), help: "Column or member with the time; makes the file a table.")
        var timeColumn: String?
        @Option(
            name: .customLong("time-form"),
            help: "rfc3339, seconds, milliseconds, or local:+01:00 for labels without a zone.")
        var timeForm = "rfc3339"
        @Flag(name: .customLong("json-lines"), help: "The table has one JSON object a line.") var jsonLines = false
        @Option(name: .customLong("media-type"), help: "Of a file that is no table.") var mediaType =
            "application/octet-stream"
        @Option(help: "Of a file that is no table: first time that it is about, RFC 3339.") var from: String?
        @Option(help: "Of a file that is no table: end of what it is about, RFC 3339.") var to: String?
        @Option(help: "harmonised, cleansed or results.") var zone = "harmonised"
        @Option(help: "Column with the energy of a row, for prices per kWh: NAME, or NAME:kwh.") var energy: String?
        @Option(help: "Part that a result was computed from; repeat for more.") var input: [String] = []
        @Option(name: .customLong("keep-days"), help: "Days until the retention is over.") var keepDays: UInt32?
        @Option(help: "Part that this one corrects.") var supersedes: String?
        @Flag(help: "Read and report only.") var check = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        struct Report: Encodable {
            let part: String
            let root: String
            let rows: UInt64
            let bytes: UInt64
            let chunks: UInt32
            let from: String
            let to: String
            let isAnchored: Bool
        }

        func run() async throws {
            guard let data = FileManager.default.contents(atPath: file) else { throw UserError("No file at \(file).") }
            let bytes = [UInt8](data)
            let description = try description()
            let manifest: Manifest
            do throws(PartProblem) {
                manifest = try PartBuilder.manifest(
                    of: bytes, description.source, zone: description.zone, salt: description.salt,
                    inputs: description.inputs, energy: description.energy)
            } catch {
                throw UserError("\(file): \(error)")
            }
            if !check { try await send(description, bytes, manifest) }
            let report = Report(
                part: "\(manifest.digest)", root: "\(manifest.root)", rows: manifest.header.rows,
                bytes: manifest.header.byteCount, chunks: manifest.header.chunks, from: manifest.header.from.text,
                to: manifest.header.to.text, isAnchored: !check)
            try output.show(report) {
                "\(report.rows) rows, \(report.bytes) bytes in \(report.chunks) chunks, \(report.from) to \(report.to).\n"
                    + (check ? "Nothing was sent." : "Part \(report.part) is stored and anchored.")
            }
        }

        private func description() throws -> PartUpload.Description {
            guard let zone = DataZone(name: zone) else {
                throw UserError(
                    "'\(zone)' is no zone; known are \(DataZone.allCases.map(\.name).joined(separator: ", ")).")
            }
            let source: PartBuilder.Source
            if let timeColumn {
                let form = try DataText.timeForm(timeForm)
                source = jsonLines ? .jsonLines(time: timeColumn, form) : .csv(time: timeColumn, form)
            } else {
                let now = Timestamp.wallClock
                source = .file(
                    name: URL(filePath: file).lastPathComponent, mediaType: mediaType,
                    from: try from.map(DataText.time) ?? now,
                    to: try to.map(DataText.time) ?? now.adding(milliseconds: 1))
            }
            var generator = SystemRandomNumberGenerator()
            let salt = Digest((0..<Digest.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }) ?? .zero
            return PartUpload.Description(
                partner: partner, dataSet: dataSet, source: source, zone: zone, salt: salt,
                inputs: try input.map { try MarketWords.digest($0, "part") }, energy: try energy.map(DataText.energy),
                keepUntil: keepDays.map { Timestamp.wallClock.adding(days: $0) })
        }

        private func send(_ description: PartUpload.Description, _ bytes: [UInt8], _ manifest: Manifest) async throws {
            let signer = try connection.signer()
            let supersedes = try supersedes.map { try MarketWords.digest($0, "part") }
            var configuration = NodeClientConfiguration()
            configuration.requestMilliseconds = 60_000
            try await connection.nodes.with(configuration: configuration) { client in
                let session = try await ChainSession(client, signer)
                let upload = PartUpload(
                    signing: description, bytes: bytes, network: session.network, key: session.key)
                let path = description.zone == .results ? "/v1/data/results" : "/v1/data/parts"
                _ = try await client.post(path, upload.bcs)
                let batch = NewBatch(manifest, supersedes: supersedes)
                try await session.run(
                    [
                        Anchors.append.call(
                            on: WellKnown.anchors, AppendBatches(dataSet: description.dataSet, batches: [batch]))
                    ], doing: "anchoring the part")
            }
        }
    }
}
