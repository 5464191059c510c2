internal import ArgumentParser
internal import Billing
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

struct BillingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing", abstract: "Money on the ledger: balances, deposits and payments out.",
        subcommands: [Show.self, Deposit.self, PayOutCommand.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the balances of an account.")
        @Argument(help: "DID of the holder, or its digest.") var did: String
        @Option(help: "Currency by ISO 4217.") var currency = "EUR"
        @OptionGroup var options: ReadOptions

        func run() async throws {
            let money = try MarketWords.currency(currency)
            let owner = LedgerOwner(holder: try MarketWords.holder(did), currency: money)
            let sheet = try await options.ask(Billing.balancesQuery, of: WellKnown.billing, owner)
            let rows = LedgerKind.allCases.filter { $0 != .clearing }.map {
                (MarketWords.word($0), MarketWords.money(sheet.amount($0), money))
            }
            try options.output.show(Dictionary(rows) { first, _ in first }) {
                var table = TextTable([("balance", .left), ("amount", .right)])
                for row in rows { table.add([row.0, row.1]) }
                return table.text()
            }
        }
    }

    struct Deposit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A payment gateway confirms money that an account's holder brought in.")
        @Argument(help: "DID of the holder.") var did: String
        @Option(help: "Amount, e.g. 12.50.") var amount: String
        @Option(help: "Currency by ISO 4217.") var currency = "EUR"
        @Option(help: "The gateway's own reference; only its digest goes on chain.") var reference: String
        @Option(help: "Secret of the gateway that goes into the digest, so that nobody guesses a reference.")
        var salt = ""
        @OptionGroup var options: SendOptions

        func run() async throws {
            let body = GatewayDeposit(
                account: try MarketWords.holder(did), currency: try MarketWords.currency(currency),
                amount: try MarketWords.amount(amount), reference: MarketWords.reference(reference, salt: salt))
            try await options.send(
                Billing.deposit, on: WellKnown.billing, doing: "the deposit", body,
                tell: { _ in (nil, "Booked the deposit.") })
        }
    }

    struct PayOutCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pay-out",
            abstract: "A payment gateway (--key) pays cash out, as the holder's wallet signs.")
        @Option(help: "Partner of the gateway.") var gateway: String
        @Option(help: "Amount, e.g. 12.50.") var amount: String
        @Option(help: "Currency by ISO 4217.") var currency = "EUR"
        @Option(help: "Where the money goes, as the gateway knows it; only its digest, with --salt, goes on chain.")
        var destination: String
        @Option(help: "What holder and gateway agreed on, so that nobody guesses the destination.") var salt = ""
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = PayOut(
                gateway: gateway, currency: try MarketWords.currency(currency), amount: try MarketWords.amount(amount),
                destination: MarketWords.reference(destination, salt: salt))
            try await options.act(
                Billing.payOut, on: WellKnown.billing, doing: "the payment", { _ in body },
                tell: { _ in (nil, "Booked the payment out.") })
        }
    }
}
