internal import ContractKit
internal import Primitives
internal import Trading

/// Rules in full, as a person checks them before they are on the chain for good.
struct RulesText {
    let rules: CommunityRules
    /// Name of the time zone that the clock comes from.
    let zone: String
    /// Names of the settings that nobody gave.
    let defaults: Set<String>

    /// Settings by their names in files of rules, in the order of docs/models.md.
    var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = [
            ("name", rules.name), ("currency", rules.currency), ("periodMinutes", "\(rules.period.minutes)"),
            ("zone", zone), ("model", model),
        ]
        if case .sharedIncentive(let rate) = rules.model { fields.append(("incentive", RulesText.words(rate))) }
        fields.append(("priceRule", priceRule))
        if case .communityTariffs(let schedule) = rules.priceRule {
            fields.append(("communityPrices", RulesText.words(schedule)))
        }
        let attesters = rules.attestation.attesters
        fields += [
            ("gridTariff", tariff),
            (
                "series",
                rules.series.isEmpty
                    ? "none" : rules.series.map { "\($0.name) of \($0.oracle)" }.joined(separator: ", ")
            ),
            ("gridFee", RulesText.words(rules.gridFee)), ("fundLevy", RulesText.words(rules.fundLevy)),
            ("rounding", "\(rules.rounding)"), ("activeMembersMin", "\(rules.activeMembersMin)"),
            ("deadlineHours", "\(rules.deadlineHours)"), ("correctionDays", "\(rules.correctionDays)"),
            ("listsBatches", "\(rules.listsBatches)"),
            ("attesters", attesters.isEmpty ? "every validator" : attesters.joined(separator: ", ")),
            ("threshold", rules.attestation.threshold == 0 ? "a quorum" : "\(rules.attestation.threshold)"),
        ]
        return fields
    }

    var text: String {
        var table = TextTable([("rule", .left), ("value", .left), ("", .left)])
        for (name, value) in fields { table.add([name, value, defaults.contains(name) ? "(default)" : ""]) }
        return table.text()
    }

    private var model: String {
        switch rules.model {
        case .preferredPartners(let rest): "preferredPartners, the rest by \(rest)"
        case .sharedIncentive: "sharedIncentive"
        default: "\(rules.model)"
        }
    }

    private var priceRule: String {
        if case .communityTariffs = rules.priceRule { "communityTariffs" } else { "\(rules.priceRule)" }
    }

    private var tariff: String {
        var text = RulesText.words(rules.gridTariff.schedule)
        if let use = rules.gridTariff.series {
            text += "; \(use.sides) follows series \(use.series) plus \(RulesText.pair(use.surcharge))"
        }
        return text
    }

    private static func words(_ rate: RateSchedule) -> String {
        ([price(rate.base)]
            + rate.bands.map { "\(price($0.value)) on \(band($0.weekdays, $0.fromMinute, $0.toMinute))" })
            .joined(separator: ", ")
    }

    private static func words(_ schedule: PriceSchedule) -> String {
        ([pair(schedule.base)]
            + schedule.bands.map { "\(pair($0.prices)) on \(band($0.weekdays, $0.fromMinute, $0.toMinute))" })
            .joined(separator: ", ")
    }

    private static func pair(_ pair: PricePair) -> String {
        "\(price(pair.consumption)) to use, \(price(pair.production)) to make"
    }

    private static func band(_ days: UInt8, _ from: UInt16, _ to: UInt16) -> String {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        let chosen = names.indices.filter { days & (1 << UInt8($0)) != 0 }.map { names[$0] }
        let when = chosen.count == 7 ? "every day" : chosen.joined(separator: ",")
        return "\(when) \(minute(from))-\(minute(to))"
    }

    private static func minute(_ minute: UInt16) -> String {
        func two(_ number: UInt16) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    /// Micro-units per kWh as a price per kWh, without zeros at the end.
    private static func price(_ micro: Amount) -> String {
        var text = Human.fixed(micro, digits: 6)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}

extension RulesFile {
    /// Settings that the file leaves to their defaults. Not among them: what belongs to another model or price rule.
    var defaults: Set<String> {
        let given: [(String, Bool)] = [
            ("currency", currency != nil), ("periodMinutes", periodMinutes != nil), ("model", model != nil),
            ("priceRule", priceRule != nil), ("series", series != nil), ("gridFee", gridFee != nil),
            ("fundLevy", fundLevy != nil), ("rounding", rounding != nil),
            ("activeMembersMin", activeMembersMin != nil), ("deadlineHours", deadlineHours != nil),
            ("correctionDays", correctionDays != nil), ("listsBatches", listsBatches != nil),
            ("attesters", attesters != nil), ("threshold", threshold != nil),
        ]
        return Set(given.filter { !$0.1 }.map(\.0))
    }
}
