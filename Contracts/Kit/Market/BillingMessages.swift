package import Primitives

/// Calls of Billing that Agreements makes.
package enum BillingMessages {
    /// Bills a new agreement by its plan; answers whether access may open at once.
    package static let begin = Message<BillingStart, PaymentStanding>(1, "begin")
    /// A party ends an agreement: its bills end with it. Answers whether access is open until then.
    package static let end = Message<BillingEnd, PaymentStanding>(11, "end")
}

package struct BillingEnd: Hashable, Sendable, ContractValue {
    /// The reason where nobody ended it but its time.
    package static let expired: UInt16 = .max

    package let agreement: UInt64
    /// The end of the agreement, exclusive.
    package let until: Timestamp
    /// From when on what was billed is credited: from `until`, or earlier, when the provider ends it or could not deliver;
    /// nil when nothing is.
    package let creditsFrom: Timestamp?
    /// The party's number above 0.
    package let reason: UInt16

    package init(agreement: UInt64, until: Timestamp, creditsFrom: Timestamp?, reason: UInt16) {
        self.agreement = agreement
        self.until = until
        self.creditsFrom = creditsFrom
        self.reason = reason
    }

    package static let shape = Shape.fields(
        "BillingEnd", ("agreement", .u64), ("until", .u64), ("creditsFrom", .option(.u64)), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.value(until)
        encoder.option(creditsFrom)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        until = try Timestamp(from: &decoder)
        creditsFrom = try decoder.option()
        reason = try decoder.u16()
    }
}

package struct BillingStart: Hashable, Sendable, ContractValue {
    package let agreement: UInt64
    package let provider: Digest
    package let user: Digest
    package let plan: PricePlan
    package let from: Timestamp
    package let until: Timestamp

    package init(_ agreement: Agreement) {
        self.agreement = agreement.number
        provider = agreement.provider
        user = agreement.user
        plan = agreement.plan
        from = agreement.from
        until = agreement.until
    }

    package static let shape = Shape.fields(
        "BillingStart", ("agreement", .u64), ("provider", .digest), ("user", .digest), ("plan", PricePlan.shape),
        ("from", .u64), ("until", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.fixed(provider)
        encoder.fixed(user)
        encoder.value(plan)
        encoder.value(from)
        encoder.value(until)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        provider = try decoder.digest()
        user = try decoder.digest()
        plan = try PricePlan(from: &decoder)
        from = try Timestamp(from: &decoder)
        until = try Timestamp(from: &decoder)
    }
}

/// Calls of Agreements that Billing makes.
package enum AgreementMessages {
    /// Opens or closes the access of an agreement by its payments. Changes nothing once the agreement has ended.
    package static let setPayment = Message<PaymentChange, Nothing>(12, "setPayment")
}

package struct PaymentChange: Hashable, Sendable, ContractValue {
    package let agreement: UInt64
    package let payment: PaymentStanding

    package init(agreement: UInt64, payment: PaymentStanding) {
        self.agreement = agreement
        self.payment = payment
    }

    package static let shape = Shape.fields(
        "PaymentChange", ("agreement", .u64), ("payment", PaymentStanding.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.value(payment)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        payment = try PaymentStanding(from: &decoder)
    }
}
