internal import ArgumentParser
internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// How fast one core settles, prices and hashes, for every model; no network and no disk.
struct SettlementBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settlement", abstract: "Member-periods per second of one core, by allocation model.")

    @Option(help: "Members of the community.") var members = 1_000
    @Option(help: "Seconds for each model.") var seconds = 2.0
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard (1...131_072).contains(members), seconds > 0 else {
            throw ValidationError("members are 1 to 131,072, seconds above 0")
        }
    }

    struct Row: Codable {
        let model: String
        let priceRule: String
        let result: SettlementRun.Result
    }

    static let models: [(name: String, model: AllocationModel, rule: PriceRule)] = [
        ("even split", .evenSplit, .midMarketRate), ("pro rata", .proRata, .midMarketRate),
        ("static keys", .staticKeys, .midMarketRate), ("scheduled keys", .scheduledKeys, .midMarketRate),
        ("full keys", .fullKeys, .midMarketRate),
        ("preferred partners", .preferredPartners(then: .evenSplit), .midMarketRate),
        ("uniform price", .uniformPrice, .byModel), ("pay as bid", .payAsBid, .byModel),
        ("shared incentive", .sharedIncentive(RateSchedule(110_000)), .byModel),
        ("even split, ratio", .evenSplit, .supplyDemandRatio), ("even split, bill", .evenSplit, .billSharing),
    ]

    func run() async throws {
        var rows: [Row] = []
        for (name, model, rule) in Self.models {
            let workload = SettlementWorkload(members: members, model: model, priceRule: rule)
            let result = try SettlementRun.measure(workload, members: members, seconds: seconds)
            rows.append(Row(model: name, priceRule: "\(rule)", result: result))
            if !json {
                let rate = String(format: "%.0f", result.memberPeriodsPerProcessorSecond)
                print("\(name.padding(toLength: 20, withPad: " ", startingAt: 0))\(rate) member-periods/s/core")
            }
        }
        if json { print(String(decoding: try JSONResult.data(rows), as: UTF8.self)) }
    }
}
