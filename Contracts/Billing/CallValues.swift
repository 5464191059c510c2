package import ContractKit
package import Primitives

package struct PayInvoice: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    /// Micro-units, at most what is outstanding.
    package let amount: Amount

    package init(invoice: UInt64, amount: Amount) {
        self.invoice = invoice
        self.amount = amount
    }

    package static let shape = Shape.fields("PayInvoice", ("invoice", .u64), ("amount", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.i64(amount)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        amount = try decoder.i64()
    }
}

/// A payment that a gateway received outside the ledger.
package struct GatewayPayment: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    package let currency: Currency
    package let amount: Amount
    /// SHA-256 of the gateway's own reference, with a salt that it keeps; used once.
    package let reference: Digest

    package init(invoice: UInt64, currency: Currency, amount: Amount, reference: Digest) {
        self.invoice = invoice
        self.currency = currency
        self.amount = amount
        self.reference = reference
    }

    package static let shape = Shape.fields(
        "GatewayPayment", ("invoice", .u64), ("currency", Currency.shape), ("amount", .i64), ("reference", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.fixed(reference)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        reference = try decoder.digest()
    }
}

/// A gateway takes back a payment that it booked by mistake.
package struct ReversePayment: Hashable, Sendable, ContractValue {
    /// Number of the receipt.
    package let receipt: UInt64
    /// A number above 0 of the gateway's. Never text.
    package let reason: UInt16

    package init(receipt: UInt64, reason: UInt16) {
        self.receipt = receipt
        self.reason = reason
    }

    package static let shape = Shape.fields("ReversePayment", ("receipt", .u64), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(receipt)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        receipt = try decoder.u64()
        reason = try decoder.u16()
    }
}

package struct GatewayDeposit: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let currency: Currency
    package let amount: Amount
    package let reference: Digest

    package init(account: Digest, currency: Currency, amount: Amount, reference: Digest) {
        self.account = account
        self.currency = currency
        self.amount = amount
        self.reference = reference
    }

    package static let shape = Shape.fields(
        "GatewayDeposit", ("account", .digest), ("currency", Currency.shape), ("amount", .i64), ("reference", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.fixed(reference)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        reference = try decoder.digest()
    }
}

package struct PayOut: Hashable, Sendable, ContractValue {
    /// Partner that pays out, and sends the transaction.
    package let gateway: String
    package let currency: Currency
    package let amount: Amount
    /// SHA-256 of where the money goes, as the gateway knows it, with a salt in it.
    package let destination: Digest

    package init(gateway: String, currency: Currency, amount: Amount, destination: Digest) {
        self.gateway = gateway
        self.currency = currency
        self.amount = amount
        self.destination = destination
    }

    package static let shape = Shape.fields(
        "PayOut", ("gateway", .text(max: Partner.idBytesMax)), ("currency", Currency.shape), ("amount", .i64),
        ("destination", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(gateway)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.fixed(destination)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        gateway = try decoder.string(max: Partner.idBytesMax)
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        destination = try decoder.digest()
    }
}

/// Moves what the seller owes of a refund out of its cash.
package struct PayRefund: Hashable, Sendable, ContractValue {
    /// Number of the `RefundDebt`.
    package let debt: UInt64
    package let amount: Amount

    package init(debt: UInt64, amount: Amount) {
        self.debt = debt
        self.amount = amount
    }

    package static let shape = Shape.fields("PayRefund", ("debt", .u64), ("amount", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(debt)
        encoder.i64(amount)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        debt = try decoder.u64()
        amount = try decoder.i64()
    }
}

/// Arguments of a scheduled bill.
package struct BillRun: Hashable, Sendable, ContractValue {
    package let agreement: UInt64
    package init(agreement: UInt64) { self.agreement = agreement }
    package static let shape = Shape.fields("BillRun", ("agreement", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(agreement) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { agreement = try decoder.u64() }
}

/// Arguments of a scheduled reminder: one of another time than the invoice's has nothing to do.
package struct Reminder: Hashable, Sendable, ContractValue {
    package let invoice: UInt64
    package let time: Timestamp

    package init(invoice: UInt64, time: Timestamp) {
        self.invoice = invoice
        self.time = time
    }

    package static let shape = Shape.fields("Reminder", ("invoice", .u64), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(invoice)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        invoice = try decoder.u64()
        time = try Timestamp(from: &decoder)
    }
}
