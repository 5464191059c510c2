package import ContractKit
package import Primitives

/// What may differ from member to member, and change while a membership lasts. Which parts count depends on the model.
package struct MemberSettings: Hashable, Sendable, ContractValue {
    package static let producersMax = 32
    package static let none = MemberSettings()

    /// Retail and feed-in of this member; nil for the grid tariff of the rules.
    package let tariff: Tariff?
    /// Share in parts of 10,000, for static and scheduled keys and the shared incentive.
    package let key: RateSchedule
    /// Full keys: this consumer's share of single producers. Strictly ascending by producer.
    package let producerKeys: [ProducerKey]
    /// Auctions: `consumption` is the most this member pays, `production` the least it sells for; nil for its grid tariff.
    package let limits: PriceSchedule?
    /// Preferred partners, the first one first. Each producer once.
    package let preferred: [PreferredPartner]

    package init(
        tariff: Tariff? = nil, key: RateSchedule = .zero, producerKeys: [ProducerKey] = [],
        limits: PriceSchedule? = nil, preferred: [PreferredPartner] = []
    ) {
        self.tariff = tariff
        self.key = key
        self.producerKeys = producerKeys
        self.limits = limits
        self.preferred = preferred
    }

    package var problem: String? {
        let keys = 0...AllocationKeys.whole
        if let problem = key.problem("a key", keys) { return problem }
        if max(producerKeys.count, preferred.count) > MemberSettings.producersMax {
            return "a member names at most \(MemberSettings.producersMax) producers"
        }
        for (left, right) in zip(producerKeys, producerKeys.dropFirst()) where left.producer >= right.producer {
            return "the keys for producers must ascend by producer, each once"
        }
        for (index, partner) in preferred.enumerated() {
            if partner.energyMax <= 0 || partner.energyMax > Reading.energyMax {
                return "a preferred amount is 1 to \(Reading.energyMax) Wh"
            }
            if preferred[..<index].contains(where: { $0.producer == partner.producer }) {
                return "a preferred partner is named once"
            }
        }
        return producerKeys.lazy.compactMap { $0.key.problem("a key", keys) }.first ?? tariff?.problem
            ?? limits?.problem
    }

    package static let shape = Shape.fields(
        "MemberSettings", ("tariff", .option(Tariff.shape)), ("key", RateSchedule.shape),
        ("producerKeys", .list(ProducerKey.shape, max: producersMax)), ("limits", .option(PriceSchedule.shape)),
        ("preferred", .list(PreferredPartner.shape, max: producersMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.option(tariff)
        encoder.value(key)
        encoder.vector(producerKeys)
        encoder.option(limits)
        encoder.vector(preferred)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        tariff = try decoder.option()
        key = try RateSchedule(from: &decoder)
        producerKeys = try decoder.vector(max: MemberSettings.producersMax)
        limits = try decoder.option()
        preferred = try decoder.vector(max: MemberSettings.producersMax)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Keys are parts of 10,000, as in the French, Spanish and Austrian rules.
package enum AllocationKeys {
    package static let whole: Int64 = 10_000
}

/// A consumer's share of one producer's surplus.
package struct ProducerKey: Hashable, Sendable, ContractValue {
    package let producer: MemberNumber
    package let key: RateSchedule

    package init(producer: MemberNumber, key: RateSchedule) {
        self.producer = producer
        self.key = key
    }

    package static let shape = Shape.fields("ProducerKey", ("producer", .u32), ("key", RateSchedule.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(producer)
        encoder.value(key)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        producer = try MemberNumber(from: &decoder)
        key = try RateSchedule(from: &decoder)
    }
}

/// A bilateral agreement: the consumer takes up to this much from the producer in each period, before anything else.
package struct PreferredPartner: Hashable, Sendable, ContractValue {
    package let producer: MemberNumber
    /// Watt-hours in a period, >= 1.
    package let energyMax: Energy

    package init(producer: MemberNumber, energyMax: Energy) {
        self.producer = producer
        self.energyMax = energyMax
    }

    package static let shape = Shape.fields("PreferredPartner", ("producer", .u32), ("energyMax", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(producer)
        encoder.i64(energyMax)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        producer = try MemberNumber(from: &decoder)
        energyMax = try decoder.i64()
    }
}

/// Settings that hold from a period on.
package struct SettingsChange: Hashable, Sendable, ContractValue {
    package let member: MemberNumber
    /// First period in which they hold.
    package let from: PeriodNumber
    package let settings: MemberSettings

    package init(member: MemberNumber, from: PeriodNumber, settings: MemberSettings) {
        self.member = member
        self.from = from
        self.settings = settings
    }

    package static let shape = Shape.fields(
        "SettingsChange", ("member", .u32), ("from", .u64), ("settings", MemberSettings.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(member)
        encoder.value(from)
        encoder.value(settings)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        member = try MemberNumber(from: &decoder)
        from = try PeriodNumber(from: &decoder)
        settings = try MemberSettings(from: &decoder)
    }
}

/// A plant that several members own: its line is the plant's, its money goes to the billing agent, who owes each owner a
/// share of it (generator H of the D2.3 example).
package struct PlantTerms: Hashable, Sendable, ContractValue {
    package static let ownersMax = 64

    package struct Owner: Hashable, Sendable, ContractValue {
        package let member: MemberNumber
        /// In parts of 10,000, >= 1.
        package let share: UInt16

        package init(member: MemberNumber, share: UInt16) {
            self.member = member
            self.share = share
        }

        package static let shape = Shape.fields("PlantOwner", ("member", .u32), ("share", .u16))
        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(member)
            encoder.u16(share)
        }
        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            member = try MemberNumber(from: &decoder)
            share = try decoder.u16()
        }
    }

    /// The partner that receives the income.
    package let agent: String
    /// Strictly ascending by member; the shares sum to at most 10,000, the rest is the agent's.
    package let owners: [Owner]

    package init(agent: String, owners: [Owner]) {
        self.agent = agent
        self.owners = owners
    }

    package var problem: String? {
        if agent.isEmpty { return "a shared plant names the partner that receives its income" }
        if owners.isEmpty || owners.count > PlantTerms.ownersMax {
            return "a shared plant has 1 to \(PlantTerms.ownersMax) owners"
        }
        for (left, right) in zip(owners, owners.dropFirst()) where left.member >= right.member {
            return "the owners of a plant must ascend, each once"
        }
        let sum = owners.reduce(Int64(0)) { $0 + Int64($1.share) }
        return owners.allSatisfy { $0.share > 0 } && sum <= AllocationKeys.whole
            ? nil : "the shares of a plant are at least 1 and sum to at most 10,000"
    }

    package static let shape = Shape.fields(
        "PlantTerms", ("agent", .text(max: Partner.idBytesMax)), ("owners", .list(Owner.shape, max: ownersMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(agent)
        encoder.vector(owners)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agent = try decoder.string(max: Partner.idBytesMax)
        owners = try decoder.vector(max: PlantTerms.ownersMax)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}
