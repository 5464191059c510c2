internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataSets
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives

extension DataCommand {
    struct Download: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a part of a data set under an agreement, and check it while it arrives.",
            discussion: """
                The node must prove that the chain allows the read, as of a block not older than --max-age, and that what it \
                sends is what was anchored, whole and unaltered; else the command fails, says what was found out, and leaves \
                no file. --keep keeps request, proofs and data in one file for `commonwatt data verify`.
                """)
        @Argument(help: "Content address of the part.") var part: String
        @Option(help: "Rows from this time on, RFC 3339.") var from: String?
        @Option(help: "Rows before this time, RFC 3339.") var to: String?
        @Option(help: "Bytes of the content, such as 0-65536, the end exclusive.") var bytes: String?
        @Option(help: "Rows that meet this, such as \"meter = CL01 and load_wh > 500\".") var filter: String?
        @Option(help: "File to write the content to.") var out: String
        @Option(help: "File to keep request, proofs and data in.") var keep: String?
        @Option(name: .customLong("max-age"), help: "Seconds that the proved state may be old.") var maxAge: UInt64 = 60
        @OptionGroup var reader: ReaderOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let trust = try reader.nodes.trust.required()
            let filter = try filter.map { (text) throws(PartProblem) in try RowFilter(text) }
            let request = try reader.request(
                part: try MarketWords.digest(part, "part"), range: try range(), filter: filter,
                network: trust.anchor.network)
            let check = try SliceCheck(
                request, trust: trust.anchor, ageMillisecondsMax: maxAge * 1_000, out: out, keep: keep)
            do {
                try await reader.nodes.with(trust) { client in
                    let answer = try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))
                    guard let path = answer["path"]?.text, path.hasPrefix("/v1/data/downloads/") else {
                        throw UserError("The node gave no link.")
                    }
                    try await client.download(path) { try check.take($0) }
                }
                let report = try check.finish()
                guard trust.anchor.header == nil || report.height >= trust.anchor.height.value else {
                    throw UserError("The node was found out: it proved an older state than the trusted one.")
                }
                try output.show(report) { report.text + "\nWritten to \(out)." }
            } catch let fault as ServingFault {
                check.discard()
                throw UserError("The node was found out: \(fault). Nothing was kept.")
            } catch {
                check.discard()
                throw error
            }
        }

        private func range() throws -> SliceRange {
            if let bytes {
                let ends = bytes.split(separator: "-").map { UInt64($0) }
                guard ends.count == 2, let first = ends[0], let end = ends[1], first < end, from == nil, to == nil
                else {
                    throw UserError("Bytes are written 0-65536, the end exclusive, and without --from and --to.")
                }
                return .bytes(from: first, to: end)
            }
            if from == nil, to == nil { return .all }
            return .time(
                from: try from.map(DataText.time) ?? Timestamp(0), to: try to.map(DataText.time) ?? Timestamp(.max))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a kept download offline, with nothing but the genesis file.",
            discussion: """
                Exit code 0 when the chain allowed the read as of the proved block, and the data is what was anchored. --online \
                asks a node, which is not trusted, whether the chain still allows it, and fails with exit code 3 when not.
                """)
        @Argument(help: "The file that `data download --keep` wrote.") var file: String
        @Option(help: "The genesis file of the network.") var genesis: String
        @Option(help: "File to write the content to.") var out: String?
        @Option(help: "Address of a node's API: asks it, with proofs, whether the read is still allowed.") var online:
            String?
        @Option(help: "For --online: file that keeps the newest verified state; no older one is believed.")
        var trusted: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let origin = TrustAnchor(try GenesisFile.read(genesis))
            guard let data = FileManager.default.contents(atPath: file) else { throw UserError("No file at \(file).") }
            let bytes = [UInt8](data)
            guard let (request, start) = SliceCheck.request(in: bytes) else {
                throw UserError("\(file) is no kept download.")
            }
            let check = try SliceCheck(
                request, trust: origin, ageMillisecondsMax: .max, out: out, keep: nil)
            let report: SliceCheck.Report
            do {
                try check.take(Array(bytes[start...]))
                report = try check.finish()
            } catch let fault as ServingFault {
                check.discard()
                throw UserError("\(file) does not hold: \(fault)")
            }
            try output.show(report) { report.text }
            guard let online, let trust = try TrustOptions.trust(genesis: genesis, trusted: trusted) else { return }
            if let ended = try await ask(online, request, trust) {
                print("By now the chain does not allow it: \(ended).")
                throw ExitCode(3)
            }
            print("The chain still allows it.")
        }

        /// What the newest state says, proved by a node that is not trusted.
        private func ask(_ node: String, _ request: ReadRequest, _ trust: Trust) async throws -> String? {
            try await Trust.with(trust, [node]) { client in
                let reader = ProvedStates(client: client)
                let state = try await reader.access(request)
                return state.state.hindrance(request.question, at: state.time)?.description
            }
        }
    }
}
