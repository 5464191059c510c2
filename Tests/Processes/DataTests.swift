import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// A real data set by the program alone, on four validators: handed in, described, found, contracted, read and
    /// checked by a user who trusts no node; revoked, and from that block on not served; deleted, and gone.
    @Test(.timeLimit(.minutes(4)), .enabled(if: Shared.isPresent)) func aDataSetIsSharedReadAndRevoked() async throws {
        try await ValidatorNetwork.with { network in
            let shop = try await MarketShop(network)
            let folder = network.folder
            let own = ["--node", network.url("coop")]
            let coop = ["--key", network.operatorKeyFile("coop")] + own
            let file = Shared.root.appending(path: "data/kn_residential4_registers_hourly.csv").path
            try await Program.succeed(["data", "register", "kn/registers"] + coop)
            let upload = [
                "data", "upload", file, "--data-set", "kn/registers", "--partner", "coop", "--time-column",
                "utc_timestamp", "--keep-days", "30",
            ]
            let wrong = try await Program.run(upload + ["--energy", "nothing"] + coop)
            #expect(wrong.exitCode == 1 && wrong.output.contains("no column 'nothing'"), "\(wrong.output)")
            let stored = try await shop.json(upload + coop)
            let part = try #require(stored["part"] as? String)
            #expect((stored["rows"] as? Int ?? 0) > 10_000)

            // Described, found by its words, contracted.
            let text = "\(folder)/registers.json"
            try
                #"{"title":"Four homes in Konstanz","description":"Hourly meter registers","keywords":["photovoltaics"]}"#
                .write(toFile: text, atomically: true, encoding: .utf8)
            let set = try #require(
                try await shop.json(
                    [
                        "agreement", "describe", "registers", "--partner", "coop", "--anchor", "kn/registers",
                        "--purpose",
                        "research", "--copy", "gridco", "--class", "sale-only", "--privacy", "anonymised",
                        "--authority",
                        "licence", "--text", text,
                    ] + shop.share("provider"))["made"] as? String)
            try await eventually("the document is taken", seconds: 20) {
                try await Program.run(["data", "document", text] + own).exitCode == 0
            }
            let found = try await Program.succeed(["data", "search", "konstanz", "photovolt"] + own)
            #expect(found.contains(set) && found.contains("Four homes"), "\(found)")
            let offer = try #require(
                try await shop.json(
                    [
                        "agreement", "offer", "--data-set", set, "--purpose", "research", "--days", "30", "--text",
                        text,
                        "--plan", "free",
                    ] + shop.act("provider"))["made"] as? String)
            try await Program.succeed(["agreement", "countersign", offer, "--text", text] + shop.act("user"))

            // Read and checked; what was kept is checked again offline.
            func download(_ out: String, _ node: [String], _ more: [String] = []) async throws -> Program.Outcome {
                try await Program.run(
                    [
                        "data", "download", part, "--data-set", set, "--agreement", "0", "--purpose", "research",
                        "--wallet",
                        shop.wallet("user"), "--genesis", network.genesisFile, "--out", "\(folder)/\(out)",
                    ] + more + node)
            }
            let whole = try await download("whole.csv", own, ["--keep", "\(folder)/kept"])
            #expect(whole.exitCode == 0 && whole.output.contains("The data is right"), "\(whole.output)")
            #expect(FileManager.default.contentsEqual(atPath: file, andPath: "\(folder)/whole.csv"))
            let week = try await download(
                "week.csv", own, ["--from", "2016-05-01T00:00:00Z", "--to", "2016-05-08T00:00:00Z"])
            #expect(week.exitCode == 0 && week.output.contains("168 rows kept"), "\(week.output)")
            let verify = ["data", "verify", "\(folder)/kept", "--genesis", network.genesisFile]
            #expect(try await Program.succeed(verify).contains("The data is right"))
            let still = try await Program.run(verify + ["--online", network.url("energylab")])
            #expect(still.exitCode == 0 && still.output.contains("still allows"), "\(still.output)")
            var bytes = try Data(contentsOf: URL(filePath: "\(folder)/kept"))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: "\(folder)/altered"))
            let altered = try await Program.run(
                ["data", "verify", "\(folder)/altered", "--genesis", network.genesisFile])
            #expect(altered.exitCode == 1 && altered.output.contains("altered"), "\(altered.output)")
            // The copy at the partner that the description names serves, too.
            let copy = ["--node", network.url("gridco")]
            try await eventually("the copy is there", seconds: 60) {
                let outcome = try await download("copy.csv", copy)
                return outcome.exitCode == 0
            }
            // The accesses are on the chain, counted.
            try await eventually("the accesses are counted", seconds: 60) {
                let shown = try await shop.json(["agreement", "show", "0"] + shop.node)
                return Int(shown["accesses"] as? String ?? "") ?? 0 >= 3
            }

            // The list of parts is proved to be whole.
            let parts = try await Program.succeed(["data", "parts", set, "--genesis", network.genesisFile] + own)
            #expect(parts.contains(part) && parts.contains("These are all 1 parts, proved as of block"), "\(parts)")

            // Revoked: served no more, and the reader's own check says so.
            try await Program.succeed(["agreement", "revoke", "0"] + shop.act("provider"))
            try await eventually("access stops", seconds: 20) {
                let outcome = try await download("late.csv", own)
                return outcome.exitCode == 1 && outcome.output.contains("the agreement has ended")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/late.csv"))
            let ended = try await Program.run(verify + ["--online", network.url("energylab")])
            #expect(ended.exitCode == 3 && ended.output.contains("has ended"), "\(ended.output)")

            // Deleted: a report, and nothing left on the disk of either node.
            let report = try await Program.succeed(["data", "delete", part, "--reason", "1"] + coop)
            #expect(report.contains(part), "\(report)")
            for name in ["coop", "gridco"] {
                try await eventually("\(name) has erased it", seconds: 60) {
                    let files = FileManager.default.enumerator(atPath: "\(network.data(name))/lake/parts")
                    return !(files?.contains { ($0 as? String)?.hasSuffix(".content") ?? false } ?? true)
                }
            }
            // The lists are the same after a restart.
            let before = try await Program.succeed(["data", "search", "--json"] + own)
            _ = try await network.stop("coop", seconds: 30)
            try network.start("coop")
            try await network.ready(["coop"])
            try await eventually("the lists are back", seconds: 30) {
                try await Program.run(["data", "search", "--json"] + own).output.contains(set)
            }
            #expect(before.contains(set))
        }
    }
}
