import Foundation
import TestSupport
import Testing

/// LightGBM's library as `tools/install-lightgbm` leaves it.
private let lightgbm: String? = {
    if let named = ProcessInfo.processInfo.environment["COMMONWATT_LIGHTGBM"] { return named }
    let base = Shared.project.appending(path: ".venv/lightgbm/lib")
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
    return versions.map { base.appending(path: "\($0)/site-packages/lightgbm/lib/lib_lightgbm.so").path }
        .first { FileManager.default.fileExists(atPath: $0) }
}()

extension ProcessSuite {
    /// A forecast by the program alone: computed on one partner's node, recomputed by the others' from the readings that
    /// they hold, recorded, and checked offline. A node with another library refuses, and says so.
    @Test(.timeLimit(.minutes(5)), .enabled(if: lightgbm != nil, "LightGBM is not installed: tools/install-lightgbm"))
    func forecastsAreRecomputedAndRecorded() async throws {
        let library = try #require(lightgbm)
        let rules = """
            {"name": "Sun", "currency": "EUR", "periodMinutes": 60, "zone": "UTC", "priceRule": "communityTariffs",
             "communityPrices": {"consumption": 0.16, "production": 0.14},
             "gridTariff": {"consumption": 0.25, "production": 0.08}, "activeMembersMin": 2,
             "attesters": ["coop", "energylab", "gridco"], "threshold": 2}
            """
        try await ValidatorNetwork.with(prepare: { network in
            // The grid operator's file has one byte more: another program.
            let other = network.folder + "/other.so"
            try (Data(contentsOf: URL(filePath: library)) + [0]).write(to: URL(filePath: other))
            for (name, file) in [("coop", library), ("energylab", library), ("gridco", other)] {
                let settings = try String(contentsOfFile: network.settings(name), encoding: .utf8)
                try (settings + "lightgbm: \(file)\n").write(
                    toFile: network.settings(name), atomically: true, encoding: .utf8)
            }
        }) { network in
            let first: UInt64 = 16_801 * 24  // 2016-01-01
            let run = try await CommunityRun(network, name: "sun", rules: rules)
            for (number, name) in ["A", "B"].enumerated() {
                try await run.admit(name, meter: UInt64(number + 1), from: TestTime.argument(first))
            }
            var generator = SeededGenerator(seed: 3)
            let rows = (first..<first + 22 * 24).flatMap { hour in
                ["A", "B"].map { name in
                    HourlyRow(
                        name: name, hour: hour, load: Int64(generator.next() % 700) + Int64(hour % 24) * 60,
                        production: hour % 24 > 8 && hour % 24 < 17 ? Int64(generator.next() % 900) : 0)
                }
            }
            try await run.ingest(rows)

            let coop = CommunityRun.signed(network, "coop")
            func declare(_ name: String, threshold: Int) async throws {
                try await Program.succeed(
                    [
                        "forecast", "declare", name, "--data-set", "forecasts/day-ahead", "--lightgbm", library,
                        "--threshold", "\(threshold)",
                    ] + ["coop", "energylab", "gridco"].flatMap { ["--attester", $0] } + coop)
            }
            func record(_ name: String, _ more: [String] = []) async throws -> Program.Outcome {
                try await Program.run(
                    [
                        "forecast", "record", "--analysis", name, "--day", "2016-01-23", "--days", "22", "--file",
                        run.file,
                    ] + more + coop, seconds: 120)
            }
            try await declare("day-ahead", threshold: 2)
            let (kept, out) = (network.folder + "/kept", network.folder + "/forecast.csv")
            let done = try await record("day-ahead", ["--keep", kept, "--out", out])
            #expect(done.exitCode == 0 && done.output.contains("signed by coop, energylab."), "\(done.output)")
            let text = try String(contentsOfFile: out, encoding: .utf8)
            #expect(text.hasPrefix("start,net_load_wh\n2016-01-23T00:00:00.000Z,"), "\(text)")

            let verify = ["forecast", "verify", kept, "--genesis", network.genesisFile]
            let right = try await Program.succeed(verify)
            #expect(right.contains("✓ The forecast is the recorded one, recomputed by 2 partners"), "\(right)")
            var bytes = try Data(contentsOf: URL(filePath: kept))
            let place = try #require(bytes.range(of: Data("2016-01-23T05:00:00.000Z,".utf8))?.upperBound)
            bytes[place] = bytes[place] == 0x31 ? 0x32 : 0x31
            try bytes.write(to: URL(filePath: kept))
            let wrong = try await Program.run(verify)
            #expect(wrong.exitCode == 1 && wrong.output.contains("the output is not the one"), "\(wrong.output)")
            let again = try await record("day-ahead")
            #expect(again.exitCode == 1 && again.output.contains("recorded already"), "\(again.output)")
            let output = try #require(done.output.firstMatch(of: /output ([0-9a-f]{64})/)).1
            let shown = try await Program.succeed(
                ["forecast", "show", String(output), "--node", network.url("sunsupply")])
            #expect(shown.contains("attestations: 2") && shown.contains("coop/day-ahead"), "\(shown)")

            // All three: the one with another library says why it does not sign.
            try await declare("day-ahead/all", threshold: 3)
            let lacking = try await record("day-ahead/all")
            #expect(
                lacking.exitCode == 1 && lacking.output.contains("2 of 3 attestations")
                    && lacking.output.contains("gridco: the program is")
                    && lacking.output.contains("another version of the model or of LightGBM's library"),
                "\(lacking.output)")
        }
    }
}
