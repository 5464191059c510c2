internal import ArgumentParser
internal import DataLake
internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle a community's own past with every model and price rule, to choose one.",
            discussion: """
                Takes the past from files of readings in any form that `cec ingest` takes, or from the lake of a node that is on \
                this machine. Periods are as long as the readings, or --period. Nothing is sent anywhere. Keys, agreements and bids that the members do not have yet are assumed; the result says how.
                """)

        @Option(help: "File of readings; repeat for more.") var readings: [String] = []
        @Option(help: "File of quarter hours that are production; repeat for more.") var productionReadings: [String] =
            []
        @OptionGroup var source: SourceOptions
        @Option(help: "Minutes of a settlement period: 15, 30 or 60. Default: those of the readings.") var period:
            UInt64?
        @Option(help: "The lake's folder of a node (needs the community file).") var lake: String?
        @Option(
            name: .customLong("file"),
            help:
                "The community file: which meter is whose. Without it every meter of the files is a member; with --lake it is community.json."
        )
        var path: String?
        @Option(help: "First hour of the lake's past, UTC, such as 2016-10-17T07:00Z.") var from: String?
        @Option(help: "Hours of the lake's past.") var hours = 8_784
        @Option(help: "Currency, three capital letters.") var currency = "EUR"
        @Option(help: "Retail price of the grid, per kWh.") var retail = 0.25
        @Option(help: "Feed-in price of the grid, per kWh.") var feedIn = 0.08
        @Option(help: "The community's own price for consumers, per kWh.") var communityPrice = 0.18
        @Option(help: "The community's own price for producers, per kWh.") var producerPrice = 0.16
        @Option(help: "Grid fee for traded energy, per kWh.") var gridFee = 0.0
        @Option(help: "Levy for the community fund, per kWh.") var levy = 0.0
        @Option(help: "Incentive of a community that shares one, per kWh.") var incentive = 0.11
        @Option(help: "Write a page with plots to this file.") var html: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            let isFile = !readings.isEmpty || !productionReadings.isEmpty
            guard isFile == (lake == nil) else { throw ValidationError("give --readings or --lake") }
            guard period.map({ [15, 30, 60].contains($0) }) ?? true else {
                throw ValidationError("--period is 15, 30 or 60")
            }
            guard lake == nil || from != nil else { throw ValidationError("--lake needs --from") }
            guard (1...17_568).contains(hours) else { throw ValidationError("--hours is 1 to 17,568") }
        }

        func run() async throws {
            let past =
                lake == nil
                ? try PastReadings.files(
                    readings, productions: productionReadings, community: path, source: source.source) : try lakePast()
            let chosen = Resolution.allCases.first { $0.minutes == period } ?? past.resolution
            guard chosen.minutes >= past.resolution.minutes else {
                throw UserError(
                    "The readings are of \(past.resolution.minutes) minutes: periods of \(chosen.minutes) are too short."
                )
            }
            let rules = try rules(chosen)
            let history: CommunityHistory
            let comparison: ModelComparison
            do {
                history = try past.history(rules).assuming(rules)
                guard !history.periods.isEmpty else { throw UserError("There are no readings to compare with.") }
                let pair = PricePair(consumption: micro(communityPrice), production: micro(producerPrice))
                comparison = try ModelComparison(
                    history, rules: rules, choices: ComparedChoices.all(incentive: micro(incentive), community: pair))
            } catch let error as SettlementError {
                throw UserError("The past cannot be settled: \(error.description)")
            }
            if let html {
                let page = ComparisonPage(comparison: comparison, rules: rules, currency: currency)
                try page.html().write(toFile: html, atomically: true, encoding: .utf8)
                output.progress("wrote \(html)")
            }
            try output.show(comparison) { text(comparison) }
        }

        private static let lakeFile = "community.json"

        private func micro(_ price: Double) -> Amount { Int64((price * 1_000_000).rounded()) }

        private func rules(_ period: Resolution) throws -> CommunityRules {
            let prices = [retail, feedIn, communityPrice, producerPrice, gridFee, levy, incentive]
            guard prices.allSatisfy({ abs($0) <= 1_000 }) else { throw UserError("A price is above 1,000 per kWh.") }
            let rules = CommunityRules(
                name: "comparison", currency: currency, period: period, priceRule: .midMarketRate,
                gridTariff: Tariff(base: PricePair(consumption: micro(retail), production: micro(feedIn))),
                gridFee: RateSchedule(micro(gridFee)), fundLevy: RateSchedule(micro(levy)),
                clock: try PastReadings.clock(
                    community: path ?? (lake == nil ? nil : Compare.lakeFile), zone: source.zone))
            if let problem = rules.problem { throw UserError("These prices do not work: \(problem).") }
            return rules
        }

        private func lakePast() throws -> PastReadings {
            guard let lake, let from else { throw UserError("--lake needs --from.") }
            let start = try TimeArgument.parse(from)
            return try PastReadings.lake(
                lake, community: path ?? Compare.lakeFile, from: start,
                to: start.adding(milliseconds: UInt64(hours) * PriceDay.millisecondsPerHour))
        }

        private func text(_ comparison: ModelComparison) -> String {
            func money(_ amount: Amount) -> String { Human.money(amount, currency: currency) }
            var table = TextTable([
                ("model", .left), ("price rule", .left), ("traded", .right), ("bill", .right), ("saved", .right),
                ("fund", .right), ("members who lose", .right), ("smallest gain", .right), ("largest gain", .right),
            ])
            for choice in comparison.choices {
                let gains = comparison.gains(choice)
                table.add([
                    choice.model, choice.priceRule, Human.energy(choice.traded), money(choice.bill),
                    money(comparison.aloneBill - choice.bill), money(choice.fund), "\(gains.count { $0 < 0 })",
                    money(gains.min() ?? 0), money(gains.max() ?? 0),
                ])
            }
            let head =
                "\(comparison.members.count) members, \(comparison.periods) periods of \(comparison.periodMinutes) minutes; alone they pay "
                + "\(money(comparison.aloneBill)). Missing member-periods: \(comparison.missing), estimated: "
                + "\(comparison.estimated)."
            return ([head, "", table.text(), ""] + AssumedSettings.notes).joined(separator: "\n")
        }
    }
}
