import Chain
import Foundation
import NodeClient
import Primitives
import Testing

extension ProcessSuite {
    /// A network whose operators forgot `genesis prepare` says so everywhere, and the debug log stays readable.
    @Test(.timeLimit(.minutes(3))) func anUnpreparedNetworkSaysWhyItStands() async throws {
        try await ValidatorNetwork.with(
            isToBeReady: false,
            prepare: { network in
                for partner in ValidatorNetwork.partners {
                    try FileManager.default.removeItem(atPath: network.data(partner))
                }
                let settings = network.settings("coop")
                let text = try String(contentsOfFile: settings, encoding: .utf8)
                try text.replacingOccurrences(of: "log: info", with: "log: debug").write(
                    toFile: settings, atomically: true, encoding: .utf8)
                let checked = try await Program.succeed(["node", "--config", settings, "--check-config"])
                #expect(checked.contains("is not prepared") && checked.contains("genesis prepare"), "\(checked)")
                #expect(!checked.contains("The configuration is good"), "\(checked)")
                #expect(!FileManager.default.fileExists(atPath: network.data("coop")))
            }
        ) { network in
            try await eventually("the node says that it abstains") {
                let said = try await Program.run(["status", "--node", network.url("coop")])
                return said.exitCode == 1
                    && said.output.hasPrefix("This node abstains from voting: the journal has no marker")
                    && said.output.contains("commonwatt genesis prepare")
            }
            try await eventually("it knows that the others abstain, too") {
                let warnings = await network.status("coop")?.warnings.joined() ?? ""
                return warnings.contains("4 of 4 validators are missing")
                    && warnings.contains("sunsupply (abstains: its journal is lost or was not prepared)")
            }
            let ready = try await Program.run(["-s", network.url("coop") + "/readyz"], of: "/usr/bin/curl").output
            #expect(ready.contains("503") && ready.contains("abstains from voting"), "\(ready)")
            let metrics = try await Program.run(["-s", network.url("coop") + "/metrics"], of: "/usr/bin/curl").output
            #expect(metrics.contains("commonwatt_abstaining 1"))
            let log = network.log("coop")
            #expect(log.contains("debug") && !log.contains("APIServer("), "the log holds whole services")
            #expect(log.utf8.count < 2_000_000, "\(log.utf8.count) bytes")
            // What the message says helps.
            for partner in ValidatorNetwork.partners {
                _ = try await network.stop(partner, seconds: 20)
                try FileManager.default.removeItem(atPath: network.data(partner))
                try await Program.succeed(["genesis", "prepare", "--config", network.settings(partner)])
                try network.start(partner)
            }
            try await network.ready(ValidatorNetwork.partners)
            try await Program.succeed(["status", "--node", network.url("coop")])
        }
    }

