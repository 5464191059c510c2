package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// A signature by the key that signed a member's consent.
package struct MemberSignature: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package let signature: Signature

    package init(signing digest: Digest, with key: Secp256k1.SecretKey) {
        self.key = key.publicKey
        signature = key.sign(digest)
    }

    package static let shape = Shape.fields("MemberSignature", ("key", .publicKey), ("signature", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

/// A member's withdrawal of consent. Signed by the member, it may be sent by anybody: the administrator is not needed. The
/// membership ends with the period that is running.
package struct Withdrawal: Hashable, Sendable, ContractValue {
    package static let domain = Array("commonwatt/withdrawal/1".utf8)

    package let member: MemberNumber
    package let signature: MemberSignature

    package init(member: MemberNumber, signature: MemberSignature) {
        self.member = member
        self.signature = signature
    }

    /// What the member signs: `SHA-256("commonwatt/withdrawal/1" || network || community || member || consent)`, with the
    /// digest of the consent that is withdrawn. A membership ends once, so it cannot be used again.
    package static func signingDigest(
        network: Digest, community: Address, member: MemberNumber, consent: Digest
    ) -> Digest {
        var encoder = BCSEncoder(reserving: 96)
        encoder.fixed(network)
        encoder.value(community)
        encoder.value(member)
        encoder.fixed(consent)
        return SHA256.hash(prefix: domain, encoder.bytes)
    }

    package static let shape = Shape.fields("Withdrawal", ("member", .u32), ("signature", MemberSignature.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(member)
        encoder.value(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        member = try MemberNumber(from: &decoder)
        signature = try MemberSignature(from: &decoder)
    }
}

/// New settings of a member from a period on. Keys alone are the administrator's to set; for anything else the member
/// signs.
package struct Amendment: Hashable, Sendable, ContractValue {
    package static let domain = Array("commonwatt/amendment/1".utf8)

    package let change: SettingsChange
    package let signature: MemberSignature?

    package init(change: SettingsChange, signature: MemberSignature? = nil) {
        self.change = change
        self.signature = signature
    }

    /// What the member signs: `SHA-256("commonwatt/amendment/1" || network || community || number || BCS(change))`; the
    /// number of the amendment keeps it from being used again.
    package static func signingDigest(
        network: Digest, community: Address, number: UInt16, change: SettingsChange
    ) -> Digest {
        var encoder = BCSEncoder(reserving: 256)
        encoder.fixed(network)
        encoder.value(community)
        encoder.u16(number)
        encoder.value(change)
        return SHA256.hash(prefix: domain, encoder.bytes)
    }

    package static let shape = Shape.fields(
        "Amendment", ("change", SettingsChange.shape), ("signature", .option(MemberSignature.shape)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(change)
        encoder.option(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        change = try SettingsChange(from: &decoder)
        signature = try decoder.option()
    }
}

/// Consecutive hourly values of a price series, published by its oracle.
package struct PublishedPrices: Hashable, Sendable, ContractValue {
    /// Bound of the values: two days.
    package static let valuesMax = 48

    /// Position in the series of the rules.
    package let series: UInt8
    /// First hour, as hours since 1970 (UTC).
    package let firstHour: UInt32
    /// Micro-units per kWh, of either sign, one an hour.
    package let values: [Amount]

    package init(series: UInt8, firstHour: UInt32, values: [Amount]) {
        self.series = series
        self.firstHour = firstHour
        self.values = values
    }

    package static let shape = Shape.fields(
        "PublishedPrices", ("series", .u8), ("firstHour", .u32), ("values", .list(.i64, max: valuesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(series)
        encoder.u32(firstHour)
        encoder.vector(values) { $0.i64($1) }
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        series = try decoder.u8()
        firstHour = try decoder.u32()
        values = try decoder.vector(max: PublishedPrices.valuesMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Amount in try decoder.i64()
        }
    }
}

/// Periods whose correction window closed on one day.
package struct ClosedPeriods: Hashable, Sendable, ContractValue {
    /// Day since 1970 (UTC) at whose beginning they closed.
    package let day: UInt32
    package let periods: UInt32

    package init(day: UInt32, periods: UInt32) {
        self.day = day
        self.periods = periods
    }

    package static let shape = Shape.fields("ClosedPeriods", ("day", .u32), ("periods", .u32))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u32(day)
        encoder.u32(periods)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        day = try decoder.u32()
        periods = try decoder.u32()
    }
}
