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
internal import Wiring

/// Data sets beyond readings, for those who share them and those who read them.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Share data sets under contract, find them, read and check them.",
        discussion: """
            Providers: register, upload, delete. Users: search, parts, download. Everyone: verify, offline, what was downloaded.
            """,
        subcommands: [
            Register.self, Upload.self, Document.self, Search.self, Parts.self, Download.self, Verify.self, Delete.self,
            WebhookCommand.self,
        ])

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a data set of the own partner, to which parts are anchored.")
        @Argument(help: "Name: 1 to 64 characters a-z, 0-9, hyphen, dot and slash.") var name: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            if let problem = DataNames.problem(dataSet: name) { throw UserError("'\(name)': \(problem).") }
            let signer = try connection.signer()
            try await connection.nodes.with { client in
                let session = try await ChainSession(client, signer)
                let request = RegisterDataSet(name: name, schema: Manifest.schema)
                try await session.run(
                    [Anchors.register.call(on: WellKnown.anchors, request)], doing: "registering the data set")
            }
            try output.show(["name": name, "schema": Manifest.schema]) { "Data set '\(name)' is registered." }
        }
    }

    struct Document: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give the own node the text that a description or an offer names by digest.",
            discussion: "JSON with title, description and keywords is what search finds a data set by.")
        @Argument(help: "The file, exactly as it was when it was named.") var file: String
        @OptionGroup var nodes: NodeOptions

        func run() async throws {
            guard let data = FileManager.default.contents(atPath: file) else { throw UserError("No file at \(file).") }
            _ = try await nodes.with { try await $0.post("/v1/data/documents", [UInt8](data)) }
            print("The node keeps \(SHA256.hash([UInt8](data))).")
        }
    }

    struct Search: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Search the catalogue of data sets, or list it.",
            discussion: "Words must all occur, or begin a word. On the node's word.")
        @Argument(help: "Words; all data sets when there are none.") var words: [String] = []
        @Option(help: "Of this account only: its DID or digest.") var provider: String?
        @Option(help: "At most so many, up to 200.") var limit: UInt16 = 20
        @OptionGroup var nodes: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var query = ["limit=\(limit)"]
            if let provider { query.append("provider=\(try MarketWords.holder(provider))") }
            if !words.isEmpty {
                let text = words.joined(separator: " ").addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                query.append("search=\(text ?? "")")
            }
            let path = "/v1/market/data-sets?" + query.joined(separator: "&")
            let (page, entries, names) = try await nodes.with { client in
                let page = try await client.json(path)
                guard case .array(let entries)? = page["entries"] else { throw UserError("The node gave no list.") }
                return (page, entries, await HolderNames.find(in: entries, ["provider"], named: [provider], client))
            }
            if output.json { return print(String(decoding: page.pretty, as: UTF8.self)) }
            var table = TextTable([
                ("data set", .left), ("name", .left), ("title", .left), ("partner", .left), ("provider", .left),
            ])
            for entry in entries {
                table.add([
                    entry["id"]?.text ?? "", entry["name"]?.text ?? "", entry["title"]?.text ?? "",
                    entry["location"]?["partner"]?.text ?? "", names.short(entry["provider"]),
                ])
            }
            print(entries.isEmpty ? "Nothing was found." : table.text())
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Declare parts of the own partner deleted: every node erases them, the anchors stay.",
            discussion: "Shows the report of what the own node erased. Copies at readers end by the agreement's terms.")
        @Argument(help: "Content addresses of the parts.") var parts: [String]
        @Option(help: "Reason code, 1 to 65535; 1 = consent withdrawn, 2 = retention over.") var reason: UInt16
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard reason > 0, !parts.isEmpty else { throw UserError("Name the parts and a reason above 0.") }
            let digests = try parts.map { try MarketWords.digest($0, "part") }
            let signer = try connection.signer()
            let report = try await connection.nodes.with { client in
                let session = try await ChainSession(client, signer)
                for start in stride(from: 0, to: digests.count, by: TransactionBody.callsMax) {
                    let calls = digests[start..<min(start + TransactionBody.callsMax, digests.count)].map {
                        Anchors.tombstone.call(on: WellKnown.anchors, DeleteBatch(batch: $0, reason: reason))
                    }
                    try await session.run(calls, doing: "declaring parts deleted")
                }
                return try await session.admin(.eraseParts, [])
            }
            print(String(decoding: report, as: UTF8.self))
        }
    }
}
