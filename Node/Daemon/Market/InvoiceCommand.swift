internal import ArgumentParser
internal import Billing
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement

struct InvoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoice",
        abstract:
            "Invoices: list, show, pay, confirm a payment, credit, dispute, resolve; export documents that verify offline.",
        subcommands: [
            Show.self, Pay.self, Confirm.self, Reverse.self, Credit.self, Refund.self, DisputeCommand.self,
            Resolve.self, InvoiceExportCommand.self, InvoiceListCommand.self,
        ])

    /// An invoice on the node's word, for its currency.
    static func read(_ number: UInt64, _ session: ChainSession) async throws -> Invoice {
        try await session.ask(Billing.invoiceQuery, of: WellKnown.billing, DocumentNumber(number))
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an invoice.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @OptionGroup var options: ReadOptions

        struct Shown: Encodable {
            let number: UInt64
            let agreement: UInt64
            let seller: String
            let sellerDID: String?
            let buyer: String
            let buyerDID: String?
            let amount: String
            let paid: String
            let credited: String
            let refunded: String
            let outstanding: String
            let state: String
            let reminders: String
            let disputed: Bool
            let due: String
        }

        func run() async throws {
            let invoice = try await options.ask(Billing.invoiceQuery, of: WellKnown.billing, DocumentNumber(number))
            let names = try await options.names([invoice.seller, invoice.buyer])
            let shown = Shown(
                number: number, agreement: invoice.agreement, seller: invoice.seller.description,
                sellerDID: names[invoice.seller], buyer: invoice.buyer.description, buyerDID: names[invoice.buyer],
                amount: MarketWords.money(invoice.amount, invoice.currency),
                paid: MarketWords.money(invoice.paid, invoice.currency),
                credited: MarketWords.money(invoice.credited, invoice.currency),
                refunded: MarketWords.money(invoice.refunded, invoice.currency),
                outstanding: MarketWords.money(invoice.outstanding, invoice.currency),
                state: MarketWords.word(invoice.state), reminders: MarketWords.word(invoice.dunning),
                disputed: invoice.isDisputed, due: invoice.due.text)
            try options.output.show(shown) {
                """
                invoice \(number) of agreement \(shown.agreement): \(shown.amount), \(shown.state)
                from \(names.text(invoice.seller)) to \(names.text(invoice.buyer))
                paid: \(shown.paid), credited: \(shown.credited), refunded: \(shown.refunded)
                outstanding: \(shown.outstanding), due \(shown.due)
                reminders: \(shown.reminders)\(shown.disputed ? "; disputed" : "")
                """
            }
        }
    }

    struct Pay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pay an invoice out of the account's cash on the ledger.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @Option(help: "Amount, e.g. 12.50; all that is outstanding when left out.") var amount: String?
        @OptionGroup var options: ActOptions

        func run() async throws {
            let given = try amount.map(MarketWords.amount)
            try await options.act(
                Billing.pay, on: WellKnown.billing, doing: "the payment",
                { session in
                    let invoice = try await InvoiceCommand.read(number, session)
                    guard invoice.outstanding > 0 else {
                        throw UserError(
                            "There is nothing left to pay of invoice \(number): it is \(MarketWords.word(invoice.state))."
                        )
                    }
                    return PayInvoice(invoice: number, amount: given ?? invoice.outstanding)
                },
                tell: { ("\($0.number)", "Paid; the receipt has number \($0.number).") })
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A payment gateway confirms that it received a payment of an invoice.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @OptionGroup var received: ReceivedMoney
        @OptionGroup var options: SendOptions

        func run() async throws {
            let body = GatewayPayment(
                invoice: number, currency: try MarketWords.currency(received.currency),
                amount: try MarketWords.amount(received.amount), reference: received.referenceDigest)
            try await options.send(
                Billing.confirmPayment, on: WellKnown.billing, doing: "the payment", body,
                tell: { ("\($0.number)", "Confirmed; the receipt has number \($0.number).") })
        }
    }

    struct Reverse: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A payment gateway takes a payment back that it confirmed by mistake, within 14 days.")
        @Argument(help: "Number of the receipt.") var receipt: UInt64
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1
        @OptionGroup var options: SendOptions

        func run() async throws {
            try await options.send(
                Billing.reverse, on: WellKnown.billing, doing: "the reversal",
                ReversePayment(receipt: receipt, reason: reason),
                tell: { _ in (nil, "Took payment \(receipt) back.") })
        }
    }

    struct Credit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The seller credits an invoice, or a part of it.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @Option(help: "Amount, e.g. 12.50.") var amount: String
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = CreditInvoice(invoice: number, amount: try MarketWords.amount(amount), reason: reason)
            try await options.act(
                Billing.credit, on: WellKnown.billing, doing: "the credit", { _ in body },
                tell: { ("\($0.number)", "Credited; the credit note has number \($0.number).") })
        }
    }

    struct Refund: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The seller gives, or the buyer takes, what is owed of a refund, out of the seller's cash.")
        @Argument(help: "Number of the debt, as the credit note's event names it.") var debt: UInt64
        @Option(help: "Amount, e.g. 12.50; all that is owed when left out.") var amount: String?
        @OptionGroup var options: ActOptions

        func run() async throws {
            let given = try amount.map(MarketWords.amount)
            try await options.act(
                Billing.payRefund, on: WellKnown.billing, doing: "the refund",
                { session in
                    let owed = try await session.ask(
                        Billing.debtQuery, of: WellKnown.billing, DocumentNumber(debt)
                    ).outstanding
                    return PayRefund(debt: debt, amount: given ?? owed)
                }, tell: { _ in (nil, "Booked the refund.") })
        }
    }

    struct DisputeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dispute", abstract: "The buyer disputes an invoice: reminders rest, what was paid is held.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @Option(help: "Amount that is disputed, e.g. 12.50.") var amount: String
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1
        @Option(help: "File that says why; its digest goes on chain.") var text: String
        @Flag(help: "Append a line of random salt to the file first, so that nobody finds a short text by its digest.")
        var salt = false
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = DisputeInvoice(
                invoice: number, amount: try MarketWords.amount(amount), reason: reason,
                text: try MarketWords.fileDigest(text, salting: salt))
            try await options.act(
                Billing.dispute, on: WellKnown.billing, doing: "the dispute", { _ in body },
                tell: { _ in (nil, "Disputed invoice \(number).") })
        }
    }

    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Resolve a dispute: an operator decides, the seller gives a credit, the buyer drops it with 0.")
        @Argument(help: "Number of the invoice.") var number: UInt64
        @Option(help: "Amount that is credited, e.g. 12.50.") var credit: String
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = ResolveDispute(invoice: number, credit: try MarketWords.amount(credit))
            try await options.act(
                Billing.resolve, on: WellKnown.billing, doing: "the resolution", { _ in body },
                tell: { _ in (nil, "Resolved the dispute of invoice \(number).") })
        }
    }
}

