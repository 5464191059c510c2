import Foundation
import Testing

extension ProcessSuite {
    /// A change to a good settings file (a text and its replacement; nothing for an addition), and what the error must name.
    struct BadSettings: Sendable, CustomTestStringConvertible {
        let replace: String
        let by: String
        let names: String
        var testDescription: String { names }

        init(_ replace: String, _ by: String, _ names: String) {
            self.replace = replace
            self.by = by
            self.names = names
        }
    }

    static let badSettings: [BadSettings] = [
        BadSettings("listen-rpc:", "listen-rcp:", "unknown setting 'listen-rcp'; did you mean 'listen-rpc'?"),
        BadSettings(
            "log: info", "colour: red",
            "known are api-certificate, api-key, copies-for, copies-megabytes-max, data, full-nodes"),
        BadSettings("listen-rpc: 127.0.0.1:", "listen-rpc: 127.0.0.1:9", "Setting 'listen-rpc'"),
        BadSettings("listen-peers: ", "listen-peers: nowhere#", "Setting 'listen-peers'"),
        BadSettings("  coop:", "  nobody:", "Setting 'peers': 'nobody'"),
        BadSettings("  coop:", "  cop:", "did you mean 'coop'?"),
        BadSettings("  coop: ", "  coop: abc@", "Setting 'peers.coop': 'abc' is no transport key"),
        BadSettings("peers:\n", "peers: 5\nfull-nodes:\n", "setting 'peers' must be names with a text each"),
        BadSettings("partner: gridco", "partner: coop", "Setting 'partner'"),
        BadSettings("partner: gridco\n", "", "Setting 'partner' is missing"),
        BadSettings(
            "validator: true", "validator: perhaps",
            "line 6: setting 'validator' must be true or false, but is the text 'perhaps'"),
        BadSettings("log: info", "log: [info]", "setting 'log' must be a text, but is a list"),
        BadSettings("log: info", "log:", "setting 'log' must be a text, but is empty"),
        BadSettings("log: info", "streams-max: many", "must be a whole number, but is the text 'many'"),
        BadSettings("log: info", "full-nodes: abc", "setting 'full-nodes' must be a list"),
        BadSettings("log: info", "log: info\nlog: debug", "more than once: log"),
        BadSettings("log: info", "keep-states: 12", "Setting 'keep-states' must be a number of blocks, at least 256"),
        BadSettings("log: info", "log: loud", "Setting 'log'"),
        BadSettings("log: info", "full-nodes: [abc]", "Setting 'full-nodes'"),
        BadSettings("keys: keys", "keys: elsewhere", "elsewhere"),
        BadSettings("../genesis.json", "../nothing.json", "nothing.json"),
        BadSettings("../genesis.json", "node.yaml", "no genesis file"),
        BadSettings("../genesis.json", "../changed.json", "it was changed"),
        BadSettings("peers:", "peers: [", "not a valid configuration"),
    ]

    @Test(.timeLimit(.minutes(5))) func badSettingsAreNamed() async throws {
        let folder = NSTemporaryDirectory() + "/commonwatt-settings-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Program.succeed(["devnet", "init", "--dir", folder])
        let genesis = try String(contentsOfFile: folder + "/genesis.json", encoding: .utf8)
        try genesis.replacingOccurrences(of: "\"coop\"", with: "\"copp\"").write(
            toFile: folder + "/changed.json", atomically: true, encoding: .utf8)
        let good = try String(contentsOfFile: folder + "/gridco/node.yaml", encoding: .utf8)
        let file = folder + "/gridco/changed.yaml"
        func check(_ text: String) async throws -> Program.Outcome {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            return try await Program.run(["node", "--config", file, "--check-config"])
        }
        #expect(try await check(good).exitCode == 0)
        for bad in ProcessSuite.badSettings {
            let text = good.replacingOccurrences(of: bad.replace, with: bad.by)
            try #require(text != good, "\(bad.replace) does not occur in the settings")
            let outcome = try await check(text)
            #expect(outcome.exitCode == 1, "\(bad.names): \(outcome.output)")
            #expect(outcome.output.contains(bad.names), "\(outcome.output)")
        }
        let variable = try await Program.run(
            [
                "COMMONWATT_LISTEN_RCP=x", Program.path, "node", "--config", folder + "/gridco/node.yaml",
                "--check-config",
            ],
            of: "/usr/bin/env")
        #expect(variable.exitCode == 1 && variable.output.contains("did you mean COMMONWATT_LISTEN_RPC?"))
        for (text, words) in [
            ("{\"network\": 5}", "'network' must be a text"), ("{}", "'network' is missing"), ("{", "it is not JSON"),
        ] {
            try text.write(toFile: folder + "/part.json", atomically: true, encoding: .utf8)
            let outcome = try await Program.run(["genesis", "assemble", "--network", "x", folder + "/part.json"])
            #expect(outcome.exitCode == 1 && outcome.output.contains(words), "\(outcome.output)")
        }
        chmod(folder + "/gridco/keys/consensus.key", 0o644)
        let readable = try await check(good)
        #expect(readable.exitCode == 1)
        #expect(readable.output.contains("chmod 600"), "\(readable.output)")
    }
}
