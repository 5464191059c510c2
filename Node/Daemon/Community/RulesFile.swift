internal import ContractKit
internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

/// Rules of a community as an administrator writes them, for `cec create --rules`: every model, price rule and tariff of
/// docs/models.md. Prices are per kWh with at most six decimals; what is left out has the usual value.
struct RulesFile: Decodable {
    struct Series: Decodable {
        let name: String
        let oracle: String
    }

    let name: String
    let currency: String?
    /// 15, 30 or 60.
    let periodMinutes: UInt64?
    /// A time zone, such as Europe/Zurich, unless `cec create --zone` names it.
    let zone: String?
    let model: String?
    /// What `preferredPartners` does with the rest.
    let rest: String?
    /// Of `sharedIncentive`, per kWh.
    let incentive: RateText?
    let priceRule: String?
    /// Of `communityTariffs`.
    let communityPrices: PricesText?
    let gridTariff: PricesText
    let series: [Series]?
    let gridFee: RateText?
    let fundLevy: RateText?
    let rounding: String?
    let activeMembersMin: UInt16?
    let deadlineHours: UInt16?
    let correctionDays: UInt16?
    let listsBatches: Bool?
    let attesters: [String]?
    let threshold: UInt16?

    /// `zone` is that of the command line. One of the two must be there, since no default is right for everybody.
    func rules(year: Int, zone given: String? = nil) throws -> CommunityRules {
        let minutes = periodMinutes ?? 60
        guard let period = Resolution.allCases.first(where: { $0.minutes == minutes }) else {
            throw UserError("'periodMinutes' is 15, 30 or 60.")
        }
        let model = try allocationModel()
        let rules = CommunityRules(
            name: name, currency: currency ?? "EUR", period: period, model: model,
            priceRule: try price(model), gridTariff: try gridTariff.tariff(),
            series: (series ?? []).map { PriceSeries(name: $0.name, oracle: $0.oracle) },
            gridFee: try gridFee?.schedule(scale: 1_000_000) ?? .zero,
            fundLevy: try fundLevy?.schedule(scale: 1_000_000) ?? .zero,
            rounding: try RulesFile.named(rounding ?? "halfUp", MoneyRounding.allCases, "rounding"),
            clock: try RulesFile.clock(try chosenZone(given), year), activeMembersMin: activeMembersMin ?? 4,
            deadlineHours: deadlineHours ?? 72,
            correctionDays: correctionDays ?? 60, listsBatches: listsBatches ?? true,
            attestation: AttestationPolicy(attesters: (attesters ?? []).sorted(), threshold: threshold ?? 0))
        if let problem = rules.problem { throw UserError("The rules are not valid: \(problem).") }
        return rules
    }

    private func allocationModel() throws -> AllocationModel {
        let plain: [String: AllocationModel] = [
            "evenSplit": .evenSplit, "proRata": .proRata, "staticKeys": .staticKeys, "scheduledKeys": .scheduledKeys,
            "fullKeys": .fullKeys, "uniformPrice": .uniformPrice, "payAsBid": .payAsBid,
        ]
        let name = model ?? "evenSplit"
        if let found = plain[name] { return found }
        switch name {
        case "preferredPartners":
            return .preferredPartners(
                then: try RulesFile.named(rest ?? "evenSplit", AllocationModel.RestModel.allCases, "rest"))
        case "sharedIncentive":
            guard let incentive else { throw UserError("The model sharedIncentive needs an 'incentive' per kWh.") }
            return .sharedIncentive(try incentive.schedule(scale: 1_000_000))
        default:
            let known = plain.keys.sorted() + ["preferredPartners", "sharedIncentive"]
            throw UserError("'\(name)' is no model; there are \(known.joined(separator: ", ")).")
        }
    }