struct InvoiceExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Write an invoice, receipt, credit note or agreement with its proof; `commonwatt verify` checks it offline."
    )
    @Argument(help: "Number of the document.") var number: UInt64
    @Option(
        help: "invoice, receipt, credit-note or agreement.",
        transform: { text in
            guard let kind = LedgerDocument.Kind(rawValue: text) else {
                throw ValidationError("'\(text)' is no document: invoice, receipt, credit-note or agreement.")
            }
            return kind
        })
    var kind: LedgerDocument.Kind = .invoice
    @Option(help: "File to write.") var out: String
    @OptionGroup var options: ReadOptions

    struct Written: Encodable {
        let file: String
        let height: UInt64
    }

    func run() async throws {
        let bundle = try await options.nodes.with {
            try await $0.proof(LedgerDocument.key(kind, number))
        }
        guard let document = try LedgerDocument(kind, number, proof: bundle) else {
            throw UserError("The ledger has no \(kind.rawValue) \(number).")
        }
        guard FileManager.default.createFile(atPath: out, contents: try document.json()) else {
            throw UserError("Could not write \(out); check that the folder exists and is yours.")
        }
        try options.output.show(Written(file: out, height: bundle.header.height.value)) {
            "Wrote \(kind.rawValue) \(number) as of block \(bundle.header.height) to \(out)."
        }
    }
}
