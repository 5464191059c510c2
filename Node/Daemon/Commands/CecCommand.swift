internal import ArgumentParser
internal import Chain
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Settlement
internal import Trading

struct CecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cec",
        abstract: """
            Run a citizen energy community: compare models, create, admit, amend, leave, ingest, settle, watch, statement, \
            month, audit, erase.
            """,
        discussion: """
            These commands talk to the node of the community's administrator, whose lake holds the readings, and sign with \
            its operator key (--key). The community file keeps which meter is whose; it stays with the administrator.
            """,
        subcommands: [
            Compare.self, Create.self, Admit.self, Ingest.self, Settle.self, StatementCommand.self, Month.self,
            Audit.self, Erase.self, Watch.self, MemberKey.self, Leave.self, Release.self, Withdraw.self, Amend.self,
            Prices.self,
        ])

    struct Office: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(name: .customLong("file"), help: "The community file.") var path = "community.json"
        @OptionGroup var output: OutputOptions

        func with<Result>(
            partner: String, _ body: (CommunityOffice) async throws -> Result
        ) async throws -> Result {
            let key = try connection.signer()
            return try await NodeClient.with(connection.addresses) { client in
                try await body(CommunityOffice(session: try await ChainSession(client, key), partner: partner))
            }
        }

        func opened<Result>(
            _ body: (CommunityOffice, CommunityFile, Address) async throws -> Result
        ) async throws -> Result {
            let file = try CommunityFile.read(path)
            guard let address = Address(text: file.community) else {
                throw UserError("\(path) names no community: '\(file.community)'.")
            }
            return try await with(partner: file.partner) { try await body($0, file, address) }
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle hours: compute, have attested, put on the chain.",
            discussion:
                "A node with the setting `settler: true` does this by itself; `cec watch` shows what it waits for.")
        @Option(help: "First hour, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(help: "Number of hours.") var hours = 1
        @OptionGroup var office: Office

        struct Row: Encodable {
            let period: UInt64
            let stage: String
            let attestations: Int
            let root: String
        }

        func run() async throws {
            let output = office.output
            let rows = try await office.opened { office, _, address in
                let rules = try await office.rules(of: address)
                let first = rules.period.period(at: try TimeArgument.parse(from))
                var rows: [Row] = []
                let count = UInt64(max(0, min(hours, 24 * 366))) * (60 / rules.period.minutes)
                for offset in 0..<count {
                    let settled = try await office.settle(address, first.advanced(by: offset))
                    output.progress("settled \(offset + 1) of \(count)")
                    rows.append(
                        Row(
                            period: settled.claim.period.value, stage: "\(settled.claim.stage)",
                            attestations: settled.attestations.count, root: settled.claim.root.description))
                }
                return rows
            }
            try output.show(rows) { "Settled \(rows.count) periods." }
        }
    }
}
