package import ContractKit
package import Primitives

/// A buyer's dispute of an invoice.
package struct Dispute: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    /// What the buyer will not pay; less when a credit in the meantime left less.
    package var amount: Amount
    /// Cash of the seller that it holds.
    package var held: Amount
    package let reason: UInt16
    /// Digest of the buyer's text, with a salt in it.
    package let text: Digest
    package let opened: Timestamp
    /// Whether it came before the invoice was overdue.
    package let wasInTime: Bool
    /// Accesses that were logged for the invoice's time when it was opened, and anew when its time for deciding ended:
    /// where nobody decides it, those do.
    package var accesses: UInt64
    /// The scheduled end of the time for deciding it.
    package var due: ScheduleID
    package var resolved: Timestamp?
    /// What the resolution credited.
    package var credit: Amount
    /// Whether it credited more than it left of the price of an invoice that was not paid then: who pays that has no access
    /// for it.
    package var spares: Bool

    init(_ request: DisputeInvoice, opened: Timestamp, wasInTime: Bool, accesses: UInt64, due: ScheduleID) {
        invoice = request.invoice
        amount = request.amount
        held = 0
        reason = request.reason
        text = request.text
        self.opened = opened
        self.wasInTime = wasInTime
        self.accesses = accesses
        self.due = due
        resolved = nil
        credit = 0
        spares = false
    }

    package static let shape = Shape.fields(
        "Dispute", ("invoice", .u64), ("amount", .i64), ("held", .i64), ("reason", .u16), ("text", .digest),
        ("opened", .u64), ("wasInTime", .bool), ("accesses", .u64), ("due", ScheduleID.shape),
        ("resolved", .option(.u64)),
        ("credit", .i64), ("spares", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(amount)
        encoder.i64(held)
        encoder.u16(reason)
        encoder.fixed(text)
        encoder.value(opened)
        encoder.bool(wasInTime)
        encoder.u64(accesses)
        encoder.value(due)
        encoder.option(resolved)
        encoder.i64(credit)
        encoder.bool(spares)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        amount = try decoder.i64()
        held = try decoder.i64()
        reason = try decoder.u16()
        text = try decoder.digest()
        opened = try Timestamp(from: &decoder)
        wasInTime = try decoder.bool()
        accesses = try decoder.u64()
        due = try ScheduleID(from: &decoder)
        resolved = try decoder.option()
        credit = try decoder.i64()
        spares = try decoder.bool()
    }
}

/// What a seller owes a buyer of a refund that its cash did not reach.
package struct RefundDebt: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let creditNote: UInt64
    package let seller: Digest
    package let buyer: Digest
    package let currency: Currency
    package let amount: Amount
    package var paid: Amount

    package var outstanding: Amount { amount - paid }

    init(number: UInt64, creditNote: UInt64, invoice: Invoice, amount: Amount) {
        self.number = number
        self.creditNote = creditNote
        seller = invoice.seller
        buyer = invoice.buyer
        currency = invoice.currency
        self.amount = amount
        paid = 0
    }

    package static let shape = Shape.fields(
        "RefundDebt", ("number", .u64), ("creditNote", .u64), ("seller", .digest), ("buyer", .digest),
        ("currency", Currency.shape), ("amount", .i64), ("paid", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(creditNote)
        encoder.fixed(seller)
        encoder.fixed(buyer)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.i64(paid)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        creditNote = try decoder.u64()
        seller = try decoder.digest()
        buyer = try decoder.digest()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        paid = try decoder.i64()
        guard amount > 0, (0...amount).contains(paid) else {
            throw decoder.failure(.invalid("the parts of a debt do not fit its amount"))
        }
    }
}
