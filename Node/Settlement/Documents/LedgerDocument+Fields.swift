internal import Agreements
internal import Billing
internal import ContractKit
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

extension LedgerDocument {
    /// A record in words. Amounts have six decimals, times are UTC, parties and digests are hexadecimal.
    static func fields(_ kind: Kind, _ record: [UInt8]) throws -> [String: String] {
        switch kind {
        case .invoice: fields(try Invoice(bcs: record))
        case .receipt: fields(try PaymentReceipt(bcs: record))
        case .creditNote: fields(try CreditNote(bcs: record))
        case .agreement: fields(try Agreement(bcs: record))
        }
    }

    private static func money(_ micro: Amount, _ currency: Currency) -> String {
        let digits = String(micro.magnitude)
        let padded = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        return "\(micro < 0 ? "-" : "")\(padded.dropLast(6)).\(padded.suffix(6)) \(currency)"
    }

    private static func fields(_ invoice: Invoice) -> [String: String] {
        [
            "number": "\(invoice.number)", "agreement": "\(invoice.agreement)", "seller": invoice.seller.description,
            "buyer": invoice.buyer.description, "kind": "\(invoice.kind)",
            "amount": money(invoice.amount, invoice.currency), "from": invoice.from.text, "to": invoice.to.text,
            "accesses": "\(invoice.accesses)", "wattHours": "\(invoice.energy)", "issued": invoice.issued.text,
            "due": invoice.due.text, "state": "\(invoice.state)", "reminders": "\(invoice.dunning)",
            "disputed": "\(invoice.isDisputed)", "paid": money(invoice.paid, invoice.currency),
            "credited": money(invoice.credited, invoice.currency),
            "refunded": money(invoice.refunded, invoice.currency),
            "outstanding": money(invoice.outstanding, invoice.currency),
        ]
    }

    private static func fields(_ receipt: PaymentReceipt) -> [String: String] {
        [
            "number": "\(receipt.number)", "invoice": "\(receipt.invoice)", "payer": receipt.payer.description,
            "payee": receipt.payee.description, "amount": money(receipt.amount, receipt.currency),
            "method": "\(receipt.method)", "gateway": receipt.gateway, "reference": receipt.reference.description,
            "time": receipt.time.text,
        ]
    }

    private static func fields(_ note: CreditNote) -> [String: String] {
        [
            "number": "\(note.number)", "invoice": "\(note.invoice)", "amount": money(note.amount, note.currency),
            "refunded": money(note.refunded, note.currency), "owed": money(note.owed, note.currency),
            "reason": "\(note.reason)", "by": note.by.description,
            "time": note.time.text,
        ]
    }

    private static func fields(_ agreement: Agreement) -> [String: String] {
        [
            "number": "\(agreement.number)", "offer": "\(agreement.offer)", "terms": agreement.terms.description,
            "provider": agreement.provider.description, "user": agreement.user.description,
            "providerKey": agreement.providerKey.description, "userKey": agreement.userKey.description,
            "dataSets": agreement.dataSets.map(\.description).joined(separator: " "),
            "purposes": agreement.purposes.names.joined(separator: " "), "plan": "\(agreement.plan.kind)",
            "price": money(agreement.plan.price, agreement.plan.currency),
            "ceiling": money(agreement.plan.ceiling, agreement.plan.currency), "from": agreement.from.text,
            "until": agreement.until.text, "noticeDays": "\(agreement.noticeDays)", "state": "\(agreement.state)",
            "payment": "\(agreement.payment)", "accesses": "\(agreement.accesses)",
            "wattHours": "\(agreement.energy)",
        ]
    }
}
