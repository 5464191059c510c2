import Foundation
import TestSupport
import Testing

/// What `cec compare --json` says.
struct Compared: Decodable {
    struct Choice: Decodable {
        let model: String
        let priceRule: String
        let traded: Int64
        let bought: Int64
        let sold: Int64
        let bill: Int64
        let bills: [Int64]
    }
    let members: [String]
    let periods: Int
    let periodMinutes: UInt64
    let production: Int64
    let consumption: Int64
    let missing: Int
    let alone: [Int64]
    let choices: [Choice]
}

extension ProcessSuite {
    /// Two days of quarter hours of three homes, one with a roof: load and production in files of their own.
    private struct Past {
        static let names = ["1001", "1002", "1003"]
        /// Load and production by home and quarter hour.
        let flows: [[(load: Int64, production: Int64)]]

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            flows = Past.names.indices.map { home in
                (0..<192).map { quarter in
                    let sun = home == 0 && (28..<76).contains(quarter % 96)
                    return (
                        Int64.random(in: 10...400, using: &random),
                        sun ? Int64.random(in: 0...1_500, using: &random) : 0
                    )
                }
            }
        }

        func csv(_ value: ((load: Int64, production: Int64)) -> Int64, homes: [Int]) -> String {
            let columns = (0..<96).map { $0 < 10 ? "q0\($0)" : "q\($0)" }.joined(separator: ",")
            let rows = (0..<2).flatMap { day in
                homes.map { home in
                    let values = flows[home][day * 96..<(day + 1) * 96].map { String(value($0)) }
                    return "20,\(day + 1),\(Past.names[home]),\(values.joined(separator: ","))"
                }
            }
            return (["iso_week,weekday,meter,\(columns)"] + rows).joined(separator: "\n") + "\n"
        }

        /// Traded energy of each period of `quarters` quarter hours, and each home's bill alone, by hand.
        func expected(quarters: Int) -> (traded: Int64, alone: [Int64]) {
            var traded: Int64 = 0
            var alone = [Int64](repeating: 0, count: flows.count)
            for start in stride(from: 0, to: 192, by: quarters) {
                let nets = flows.map { home in
                    home[start..<start + quarters].reduce(Int64(0)) { $0 + $1.production - $1.load }
                }
                traded += min(
                    nets.reduce(0) { $0 + max($1, 0) }, nets.reduce(0) { $0 + max(-$1, 0) })
                for (home, net) in nets.enumerated() { alone[home] += net < 0 ? -net * 250 : -net * 80 }
            }
            return (traded, alone)
        }
    }

    /// Every model and price rule over 15-, 30- and 60-minute periods of the same readings.
    @Test(.timeLimit(.minutes(3))) func compareTriesEveryModelAtEveryPeriod() async throws {
        let folder = NSTemporaryDirectory() + "/commonwatt-compare-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let past = Past(seed: 5)
        try past.csv({ $0.load }, homes: [0, 1, 2]).write(
            toFile: folder + "/load.csv", atomically: true, encoding: .utf8)
        try past.csv({ $0.production }, homes: [0]).write(toFile: folder + "/pv.csv", atomically: true, encoding: .utf8)
        let common = [
            "cec", "compare", "--readings", folder + "/load.csv", "--production-readings", folder + "/pv.csv", "--year",
            "2024", "--zone", "Europe/Zurich",
        ]
        for minutes in [15, 30, 60] {
            let output = try await Program.succeed(common + ["--period", "\(minutes)", "--json"])
            let compared = try JSONDecoder().decode(Compared.self, from: Data(output.utf8))
            let expected = past.expected(quarters: minutes / 15)
            #expect(compared.members == Past.names && compared.missing == 0)
            #expect(compared.periods == 192 * 15 / minutes && compared.periodMinutes == UInt64(minutes))
            #expect(compared.alone == expected.alone)
            #expect(compared.choices.count == 13)
            for choice in compared.choices {
                #expect(choice.bills.count == 3 && choice.bill == choice.bills.reduce(0, +))
                #expect(
                    choice.traded + choice.bought - (choice.traded + choice.sold)
                        == compared.consumption - compared.production, "\(choice.model)")
                if ["even split", "pro rata"].contains(choice.model) { #expect(choice.traded == expected.traded) }
                if choice.model == "shared incentive" { #expect(choice.traded == 0) }
            }
        }
        // Periods are those of the readings unless it is said; a page with plots; what cannot be done is said.
        let text = try await Program.succeed(common + ["--html", folder + "/page.html"])
        #expect(text.contains("192 periods of 15 minutes"))
        let page = try String(contentsOfFile: folder + "/page.html", encoding: .utf8)
        #expect(page.contains("class=\"bars\"") && page.contains("data-head=\"even split, mid-market rate\""))
        #expect(page.contains("192 periods of 15 minutes"))
        let hourly = "period_start_local,meter,load_wh,pv_wh\n2024-05-13T00:00,a,5,0\n2024-05-13T00:00,b,0,9\n"
        try hourly.write(toFile: folder + "/hourly.csv", atomically: true, encoding: .utf8)
        let short = ["cec", "compare", "--readings", folder + "/hourly.csv", "--period", "15"]
        for (more, words) in [
            (["--zone", "UTC"], "too short"), ([], "Name the time zone"),
            (["--file", folder + "/none.json"], "No community file at"),
        ] {
            let refused = try await Program.run(short + more)
            #expect(refused.exitCode == 1 && refused.output.contains(words), "\(refused.output)")
        }
    }
}
