import Chain
import Foundation
import NodeClient
import TestSupport
import Testing

extension ProcessSuite {
    /// The administrator's node loses its lake with all keys, and settles nothing by itself: after a restart readings, salts and
    /// results come back from the partners, and statements verify.
    @Test(.timeLimit(.minutes(5))) func aLostLakeComesBack() async throws {
        let hours = 3
        let last = TestTime.now
        let first = last - UInt64(hours)
        try await ValidatorNetwork.with { network in
            let run = try await CommunityRun(network, name: "lost", rules: Self.rules)
            for (index, name) in ["A", "B", "C"].enumerated() {
                try await run.admit(name, meter: UInt64(400 + index), from: TestTime.argument(first))
            }
            let rows = ["A", "B", "C"].enumerated().flatMap { home, name in
                (first..<last).map { hour in
                    HourlyRow(
                        name: name, hour: hour, load: Int64(300 + 70 * home), production: home == 0 ? 900 : 0)
                }
            }
            try await run.ingest(rows)
            try await run.cec(["settle", "--from", TestTime.argument(first), "--hours", "\(hours)"])
            let before = try await run.balances(members: 3, from: TestTime.argument(first), hours: hours)
            try await checkList(run, network, last: last - 1)
            let version = try #require(await network.status("coop")?.version)
            let said = try await Program.succeed(["--version"])
            #expect(said.hasPrefix("commonwatt \(version), rules ") && version.contains("0.1.0 ("))

            try #require(try await network.stop("coop", seconds: 20) == 0)
            try FileManager.default.removeItem(atPath: network.data("coop") + "/lake")
            try network.start("coop")
            try await network.ready(["coop"])
            let path = "\(network.folder)/lost.json.statement"
            try await eventually("a statement is there again", seconds: 90) {
                try await run.refusable([
                    "statement", "--member", "1", "--from", TestTime.argument(first), "--hours", "\(hours)", "--out",
                    path,
                ]).exitCode == 0
            }
            #expect(try await run.balances(members: 3, from: TestTime.argument(first), hours: hours) == before)
        }
    }

    /// `cec list` needs no community file, and shows a partner what it runs and what it attests.
    private func checkList(_ run: CommunityRun, _ network: ValidatorNetwork, last: UInt64) async throws {
        for partner in ["coop", "gridco"] {
            let shown = try await Program.succeed(["cec", "list"] + CommunityRun.signed(network, partner))
            #expect(
                shown.contains("Settler") && shown.contains(run.address.description) && shown.contains("coop"),
                "\(shown)")
            let text = try await Program.succeed(["cec", "list", "--json"] + CommunityRun.signed(network, partner))
            let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            let entry = try #require((list?["communities"] as? [[String: Any]])?.first)
            #expect(entry["members"] as? Int == 3 && entry["administrator"] as? String == "coop")
            #expect(entry["lastSettled"] as? UInt64 == last)
        }
    }
}
