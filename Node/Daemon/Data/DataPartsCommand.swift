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
    struct Parts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the parts of a data set, and prove that the list is whole.",
            discussion: """
                The chain counts and numbers the parts; the node must prove the count and each number, as of one block. Then \
                the node's own list is held against them: one that hides a part is found out. Exit code 1 then.
                """)
        @Argument(help: "Identifier of the data set.") var dataSet: String
        @Option(name: .customLong("max-age"), help: "Seconds that the proved state may be old.") var maxAge: UInt64 = 60
        @OptionGroup var nodes: NodeOptions
        @OptionGroup var output: OutputOptions

        struct Row: Encodable {
            let number: Int
            let part: String
            let from: String?
            let to: String?
            let isDeleted: Bool?
            let correction: String?
        }
        struct Report: Encodable {
            let dataSet: String
            let height: UInt64
            let time: String
            let parts: [Row]
        }

        func run() async throws {
            let id = try MarketWords.digest(dataSet, "data set")
            let report = try await nodes.proving { (client, trust) in
                let list: PartList
                do { list = try await proved(id, trust.anchor, client) } catch let fault as PartListFault {
                    throw UserError("The node was found out: \(fault).")
                }
                guard let header = list.header else { throw UserError("The node proved nothing.") }
                let told = try await told(id, client, at: header.height)
                if let fault = list.fault(in: told.map(\.part)) {
                    throw UserError("The node was found out: \(fault), as of block \(header.height).")
                }
                let facts = Dictionary(told.map { ($0.part, $0.facts) }) { first, _ in first }
                return Report(
                    dataSet: dataSet, height: header.height.value, time: header.time.text,
                    parts: list.parts.enumerated().map { number, part in row(number, part, facts[part]) })
            }
            try output.show(report) {
                var table = TextTable([
                    ("number", .right), ("part", .left), ("from", .left), ("to", .left), ("", .left),
                ])
                for row in report.parts {
                    let fate = row.isDeleted == true ? "deleted" : row.correction == nil ? "" : "corrected"
                    table.add(["\(row.number)", row.part, row.from ?? "", row.to ?? "", fate])
                }
                return table.text()
                    + "\n\nThese are all \(report.parts.count) parts, proved as of block \(report.height) of \(report.time). "
                    + "Times and fates are on the node's word."
            }
        }

        private func row(_ number: Int, _ part: Digest, _ facts: JSONValue?) -> Row {
            func time(_ name: String) -> String? {
                guard case .unsigned(let value)? = facts?[name] else { return nil }
                return Timestamp(value).text
            }
            var isDeleted: Bool?
            if case .bool(let value)? = facts?["isDeleted"] { isDeleted = value }
            return Row(
                number: number, part: "\(part)", from: time("from"), to: time("to"), isDeleted: isDeleted,
                correction: facts?["correction"]?.text)
        }

        private func proved(_ id: Digest, _ trust: TrustAnchor, _ client: NodeClient) async throws -> PartList {
            var list = PartList(of: id)
            repeat {
                let path = "/v1/data/sets/\(id)/parts?from=\(list.parts.count)"
                let bytes = try await client.result(path, accept: "application/octet-stream")
                guard let bundle = try? ProofBundle(bcs: bytes) else {
                    let words = String(decoding: bytes.prefix(300), as: UTF8.self).shown
                    throw UserError("The node has no proof: \(words)")
                }
                let verified: VerifiedProofBundle
                do {
                    verified = try bundle.verify(from: trust, now: .wallClock, ageMillisecondsMax: maxAge * 1_000)
                } catch {
                    throw UserError("The node was found out: the proof does not hold: \(error).")
                }
                guard verified.header.height >= client.floor else {
                    throw UserError("The node was found out: it proved an older state than the trusted one.")
                }
                client.advance(to: verified.anchor)
                try list.take(verified)
            } while !list.isWhole
            return list
        }

        /// The node's own list, of the proved block or a later one; parts anchored since are left out.
        private func told(
            _ id: Digest, _ client: NodeClient, at height: Height
        ) async throws -> [(part: Digest, facts: JSONValue)] {
            var found: [(part: Digest, facts: JSONValue)] = []
            var after: UInt64 = 0
            while true {
                let page = try await client.json(
                    "/v1/market/data-sets/\(id)/parts?limit=200&after=\(after)&minimumHeight=\(height)")
                guard case .array(let entries)? = page["entries"] else { throw UserError("The node gave no list.") }
                for entry in entries {
                    guard let part = entry["digest"]?.text.flatMap({ Digest(hex: $0) }) else {
                        throw UserError("The node gave an entry without a part.")
                    }
                    if case .unsigned(let anchored)? = entry["height"], anchored > height.value { continue }
                    found.append((part, entry))
                }
                guard case .unsigned(let next)? = page["next"], !entries.isEmpty,
                    found.count <= Int(PartList.partsMax)
                else { return found }
                after = next
            }
        }
    }
}
