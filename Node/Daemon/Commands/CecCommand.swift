internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct CecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cec",
        abstract: """
            Run a citizen energy community: list, compare models, create, admit, amend, leave, ingest, settle, watch, \
            statement, month, audit, erase.
            """,
        discussion: """
            These commands talk to the node of the community's administrator, whose lake holds the readings, and sign with \
            its operator key (--key). The community file keeps which meter is whose; it stays with the administrator.
            """,
        subcommands: [
            List.self, Compare.self, Create.self, Admit.self, Ingest.self, Settle.self, StatementCommand.self,
            Month.self,
            Audit.self, Erase.self, Watch.self, MemberKey.self, Leave.self, Release.self, Withdraw.self, Amend.self,
            Prices.self,
        ])

    struct Office: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(name: .customLong("file"), help: "The community file.") var path = "community.json"
        @OptionGroup var output: OutputOptions

        /// Works as the partner that the key belongs to or acts for; refuses when `partner` says another one.
        func with<Result>(
            partner: String?, _ body: (CommunityOffice) async throws -> Result
        ) async throws -> Result {
            let key = try connection.signer()
            return try await connection.nodes.with { client in
                let session = try await ChainSession(client, key)
                let own = try await session.partner()
                guard let own else {
                    throw UserError(
                        "The key that signs belongs to no partner of this network; give --key with the partner's operator key."
                    )
                }
                if let partner, partner != own {
                    throw UserError(
                        "The key that signs is that of \(own), not of \(partner): give --key with the operator key of \(partner)."
                    )
                }
                return try await body(CommunityOffice(session: session, partner: own))
            }
        }

        func opened<Result>(
            _ body: (CommunityOffice, CommunityFile, Address) async throws -> Result
        ) async throws -> Result {
            let file = try CommunityFile.read(path)
            guard let address = Address(text: file.community) else {
                throw UserError("\(path) names no community: '\(file.community)'.")
            }
            let key = try connection.signer()
            return try await connection.nodes.with { client in
                let session = try await ChainSession(client, key)
                return try await body(CommunityOffice(session: session, partner: file.partner), file, address)
            }
        }
    }
}
