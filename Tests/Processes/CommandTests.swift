import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    private static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "/commonwatt-commands-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// `cec create --check` shows the rules in full and needs no node, key or free file.
    @Test(.timeLimit(.minutes(1))) func rulesAreCheckedBeforeTheyAreOnTheChain() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/rules.json"
        func check(_ json: String, _ more: [String] = []) async throws -> Program.Outcome {
            try json.write(toFile: path, atomically: true, encoding: .utf8)
            return try await Program.run(["cec", "create", "--check", "--rules", path] + more)
        }
        let good =
            #"{"name": "A", "gridTariff": {"consumption": 0.25, "production": 0.08}, "priceRule": "midMarketRate", "zone": "Europe/Zurich"}"#
        let shown = try await check(good)
        #expect(shown.exitCode == 0 && shown.output.contains("Europe/Zurich"), "\(shown.output)")
        #expect(shown.output.contains("deadlineHours") && shown.output.contains("(default)"), "\(shown.output)")
        let json = try await check(good, ["--json"])
        let fields = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: String]
        #expect(fields?["correctionDays"] == "60" && fields?["gridTariff"] == "0.25 to use, 0.08 to make")
        let typo = try await check(good.replacing("\"zone\"", with: "\"deadlineHour\": 1, \"zone\""))
        #expect(
            typo.exitCode == 1
                && typo.output.contains("rules.json is no file of rules: 'deadlineHour' is unknown; did you mean"),
            "\(typo.output)")
        let zoneless = try await check(good.replacing(#", "zone": "Europe/Zurich""#, with: ""))
        #expect(zoneless.exitCode == 1 && zoneless.output.contains("name no time zone"), "\(zoneless.output)")
        let named = try await Program.run(["cec", "create", "--check", "--name", "B"])
        #expect(named.exitCode == 64 && named.output.contains("give --zone"), "\(named.output)")
        // And a file that exists is known before anything is sent.
        let taken = try await Program.run(["cec", "create", "--rules", path, "--file", path])
        #expect(taken.exitCode == 1 && taken.output.contains("never overwritten"), "\(taken.output)")
    }

    /// A file of readings of which nothing is taken is a failure, and thousands of lines do not hide it.
    @Test(.timeLimit(.minutes(1))) func readingsOfNobodyAreAFailure() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (community, readings) = (folder + "/community.json", folder + "/readings.csv")
        try #"{"community": "x", "partner": "coop", "clock": [[0, 0]], "members": []}"#.write(
            toFile: community, atomically: true, encoding: .utf8)
        let rows = (0..<24).map { "2024-05-13T\($0 < 10 ? "0" : "")\($0):00,CL01,5,0" }
        try (["period_start_local,meter,load_wh,pv_wh"] + rows).joined(separator: "\n").write(
            toFile: readings, atomically: true, encoding: .utf8)
        let told = try await Program.run(["cec", "ingest", readings, "--check", "--file", community])
        let lines = told.output.split(separator: "\n")
        #expect(told.exitCode == 1 && lines.last == "No reading was taken; nothing is stored.", "\(told.output)")
        #expect(told.output.contains("CL01 24") && told.output.contains("cec admit"), "\(told.output)")
        #expect(lines.count < 20, "\(told.output)")
        try "a;b\n1;2\n".write(toFile: readings, atomically: true, encoding: .utf8)
        let semicolons = try await Program.run(["cec", "ingest", readings, "--check", "--file", community])
        #expect(semicolons.exitCode == 1 && semicolons.output.contains("semicolons"), "\(semicolons.output)")
    }

    /// A file that is no statement is not called a wrong one.
    @Test(.timeLimit(.minutes(1))) func aWrongFileIsNoWrongStatement() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Program.succeed(["devnet", "init", "--dir", folder + "/net"])
        let file = folder + "/file"
        let other = String(repeating: "ab", count: 32)
        for (text, words) in [
            ("<html>", "It looks like a page for reading."), ("{}", "its format is not named"),
            (#"{"format": "other/1"}"#, "its format is 'other/1'"),
            (#"{"format": "commonwatt/statement/1", "network": "\#(other)"}"#, "is of another network (abababab…)"),
        ] {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let told = try await Program.run(["verify", file, "--genesis", folder + "/net/genesis.json"])
            #expect(told.exitCode == 2 && told.output.contains(words), "\(told.output)")
            #expect(!told.output.contains("WRONG"))
        }
    }

    /// The scripts that begin in an empty folder take no other one.
    @Test(.timeLimit(.minutes(1))) func scriptsEmptyNoFolderOfOthers() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "mine".write(toFile: folder + "/note", atomically: true, encoding: .utf8)
        for script in ["quickstart", "market-story"] {
            let path = Shared.project.appending(path: "tools/" + script).path
            let told = try await Program.run(["--dir", folder], of: path)
            #expect(told.exitCode == 1 && told.output.contains("is not empty and of no earlier run"), "\(told.output)")
            let whole = try await Program.run(["--dir", Shared.project.path], of: path)
            #expect(whole.exitCode == 1, "\(whole.output)")
        }
        #expect(FileManager.default.fileExists(atPath: folder + "/note"))
    }
}