    /// A founding by commands: what is wrong is refused where it is made, and nothing is overwritten.
    @Test(.timeLimit(.minutes(2))) func theFoundingIsCheckedWhereItIsMade() async throws {
        let folder = NSTemporaryDirectory() + "/commonwatt-founding-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Program.succeed(["keys", "new", "--dir", folder + "/keys"])
        let file = folder + "/part.json"
        func part(_ change: [String: String] = [:], more: [String] = [], to out: String) async throws -> Program.Outcome
        {
            var values = ["--network": "testnet", "--partner": "gridco", "--name": "Grid Company"]
            values.merge(change) { $1 }
            let words = values.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
            return try await Program.run(["genesis", "part", "--keys", folder + "/keys", "--out", out] + words + more)
        }
        func expect(_ outcome: Program.Outcome, _ words: String, _ location: SourceLocation = #_sourceLocation) {
            #expect(
                outcome.exitCode == 1 && outcome.output.contains(words), "\(outcome.output)", sourceLocation: location)
        }
        expect(try await part(["--network": "Test Net"], to: file), "'Test Net' is no name of a network")
        expect(try await part(["--partner": "Grid Co"], to: file), "'Grid Co' is no identifier of a partner")
        expect(
            try await part(["--name": ""], to: file), "The full name of the partner 'gridco' must have 1 to 128 bytes")
        expect(try await part(more: ["--role", "boss"], to: file), "'boss' is no role")
        expect(try await part(more: ["--role", "council"], to: file), "needs the role validator")
        expect(try await part(to: folder + "/new/part.json"), "There is no folder")
        #expect(
            !FileManager.default.fileExists(atPath: folder + "/new") && !FileManager.default.fileExists(atPath: file))
        #expect(try await part(to: file).exitCode == 0)
        let made = try String(contentsOfFile: file, encoding: .utf8)
        expect(try await part(["--name": "Other"], to: file), "exists already")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == made)

        let genesis = folder + "/genesis.json"
        func assemble(_ more: [String]) async throws -> Program.Outcome {
            try await Program.run(["genesis", "assemble", "--network", "testnet", "--out", genesis] + more + [file])
        }
        expect(try await assemble(["--time", "1764259200"]), "three digits too few")
        expect(try await assemble(["--time", "1795795200000000"]), "more than a day ahead")
        expect(try await assemble(["--time", "tomorrow"]), "write it as 2026-11-27T16:00:00Z")
        for refused in ["0", "30001"] {
            let words = "--heartbeat must be 1 to 30000 milliseconds, not \(refused)"
            expect(try await assemble(["--heartbeat", refused]), words)
        }
        #expect(!FileManager.default.fileExists(atPath: genesis))
        let good = try await assemble(["--time", "2025-11-27T17:00:00+01:00", "--heartbeat", "700"])
        #expect(good.exitCode == 0, "\(good.output)")
        let checked = try await Program.succeed(["genesis", "check", genesis, "--part", file])
        #expect(checked.contains("2025-11-27T16:00:00.000Z") && checked.contains("every 700 ms"), "\(checked)")
        expect(try await assemble(["--time", "2025-11-27T16:00:00Z"]), "exists already")
        // Before any node is asked.
        expect(
            try await Program.run(["gov", "claim", "--partner", "gridco", "--keys", folder + "/keys", "--out", file]),
            "exists already")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == made)
        let help = try await Program.succeed(["help", "genesis", "part"])
        #expect(help.contains("community-administrator") && help.contains("founds and runs energy communities"))
    }

    /// What is amiss beyond the form of the settings shows before the start.
    @Test(.timeLimit(.minutes(2))) func theCheckOfSettingsLooksAtKeysAndPlaces() async throws {
        let folder = NSTemporaryDirectory() + "/commonwatt-check-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Program.succeed(["devnet", "init", "--dir", folder])
        let file = folder + "/gridco/node.yaml"
        let good = try String(contentsOfFile: file, encoding: .utf8)
        func check(_ replace: String = "", _ by: String = "") async throws -> Program.Outcome {
            let changed = replace.isEmpty ? good : good.replacingOccurrences(of: replace, with: by)
            try changed.write(toFile: file, atomically: true, encoding: .utf8)
            return try await Program.run(["node", "--config", file, "--check-config"])
        }
        func expect(
            _ outcome: Program.Outcome, _ code: Int32, _ words: String, _ location: SourceLocation = #_sourceLocation
        ) {
            #expect(
                outcome.exitCode == code && outcome.output.contains(words), "\(outcome.output)",
                sourceLocation: location)
        }
        expect(try await check(), 0, "prepared, never used")
        expect(try await check("data: data", "data: /proc/commonwatt"), 1, "nothing can be written into /proc")
        expect(try await check("listen-rpc: 127.0.0.1:", "listen-rpc: 192.0.2.7:"), 1, "cannot listen on '192.0.2.7'")
        expect(try await check("log: info", "lightgbm: /nonexistent.so"), 1, "there is no file /nonexistent.so")
        expect(try await check("log: info", "copies-for: [copp]"), 0, "Did you mean 'coop'?")
        let alone = good.components(separatedBy: "peers:\n")[1].components(separatedBy: "log:")[0]
        expect(try await check("peers:\n" + alone, ""), 0, "'peers' is empty")
        // A copied journal, none, and one of other keys.
        let keys = folder + "/gridco/keys/"
        try FileManager.default.copyItem(atPath: folder + "/gridco/data", toPath: folder + "/gridco/copy")
        expect(try await check("data: data", "data: copy"), 0, "it is a copy")
        expect(try await check("data: data", "data: elsewhere"), 0, "is not prepared")
        expect(try await check("data: data", "data: ../coop/data"), 1, "belongs to other keys")
        // Another partner's keys are refused, new ones are noted.
        for (name, words) in [
            ("transport.pem", "has the transport key"), ("operator.key", "has the operator key"),
            ("consensus.key", "has the consensus key"),
        ] {
            try FileManager.default.moveItem(atPath: keys + name, toPath: keys + "kept")
            try FileManager.default.copyItem(atPath: folder + "/coop/keys/" + name, toPath: keys + name)
            expect(try await check(), 1, words)
            try FileManager.default.removeItem(atPath: keys + name)
            try FileManager.default.moveItem(atPath: keys + "kept", toPath: keys + name)
        }
        try await Program.succeed(["keys", "new", "--dir", folder + "/gridco/new-keys"])
        let rotated = try await check("keys: keys\ndata: data", "keys: new-keys\ndata: new-data")
        expect(rotated, 0, "right only after `gov rotate`")
        expect(rotated, 0, "right only after the partner's keys were changed")
    }
}
