internal import Analytics
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataLake
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Results

extension ForecastCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What the chain has of a recorded result, on the node's word.")
        @Argument(help: "Content address of the output.") var result: String
        @OptionGroup var nodes: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let digest = try MarketWords.digest(result, "output")
            let record = try await nodes.with { client in
                try ResultRecord(
                    bcs: try await client.query(
                        WellKnown.results, Results.resultQuery.number, arguments: digest.bcs))
            }
            let rows = RecordedWords.rows(record)
            try output.show(Dictionary(rows) { first, _ in first }) {
                rows.map { "\($0.0): \($0.1)" }.joined(separator: "\n")
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a kept forecast offline, with nothing but the genesis file.",
            discussion: """
                Exit code 0 when question, inputs and output are those of a result that the chain has recorded with enough \
                attestations, as of the proved block; 1 when not; 3 when it was corrected or deleted by then.
                """)
        @Argument(help: "The file that `forecast record --keep` wrote.") var file: String
        @Option(help: "The genesis file of the network.") var genesis: String
        @OptionGroup var output: OutputOptions

        struct Report: Encodable {
            let record: [String: String]
            let height: UInt64
            let time: String
            let correction: String?
            let isDeleted: Bool
            let forecast: [String]
        }

        func run() async throws {
            let trusted = try GenesisFile.read(genesis)
            guard let data = FileManager.default.contents(atPath: file) else { throw UserError("No file at \(file).") }
            guard let kept = try? RecordedForecast(bcs: [UInt8](data)) else {
                throw UserError("\(file) is no kept forecast.")
            }
            let verdict: RecordedForecast.Verdict
            do { verdict = try kept.verify(genesis: trusted, now: .wallClock) } catch {
                throw UserError("The forecast is WRONG: \(error).")
            }
            var rows = RecordedWords.rows(verdict.record)
            let policy = verdict.analysis.policy
            rows.append(
                (
                    "policy",
                    "\(policy.threshold == 0 ? "a quorum" : "\(policy.threshold)") of "
                        + (policy.attesters.isEmpty ? "all validators" : policy.attesters.joined(separator: ", "))
                ))
            rows.append(("community", "\(verdict.parameters.community)"))
            let lines = String(decoding: kept.request.output, as: UTF8.self).split(separator: "\n").map(String.init)
            let report = Report(
                record: Dictionary(rows) { first, _ in first }, height: verdict.height.value, time: verdict.time.text,
                correction: verdict.correction.map { "\($0)" }, isDeleted: verdict.isDeleted, forecast: lines)
            try output.show(report) {
                (lines + [""] + rows.map { "\($0.0): \($0.1)" } + ["", words(verdict)]).joined(separator: "\n")
            }
            if verdict.correction != nil || verdict.isDeleted { throw ExitCode(3) }
        }

        private func words(_ verdict: RecordedForecast.Verdict) -> String {
            let asOf = "as of block \(verdict.height) of \(verdict.time.text)"
            if verdict.isDeleted { return "✗ Its owner declared it deleted, \(asOf)." }
            if let correction = verdict.correction { return "✗ It was corrected by \(correction), \(asOf)." }
            return "✓ The forecast is the recorded one, recomputed by \(verdict.record.attestations) partners, \(asOf)."
        }
    }
}

/// A recorded result in words.
enum RecordedWords {
    static func rows(_ record: ResultRecord) -> [(String, String)] {
        let claim = record.claim
        return [
            ("analysis", "\(claim.owner)/\(claim.analysis)"), ("program", "\(claim.program)"),
            ("inputs", "\(claim.inputCount) batches with the root \(claim.inputs)"),
            ("parameters", "\(claim.parameters)"), ("output", "\(claim.output)"),
            ("attestations", "\(record.attestations)"), ("recorded in block", "\(record.height)"),
        ]
    }
}
