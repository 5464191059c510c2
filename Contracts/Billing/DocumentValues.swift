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

/// That a payment was booked by mistake and is void. Written once, by the number of its receipt.
package struct PaymentReversal: Hashable, Sendable, ContractValue {
    package let receipt: UInt64
    package let invoice: UInt64
    package let currency: Currency
    package let amount: Amount
    /// Partner of the gateway.
    package let gateway: String
    /// Number above 0. Never text.
    package let reason: UInt16
    package let time: Timestamp

    init(_ receipt: PaymentReceipt, reason: UInt16, time: Timestamp) {
        self.receipt = receipt.number
        invoice = receipt.invoice
        currency = receipt.currency
        amount = receipt.amount
        gateway = receipt.gateway
        self.reason = reason
        self.time = time
    }

    package static let shape = Shape.fields(
        "PaymentReversal", ("receipt", .u64), ("invoice", .u64), ("currency", Currency.shape), ("amount", .i64),
        ("gateway", .text(max: Partner.idBytesMax)), ("reason", .u16), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(receipt)
        encoder.u64(invoice)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.string(gateway)
        encoder.u16(reason)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        receipt = try decoder.u64()
        invoice = try decoder.u64()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        gateway = try decoder.string(max: Partner.idBytesMax)
        reason = try decoder.u16()
        time = try Timestamp(from: &decoder)
    }
}

/// That an invoice, or a part of it, needs not be paid. Written once, but for what a reversal takes back of it.
package struct CreditNote: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let invoice: UInt64
    package let currency: Currency
    package let amount: Amount
    /// The part that had been paid and went back to the buyer; less where a gateway took that back with its payment.
    package internal(set) var refunded: Amount
    /// The part of it that the seller's cash did not reach, and that it owes the buyer: a `RefundDebt`.
    package internal(set) var owed: Amount
    /// Number above 0. Never text.
    package let reason: UInt16
    /// Holder that decided it: the seller or an operator; zero where the time for deciding a dispute was over.
    package let by: Digest
    package let time: Timestamp

    init(
        number: UInt64, invoice: Invoice, amount: Amount, refunded: Amount, owed: Amount, reason: UInt16, by: Digest,
        time: Timestamp
    ) {
        self.number = number
        self.invoice = invoice.number
        currency = invoice.currency
        self.amount = amount
        self.refunded = refunded
        self.owed = owed
        self.reason = reason
        self.by = by
        self.time = time
    }

    package static let shape = Shape.fields(
        "CreditNote", ("number", .u64), ("invoice", .u64), ("currency", Currency.shape), ("amount", .i64),
        ("refunded", .i64), ("owed", .i64), ("reason", .u16), ("by", .digest), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(invoice)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.i64(refunded)
        encoder.i64(owed)
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
        owed = try decoder.i64()
        reason = try decoder.u16()
        by = try decoder.digest()
        time = try Timestamp(from: &decoder)
    }
}
