internal import ArgumentParser
internal import NodeClient
internal import Primitives
internal import Wiring

extension CecCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the communities that the own partner runs, or whose policy names it.",
            discussion: """
                Asks the own node, for the partner whose key signs: name, address, administrator, open memberships and the \
                last settled period of each community. No community file is needed.
                """)
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = try connection.signer()
            let list = try await connection.nodes.with { client in
                let session = try await ChainSession(client, key)
                return try await CommunityOffice(session: session, partner: try await session.partner() ?? "")
                    .communities()
            }
            try output.show(list) {
                guard !list.communities.isEmpty else {
                    return "\(list.partner) runs no community, and no community's policy names it."
                }
                var table = TextTable([
                    ("name", .left), ("community", .left), ("administrator", .left), ("members", .right),
                    ("period", .right), ("last settled", .left), ("attests", .left), ("state", .left),
                ])
                for entry in list.communities {
                    table.add([
                        entry.name, entry.community, entry.administrator, "\(entry.members)",
                        "\(entry.periodMinutes) min",
                        entry.lastSettledStart.map { TimeArgument.minute(Timestamp($0)) } ?? "never",
                        entry.isAttester ? "yes" : "no", entry.state,
                    ])
                }
                return table.text()
            }
        }
    }
}
