internal import ArgumentParser
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Wiring

/// Webhooks of the own node.
struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Have the own node tell other programs what happens on the market.",
        discussion: """
            Signed as the Standard Webhooks specification says, in the order of the chain, tried again up to eight times; then \
            a webhook rests until it is resumed, and goes on where it stopped.
            """,
        subcommands: [List.self, Add.self, Remove.self, Resume.self])

    /// Sends a message to the own node and shows the list that it answers with.
    fileprivate static func send(_ message: WebhookMessage, _ connection: ConnectionOptions) async throws {
        let signer = try connection.signer()
        let answer = try await connection.nodes.with { client in
            try await ChainSession(client, signer).admin(.webhooks, message.bcs)
        }
        print(String(decoding: try JSONValue(parsing: answer).pretty, as: UTF8.self))
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The webhooks and how far each has been told.")
        @OptionGroup var connection: ConnectionOptions
        func run() async throws { try await WebhookCommand.send(.list, connection) }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell an address what happens from now on.")
        @Argument(help: "Where to post, https:// or http://.") var url: String
        @Option(help: "File with the secret that is shared with the receiver: its bytes in base64, 24 to 64 of them.")
        var secret: String
        @Option(help: "Type such as agreements.agreementChanged; repeat for more. All when left out.")
        var type: [String] = []
        @Option(help: "Only what names this account or data set.") var subject: String?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            guard let text = try? String(contentsOfFile: secret, encoding: .utf8),
                let bytes = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines))
            else { throw UserError("\(secret) holds no secret in base64.") }
            try await WebhookCommand.send(
                .add(
                    url: url, secret: [UInt8](bytes), types: type, subject: try subject.map(MarketWords.holder)),
                connection)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a webhook.")
        @Argument(help: "Its number.") var number: UInt64
        @OptionGroup var connection: ConnectionOptions
        func run() async throws { try await WebhookCommand.send(.remove(number), connection) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a resting webhook go on where it stopped.")
        @Argument(help: "Its number.") var number: UInt64
        @OptionGroup var connection: ConnectionOptions
        func run() async throws { try await WebhookCommand.send(.resume(number), connection) }
    }
}
