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
///
/// `settings` are those agreed on at admission; later ones are amendments (`SettingsChange`), numbered from 0. What is
/// computed for a period uses the member with the settings of that period (`in(_:changes:)`).
package struct Member: Hashable, Sendable, ContractValue {
    package static let metersMax = 8
    package static let amendmentsMax: UInt16 = 4_096
    /// Bound of the BCS bytes: less than one value of the state.
    package static let byteCountMax = 1_000

    package let number: MemberNumber
    /// 1 to 8 meters, strictly ascending.
    package let meters: [MeterNumber]
    package var settings: MemberSettings
    /// Set when the member is a shared plant, whose income a billing agent receives.
    package let plant: PlantTerms?
    /// `Consent.holder` of the key that signed the consent; the same key withdraws it.
    package let holder: Digest
    /// SHA-256 of the member's signed consent (Data Source credential), which names the attesting partners.
    package let consent: Digest
    /// First period that counts.
    package let from: PeriodNumber
    /// First period that no longer counts; nil while the membership lasts.
    package var until: PeriodNumber?
    /// Amendments so far.
    package var amendments: UInt16

    package init(
        number: MemberNumber, meters: [MeterNumber], settings: MemberSettings = .none, plant: PlantTerms? = nil,
        holder: Digest, consent: Digest, from: PeriodNumber, until: PeriodNumber? = nil, amendments: UInt16 = 0
    ) {
        self.number = number
        self.meters = meters
        self.settings = settings
        self.plant = plant
        self.holder = holder
        self.consent = consent
        self.from = from
        self.until = until
        self.amendments = amendments
    }

    package var problem: String? {
        if meters.isEmpty || meters.count > Member.metersMax { return "a member has 1 to \(Member.metersMax) meters" }
        for (left, right) in zip(meters, meters.dropFirst()) where left >= right {
            return "the meters of a member must ascend, each once"
        }
        if let until, until < from { return "a membership ends after it begins" }
        if let problem = settings.problem ?? plant?.problem { return problem }
        return bcs.count <= Member.byteCountMax
            ? nil : "a member's record is above \(Member.byteCountMax) bytes; use fewer bands, keys or owners"
    }

    package func isActive(in period: PeriodNumber) -> Bool {
        from <= period && (until.map { period < $0 } ?? true)
    }

    /// The member with the settings that hold in `period`: the last amendment that begins at or before it, else those of
    /// the admission. `changes` in the order of their numbers.
    package func `in`(_ period: PeriodNumber, changes: [SettingsChange]) -> Member {
        var member = self
        if let change = changes.last(where: { $0.from <= period }) { member.settings = change.settings }
        return member
    }

    package static let shape = Shape.fields(
        "Member", ("number", .u32), ("meters", .list(.u64, max: metersMax)), ("settings", MemberSettings.shape),
        ("plant", .option(PlantTerms.shape)), ("holder", .digest), ("consent", .digest), ("from", .u64),
        ("until", .option(.u64)), ("amendments", .u16))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(number)
        encoder.vector(meters)
        encoder.value(settings)
        encoder.option(plant)
        encoder.fixed(holder)
        encoder.fixed(consent)
        encoder.value(from)
        encoder.option(until)
        encoder.u16(amendments)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try MemberNumber(from: &decoder)
        meters = try decoder.vector(max: Member.metersMax)
        settings = try MemberSettings(from: &decoder)
        plant = try decoder.option()
        holder = try decoder.digest()
        consent = try decoder.digest()
        from = try PeriodNumber(from: &decoder)
        until = try decoder.option()
        amendments = try decoder.u16()
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Digest that stands for everything on chain that settlements depend on besides the rules: admissions, endings,
/// amendments and published prices. `SHA-256(previous || BCS(entry))` after each of them, starting from zero. A settlement
/// names it, so that it cannot use other members, tariffs or prices than the chain has.
package enum MemberLog {
    package static let start = Digest.zero

    package static func appending(_ entry: some BCSEncodable, to digest: Digest) -> Digest {
        SHA256.hash(prefix: digest.bytes, entry.bcs)
    }
}
