import Chain
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@testable import Trading

/// The whole real year against `tools/settle_oracle.py`, which was written from the design apart from this code: traded
/// energy, every bill and every line are equal, to the last watt-hour and micro-unit.
@Suite("Independent recomputation")
struct OracleTests {
    static let python = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "python3") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    static let isPossible = Shared.isPresent && python != nil
    static let first: UInt64 = 408_000

    struct Outcome: Equatable {
        var traded: Energy = 0
        var fund: Amount = 0
        var rounding: Amount = 0
        var bills: [Amount] = []
        var lines = ""
    }

    private static func oracle(_ model: String, _ rule: String) throws -> Outcome {
        let process = Process()
        let script = Shared.project.appending(path: "tools/settle_oracle.py")
        let data = Shared.root.appending(path: "data/cec17_hourly.csv")
        process.executableURL = python
        process.arguments = [script.path, data.path, model, rule, String(first)]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        var outcome = Outcome()
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int64($0) }
            switch words.first {
            case "traded": outcome.traded = try #require(numbers.first)
            case "fund": outcome.fund = try #require(numbers.first)
            case "rounding": outcome.rounding = try #require(numbers.first)
            case "bills": outcome.bills = numbers
            default: outcome.lines = String(words.last ?? "")
            }
        }
        return outcome
    }

    private static func own(_ model: AllocationModel, _ rule: PriceRule) throws -> Outcome {
        let year = try ReferenceYear.load()
        let grid = PricePair(consumption: 250_000, production: 80_000)
        let rules = CommunityRules(
            name: "A", currency: "USD", period: .minutes60, model: model, priceRule: rule,
            gridTariff: Tariff(base: grid))
        let weights = year.homes.indices.map { Int64(400 + 100 * $0) }
        let terms = AllocationTerms(keys: try Division.proRata(10_000, by: weights, period: PeriodNumber(0)))
        var outcome = Outcome(bills: [Amount](repeating: 0, count: year.homes.count))
        var text: [UInt8] = []
        for (hour, nets) in year.hours.enumerated() {
            let period = PeriodNumber(first + UInt64(hour))
            let settlement = try PeriodSettlement(
                community: community, period: period, version: 1, rules: rules, balances: balances(nets, grid: grid),
                terms: terms)
            outcome.traded += settlement.totals.traded
            outcome.fund += settlement.totals.fund
            outcome.rounding += settlement.totals.rounding
            for (place, line) in settlement.lines.enumerated() {
                outcome.bills[place] -= try line.net()
                let fields: [Int64] = [
                    line.received, line.given, line.bought, line.sold, line.paidForReceived, line.earnedForGiven,
                    line.paidForBought, line.earnedForSold,
                ]
                let row = ["\(period)", "\(line.member)"] + fields.map(String.init)
                text += Array((row.joined(separator: ",") + "\n").utf8)
            }
        }
        outcome.lines = SHA256.hash(text).description
        return outcome
    }

    static let cases: [(String, AllocationModel)] = [
        ("evenSplit", .evenSplit), ("proRata", .proRata), ("staticKeys", .staticKeys),
    ]

    static let rules: [(String, PriceRule)] = [
        ("midMarketRate", .midMarketRate), ("supplyDemandRatio", .supplyDemandRatio), ("billSharing", .billSharing),
        (
            "communityTariffs",
            .communityTariffs(PriceSchedule(base: PricePair(consumption: 180_000, production: 160_000)))
        ),
    ]

    @Test(.enabled(if: isPossible, "needs ../shared and python3"), arguments: 0..<12)
    func wholeYear(_ index: Int) throws {
        let (model, rule) = (Self.cases[index / 4], Self.rules[index % 4])
        let expected = try Self.oracle(model.0, rule.0)
        #expect(expected.bills.count == 17 && expected.lines.count == 64)
        #expect(try Self.own(model.1, rule.1) == expected, "\(model.0) \(rule.0)")
    }
}
