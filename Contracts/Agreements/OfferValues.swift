package import ContractKit
package import LedgerCrypto
package import Primitives

/// What a provider offers and a user countersigns.
package struct OfferTerms: Hashable, Sendable, ContractValue {
    package static let copiesMax: UInt16 = 10_000
    package static let durationDaysMax: UInt32 = 3_660

    /// 1 to 8 of the provider's, each once.
    package let dataSets: [Digest]
    /// Who may countersign; nil for whoever comes first.
    package let user: Digest?
    /// Agreements that may be made; 1 for a named user.
    package let copies: UInt16
    package let purposes: Purposes
    /// Start of the agreement; a time that is past at the countersignature means that block's.
    package let from: Timestamp
    /// Days from the start to the end, 1 to 3,660.
    package let durationDays: UInt32
    /// Block time until which it may be countersigned, exclusive.
    package let expiry: Timestamp
    package let plan: PricePlan
    /// SHA-256 of the contract's full text.
    package let text: Digest

    package init(
        dataSets: [Digest], user: Digest? = nil, copies: UInt16 = 1, purposes: Purposes, from: Timestamp = Timestamp(0),
        durationDays: UInt32, expiry: Timestamp, plan: PricePlan, text: Digest
    ) {
        self.dataSets = dataSets
        self.user = user
        self.copies = copies
        self.purposes = purposes
        self.from = from
        self.durationDays = durationDays
        self.expiry = expiry
        self.plan = plan
        self.text = text
    }

    /// What both sides sign beside the number of the offer.
    package var digest: Digest { SHA256.hash(bcs) }

    package static let shape = Shape.fields(
        "OfferTerms", ("dataSets", .list(.digest, max: Agreement.dataSetsMax)), ("user", .option(.digest)),
        ("copies", .u16), ("purposes", Purposes.shape), ("from", .u64), ("durationDays", .u32), ("expiry", .u64),
        ("plan", PricePlan.shape), ("text", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(dataSets)
        encoder.option(user)
        encoder.u16(copies)
        encoder.value(purposes)
        encoder.value(from)
        encoder.u32(durationDays)
        encoder.value(expiry)
        encoder.value(plan)
        encoder.fixed(text)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        dataSets = try decoder.vector(max: Agreement.dataSetsMax)
        user = try decoder.option()
        copies = try decoder.u16()
        purposes = try Purposes(from: &decoder)
        from = try Timestamp(from: &decoder)
        durationDays = try decoder.u32()
        expiry = try Timestamp(from: &decoder)
        plan = try PricePlan(from: &decoder)
        text = try decoder.digest()
    }
}

package enum OfferState: UInt8, ContractCode {
    case open = 0
    /// As often as it may be.
    case taken = 1
    case withdrawn = 2
    /// Its time is over; never stored, see `Offer.state(at:)`.
    case lapsed = 3
}

package struct Offer: Hashable, Sendable, ContractValue {
    /// From 0.
    package let number: UInt64
    package let provider: Digest
    /// The key that signed it.
    package let providerKey: PublicKey
    package let terms: OfferTerms
    /// Versions of its data sets, in their order: what the user reads is what was offered.
    package let versions: [UInt32]
    /// Longest notice of its data sets, in days.
    package let noticeDays: UInt16
    package var state: OfferState
    /// Agreements made from it.
    package var taken: UInt16

    init(
        number: UInt64, provider: Digest, providerKey: PublicKey, terms: OfferTerms, versions: [UInt32],
        noticeDays: UInt16
    ) {
        self.number = number
        self.provider = provider
        self.providerKey = providerKey
        self.terms = terms
        self.versions = versions
        self.noticeDays = noticeDays
        state = .open
        taken = 0
    }

    /// An open offer whose time is over is lapsed; nothing has to run for that.
    package func state(at time: Timestamp) -> OfferState {
        state == .open && time >= terms.expiry ? .lapsed : state
    }

    package static let shape = Shape.fields(
        "Offer", ("number", .u64), ("provider", .digest), ("providerKey", .publicKey), ("terms", OfferTerms.shape),
        ("versions", .list(.u32, max: Agreement.dataSetsMax)), ("noticeDays", .u16), ("state", OfferState.shape),
        ("taken", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.fixed(provider)
        encoder.value(providerKey)
        encoder.value(terms)
        encoder.vector(versions) { $0.u32($1) }
        encoder.u16(noticeDays)
        encoder.value(state)
        encoder.u16(taken)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        provider = try decoder.digest()
        providerKey = try PublicKey(from: &decoder)
        terms = try OfferTerms(from: &decoder)
        versions = try decoder.vector(max: Agreement.dataSetsMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> UInt32 in try decoder.u32()
        }
        noticeDays = try decoder.u16()
        state = try OfferState(from: &decoder)
        taken = try decoder.u16()
    }
}

package struct OfferID: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let shape = Shape.fields("OfferID", ("number", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(number) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { number = try decoder.u64() }
}

package struct Countersign: Hashable, Sendable, ContractValue {
    package let offer: UInt64
    /// Digest of the terms that the user read.
    package let terms: Digest

    package init(offer: UInt64, terms: Digest) {
        self.offer = offer
        self.terms = terms
    }

    package static let shape = Shape.fields("Countersign", ("offer", .u64), ("terms", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(offer)
        encoder.fixed(terms)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        offer = try decoder.u64()
        terms = try decoder.digest()
    }
}

package struct AgreementID: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let shape = Shape.fields("AgreementID", ("number", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(number) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { number = try decoder.u64() }
}

package struct EndAgreement: Hashable, Sendable, ContractValue {
    package let agreement: UInt64
    /// A number above 0 of the party's. Never text.
    package let reason: UInt16

    package init(agreement: UInt64, reason: UInt16) {
        self.agreement = agreement
        self.reason = reason
    }

    package static let shape = Shape.fields("EndAgreement", ("agreement", .u64), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        reason = try decoder.u16()
    }
}

package struct AgreementCounts: Hashable, Sendable, ContractValue {
    package let offers: UInt64
    package let agreements: UInt64

    init(offers: UInt64, agreements: UInt64) {
        self.offers = offers
        self.agreements = agreements
    }

    package static let shape = Shape.fields("AgreementCounts", ("offers", .u64), ("agreements", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(offers)
        encoder.u64(agreements)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        offers = try decoder.u64()
        agreements = try decoder.u64()
    }
}
