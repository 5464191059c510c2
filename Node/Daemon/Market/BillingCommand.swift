internal import Agreements
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
        subcommands: [Show.self, Deposit.self, PayOutCommand.self, Due.self])

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
        @OptionGroup var received: ReceivedMoney
        @OptionGroup var options: SendOptions

        func run() async throws {
            let body = GatewayDeposit(
                account: try MarketWords.holder(did), currency: try MarketWords.currency(received.currency),
                amount: try MarketWords.amount(received.amount), reference: received.referenceDigest)
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

    struct Due: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start what is due and did not run by itself; where it ran already nothing happens.")

        enum What: String, ExpressibleByArgument, CaseIterable { case bill, end, reminder, dispute }

        @Argument(
            help: "The next bill or the end of an agreement, the reminder of an invoice, or its undecided dispute.")
        var what: What
        @Argument(help: "Number of the agreement or invoice.") var number: UInt64
        @OptionGroup var options: SendOptions

        func run() async throws {
            switch what {
            case .bill: try await start(Billing.bill, on: WellKnown.billing, BillRun(agreement: number))
            case .end: try await start(Agreements.due, on: WellKnown.agreements, AgreementID(number))
            case .dispute: try await start(Billing.disputeDue, on: WellKnown.billing, DocumentNumber(number))
            case .reminder:
                let id = DocumentNumber(number)
                let invoice = try await options.connection.nodes.with { client in
                    try Invoice(
                        bcs: try await client.query(
                            WellKnown.billing, Billing.invoiceQuery.number, arguments: id.bcs))
                }
                let reminder = Reminder(invoice: number, time: invoice.reminder.time)
                try await start(Billing.remind, on: WellKnown.billing, reminder)
            }
        }

        private func start<Body>(
            _ method: Method<Body, Nothing>, on instance: Address, _ body: Body
        ) async throws {
            try await options.send(
                method, on: instance, doing: "what is due", body, tell: { _ in (nil, "Whatever was due has run.") })
        }
    }
}

/// Money that a payment gateway received outside the ledger, as it says it.
struct ReceivedMoney: ParsableArguments {
    @Option(help: "Amount, e.g. 12.50.") var amount: String
    @Option(help: "Currency by ISO 4217.") var currency = "EUR"
    @Option(help: "The gateway's own reference; only its digest goes on chain.") var reference: String
    @Option(help: "Secret of the gateway that goes into the digest, so that nobody guesses a reference.")
    var salt = ""

    var referenceDigest: Digest { MarketWords.reference(reference, salt: salt) }
}
