/// What files of rules and terms may hold.
extension RulesFile {
    static let shape = FileShape.object([
        ("name", .text), ("currency", .text), ("periodMinutes", .whole), ("zone", .text), ("model", .text),
        ("rest", .text), ("incentive", RateText.shape), ("priceRule", .text), ("communityPrices", PricesText.shape),
        ("gridTariff", PricesText.shape),
        ("series", .list(.object([("name", .text), ("oracle", .text)]))), ("gridFee", RateText.shape),
        ("fundLevy", RateText.shape), ("rounding", .text), ("activeMembersMin", .whole), ("deadlineHours", .whole),
        ("correctionDays", .whole), ("listsBatches", .flag), ("attesters", .list(.text)), ("threshold", .whole),
    ])

    static func read(_ path: String) throws -> RulesFile {
        try JSONFile.read(RulesFile.self, path, "file of rules", shape: shape)
    }
}

extension TermsFile {
    static let shape = FileShape.object([
        ("tariff", PricesText.shape), ("key", RateText.shape),
        ("producerKeys", .list(.object([("producer", .whole), ("key", RateText.shape)]))),
        ("limits", PricesText.shape),
        ("preferred", .list(.object([("producer", .whole), ("wattHours", .whole)]))),
        (
            "plant",
            .object([("agent", .text), ("owners", .list(.object([("member", .whole), ("share", .whole)])))])
        ),
    ])
}

extension RateText {
    static let shape = FileShape.numberOr(
        .object([
            ("value", .number),
            ("bands", .list(.object([("days", .text), ("from", .text), ("to", .text), ("value", .number)]))),
        ]))
}

extension PricesText {
    static let shape = FileShape.object([
        ("consumption", .number), ("production", .number),
        (
            "bands",
            .list(
                .object([
                    ("days", .text), ("from", .text), ("to", .text), ("consumption", .number), ("production", .number),
                ]))
        ),
        (
            "follows",
            .object([("series", .whole), ("sides", .text), ("consumption", .number), ("production", .number)])
        ),
    ])
}