    private func price(_ model: AllocationModel) throws -> PriceRule {
        if model.setsPrice, priceRule == nil { return .byModel }
        switch priceRule ?? "communityTariffs" {
        case "communityTariffs":
            guard let communityPrices else {
                throw UserError("The price rule communityTariffs needs 'communityPrices'.")
            }
            return .communityTariffs(try communityPrices.schedule())
        case "midMarketRate": return .midMarketRate
        case "supplyDemandRatio": return .supplyDemandRatio
        case "billSharing": return .billSharing
        case "byModel": return .byModel
        case let other:
            throw UserError(
                "'\(other)' is no price rule; there are communityTariffs, midMarketRate, supplyDemandRatio, billSharing, byModel."
            )
        }
    }

    /// The time zone of the file or of the command line.
    func chosenZone(_ given: String?) throws -> String {
        if let zone, let given, zone != given {
            throw UserError("The file of rules has the zone '\(zone)', and --zone says '\(given)': give one of them.")
        }
        guard let chosen = given ?? zone else {
            throw UserError(
                "The rules name no time zone, by which months, days and time bands go: add \"zone\": \"Europe/Zurich\", or give --zone."
            )
        }
        return chosen
    }

    /// The years that meters of today can be read for, within the bound of a clock.
    static func clock(_ zone: String, _ year: Int) throws -> LocalClock {
        if zone == "UTC" { return .utc }
        guard let clock = CivilTime.clock(zone, years: (year - 14)...(year + 14)) else {
            throw UserError("This machine knows no time zone '\(zone)'; write it as Europe/Zurich, or UTC.")
        }
        return clock
    }

    private static func named<Value>(_ text: String, _ values: [Value], _ setting: String) throws -> Value {
        guard let found = values.first(where: { "\($0)" == text }) else {
            throw UserError("'\(setting)' is one of \(values.map { "\($0)" }.joined(separator: ", ")), not '\(text)'.")
        }
        return found
    }
}

/// What a member and the administrator agree on besides the meters, for `cec admit --terms` and `cec amend --terms`.
struct TermsFile: Decodable {
    struct ProducerShare: Decodable {
        let producer: UInt32
        let key: RateText
    }
    struct Partner: Decodable {
        let producer: UInt32
        /// Watt-hours in a period.
        let wattHours: Int64
    }
    struct Plant: Decodable {
        struct Owner: Decodable {
            let member: UInt32
            /// In parts of 10,000.
            let share: UInt16
        }
        let agent: String
        let owners: [Owner]
    }

    /// The member's own retail and feed-in prices.
    let tariff: PricesText?
    /// In parts of 10,000.
    let key: RateText?
    let producerKeys: [ProducerShare]?
    /// Highest price to buy and lowest to sell at, in auctions.
    let limits: PricesText?
    let preferred: [Partner]?
    /// Set for a plant that members own by shares; at admission only.
    let plant: Plant?

    static func read(_ path: String?) throws -> TermsFile? {
        try path.map { try JSONFile.read(TermsFile.self, $0, "file of a member's terms", shape: shape) }
    }

    func settings() throws -> MemberSettings {
        let settings = MemberSettings(
            tariff: try tariff?.tariff(), key: try key?.schedule(scale: 1) ?? .zero,
            producerKeys: try (producerKeys ?? []).sorted { $0.producer < $1.producer }.map {
                ProducerKey(producer: MemberNumber($0.producer), key: try $0.key.schedule(scale: 1))
            }, limits: try limits?.schedule(),
            preferred: (preferred ?? []).map {
                PreferredPartner(producer: MemberNumber($0.producer), energyMax: $0.wattHours)
            })
        if let problem = settings.problem { throw UserError("The terms are not valid: \(problem).") }
        return settings
    }

    func plantTerms() throws -> PlantTerms? {
        guard let plant else { return nil }
        let terms = PlantTerms(
            agent: plant.agent,
            owners: plant.owners.sorted { $0.member < $1.member }.map {
                PlantTerms.Owner(member: MemberNumber($0.member), share: $0.share)
            })
        if let problem = terms.problem { throw UserError("The plant's terms are not valid: \(problem).") }
        return terms
    }
}
