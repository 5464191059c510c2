package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Number of a member inside one community: pseudonymous, never given out twice. Leaves and ties go by its order.
package struct MemberNumber: Hashable, Comparable, Sendable, ContractValue, StorageKey, CustomStringConvertible {
    package static var shape: Shape { .u32 }
    package let value: UInt32

    package init(_ value: UInt32) { self.value = value }

    package static func < (left: MemberNumber, right: MemberNumber) -> Bool { left.value < right.value }
    package var description: String { String(value) }
    package func encode(to encoder: inout BCSEncoder) { encoder.u32(value) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { value = try decoder.u32() }
    package func appendKey(to bytes: inout [UInt8]) { value.appendKey(to: &bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let value = UInt32(takingKey: &bytes) else { return nil }
        self.init(value)
    }
}

/// A member as the community's instance stores it: numbers only, nothing about a person.
package struct Member: Hashable, Sendable, ContractValue {
    package static let metersMax = 4

    package let number: MemberNumber
    /// 1 to 4 meters, strictly ascending.
    package let meters: [MeterNumber]
    /// Retail and feed-in of this member; nil for the grid tariff of the rules.
    package let tariff: PriceSchedule?
    /// SHA-256 of the member's signed consent (Data Source credential), which names the attesting partners.
    package let consent: Digest
    /// First period that counts.
    package let from: PeriodNumber
    /// First period that no longer counts; nil while the membership lasts.
    package var until: PeriodNumber?

    package init(
        number: MemberNumber, meters: [MeterNumber], tariff: PriceSchedule? = nil, consent: Digest,
        from: PeriodNumber, until: PeriodNumber? = nil
    ) {
        self.number = number
        self.meters = meters
        self.tariff = tariff
        self.consent = consent
        self.from = from
        self.until = until
    }

    package var problem: String? {
        if meters.isEmpty || meters.count > Member.metersMax { return "a member has 1 to \(Member.metersMax) meters" }
        for (left, right) in zip(meters, meters.dropFirst()) where left >= right {
            return "the meters of a member must ascend, each once"
        }
        if let until, until < from { return "a membership ends after it begins" }
        return tariff?.problem
    }

    package func isActive(in period: PeriodNumber) -> Bool {
        from <= period && (until.map { period < $0 } ?? true)
    }

    package static let shape = Shape.fields(
        "Member", ("number", .u32), ("meters", .list(.u64, max: metersMax)), ("tariff", .option(PriceSchedule.shape)),
        ("consent", .digest), ("from", .u64), ("until", .option(.u64)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(number)
        encoder.vector(meters)
        encoder.option(tariff)
        encoder.fixed(consent)
        encoder.value(from)
        encoder.option(until)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try MemberNumber(from: &decoder)
        meters = try decoder.vector(max: Member.metersMax)
        tariff = try decoder.option()
        consent = try decoder.digest()
        from = try PeriodNumber(from: &decoder)
        until = try decoder.option()
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Digest that stands for all admissions and endings so far: `SHA-256(previous || BCS(member))` after each of them,
/// starting from zero. A settlement names it, so that it cannot use other members or tariffs than the chain has.
package enum MemberLog {
    package static let start = Digest.zero

    package static func appending(_ member: Member, to digest: Digest) -> Digest {
        SHA256.hash(prefix: digest.bytes, member.bcs)
    }
}
