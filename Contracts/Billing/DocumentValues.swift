package import ContractKit
package import Primitives

/// Number of an invoice, receipt, credit note or agreement.
package struct DocumentNumber: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let shape = Shape.fields("DocumentNumber", ("number", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(number) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { number = try decoder.u64() }
}

package enum PaymentMethod: UInt8, ContractCode {
    /// Out of the buyer's cash on the ledger.
    case settlement = 0
    /// Confirmed by a payment gateway.
    case gateway = 1
}

/// That an invoice, or a part of it, was paid. Written once. With its proof it is a document that anyone checks.
package struct PaymentReceipt: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let invoice: UInt64
    package let payer: Digest
    package let payee: Digest
    package let currency: Currency
    package let amount: Amount
    package let method: PaymentMethod
    /// Partner of the gateway; empty for a settlement.
    package let gateway: String
    /// Digest of the gateway's own reference; zero for a settlement.
    package let reference: Digest
    package let time: Timestamp

    init(
        number: UInt64, invoice: Invoice, amount: Amount, method: PaymentMethod, gateway: String, reference: Digest,
        time: Timestamp
    ) {
        self.number = number
        self.invoice = invoice.number
        payer = invoice.buyer
        payee = invoice.seller
        currency = invoice.currency
        self.amount = amount
        self.method = method
        self.gateway = gateway
        self.reference = reference
        self.time = time
    }

    package static let shape = Shape.fields(
        "PaymentReceipt", ("number", .u64), ("invoice", .u64), ("payer", .digest), ("payee", .digest),
        ("currency", Currency.shape), ("amount", .i64), ("method", PaymentMethod.shape),
        ("gateway", .text(max: Partner.idBytesMax)), ("reference", .digest), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(invoice)
        encoder.fixed(payer)
        encoder.fixed(payee)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.value(method)
        encoder.string(gateway)
        encoder.fixed(reference)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        invoice = try decoder.u64()
        payer = try decoder.digest()
        payee = try decoder.digest()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        method = try PaymentMethod(from: &decoder)
        gateway = try decoder.string(max: Partner.idBytesMax)
        reference = try decoder.digest()
        time = try Timestamp(from: &decoder)
    }
}

/// That an invoice, or a part of it, needs not be paid. Written once.
package struct CreditNote: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let invoice: UInt64
    package let currency: Currency
    package let amount: Amount
    /// The part that had been paid and went back to the buyer's cash.
    package let refunded: Amount
    /// Number above 0. Never text.
    package let reason: UInt16
    /// Holder that decided it: the seller or an operator.
    package let by: Digest
    package let time: Timestamp

    init(
        number: UInt64, invoice: Invoice, amount: Amount, refunded: Amount, reason: UInt16, by: Digest, time: Timestamp
    ) {
        self.number = number
        self.invoice = invoice.number
        currency = invoice.currency
        self.amount = amount
        self.refunded = refunded
        self.reason = reason
        self.by = by
        self.time = time
    }

    package static let shape = Shape.fields(
        "CreditNote", ("number", .u64), ("invoice", .u64), ("currency", Currency.shape), ("amount", .i64),
        ("refunded", .i64), ("reason", .u16), ("by", .digest), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(invoice)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.i64(refunded)
        encoder.u16(reason)
        encoder.fixed(by)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        invoice = try decoder.u64()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        refunded = try decoder.i64()
        reason = try decoder.u16()
        by = try decoder.digest()
        time = try Timestamp(from: &decoder)
    }
}

/// A buyer's dispute of an invoice.
package struct Dispute: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    /// What the buyer will not pay.
    package let amount: Amount
    /// Cash of the seller that it holds.
    package let held: Amount
    package let reason: UInt16
    /// Digest of the buyer's text.
    package let text: Digest
    package let opened: Timestamp
    package var resolved: Timestamp?
    /// What the resolution credited.
    package var credit: Amount

    init(_ request: DisputeInvoice, held: Amount, opened: Timestamp) {
        invoice = request.invoice
        amount = request.amount
        self.held = held
        reason = request.reason
        text = request.text
        self.opened = opened
        resolved = nil
        credit = 0
    }

    package static let shape = Shape.fields(
        "Dispute", ("invoice", .u64), ("amount", .i64), ("held", .i64), ("reason", .u16), ("text", .digest),
        ("opened", .u64), ("resolved", .option(.u64)), ("credit", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(amount)
        encoder.i64(held)
        encoder.u16(reason)
        encoder.fixed(text)
        encoder.value(opened)
        encoder.option(resolved)
        encoder.i64(credit)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        amount = try decoder.i64()
        held = try decoder.i64()
        reason = try decoder.u16()
        text = try decoder.digest()
        opened = try Timestamp(from: &decoder)
        resolved = try decoder.option()
        credit = try decoder.i64()
    }
}
