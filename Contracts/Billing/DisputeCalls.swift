package import ContractKit
package import Primitives

package struct CreditInvoice: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    package let amount: Amount
    package let reason: UInt16

    package init(invoice: UInt64, amount: Amount, reason: UInt16) {
        self.invoice = invoice
        self.amount = amount
        self.reason = reason
    }

    package static let shape = Shape.fields(
        "CreditInvoice", ("invoice", .u64), ("amount", .i64), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(amount)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        amount = try decoder.i64()
        reason = try decoder.u16()
    }
}

package struct DisputeInvoice: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    package let amount: Amount
    package let reason: UInt16
    package let text: Digest

    package init(invoice: UInt64, amount: Amount, reason: UInt16, text: Digest) {
        self.invoice = invoice
        self.amount = amount
        self.reason = reason
        self.text = text
    }

    package static let shape = Shape.fields(
        "DisputeInvoice", ("invoice", .u64), ("amount", .i64), ("reason", .u16), ("text", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(amount)
        encoder.u16(reason)
        encoder.fixed(text)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        amount = try decoder.i64()
        reason = try decoder.u16()
        text = try decoder.digest()
    }
}

package struct ResolveDispute: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    /// Micro-units that are credited; 0 for the seller's right.
    package let credit: Amount

    package init(invoice: UInt64, credit: Amount) {
        self.invoice = invoice
        self.credit = credit
    }

    package static let shape = Shape.fields("ResolveDispute", ("invoice", .u64), ("credit", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(credit)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        credit = try decoder.i64()
    }
}
