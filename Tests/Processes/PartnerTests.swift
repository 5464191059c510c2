import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

extension ProcessSuite {
    /// A delegate sends for its partner until the delegation ends, from the next transaction on.
    @Test(.timeLimit(.minutes(2))) func aDelegationEndsAtOnce() async throws {
        try await ValidatorNetwork.with { network in
            let node = ["--node", network.url("gridco")]
            let own = ["--key", network.operatorKeyFile("gridco")] + node
            let delegate = ["--key", "\(network.folder)/agent.key", "--for", "gridco"] + node
            func register(_ meter: Int) async throws -> Program.Outcome {
                try await Program.run(
                    [
                        "partner", "register-meter", "--meter", "\(meter)", "--grid-operator", "gridco",
                        "--data-provider", "coop", "--holder", String(repeating: "5c", count: 32),
                    ] + delegate)
            }
            let given = try await Program.succeed(
                ["partner", "delegate", "--to", "\(network.folder)/agent.key", "--role", "grid-operator"] + own)
            let key = try #require(given.firstMatch(of: /secp256k1:[0-9a-f]{66}/)).0
            #expect(try await register(11).exitCode == 0)
            // A delegate does not end delegations, not even its own.
            let refused = try await Program.run(["partner", "undelegate", String(key)] + delegate)
            #expect(refused.exitCode == 1 && refused.output.contains("does not delegate"), "\(refused.output)")

            let ended = try await Program.succeed(["partner", "undelegate", String(key)] + own)
            #expect(ended.contains("may no longer send") && ended.contains("final in block"))
            #expect(try await register(12).exitCode == 1)
            let twice = try await Program.run(["partner", "undelegate", String(key), "--json"] + own)
            #expect(twice.exitCode == 1 && twice.output.contains("(rejection 101)"), "\(twice.output)")
            #expect(twice.output.contains(#""rejection" : 101"#), "the document of the failure: \(twice.output)")
            let unread = try await Program.run(["partner", "undelegate", "secp256k1:77"] + own)
            #expect(unread.exitCode == 1 && unread.output.contains("is no public key"), "\(unread.output)")
        }
    }

    /// Meters: registered by the data provider, confirmed and retired by the grid operator, and by nobody else.
    @Test(.timeLimit(.minutes(2))) func metersByTheCommands() async throws {
        try await ValidatorNetwork.with { network in
            func run(_ partner: String, _ arguments: [String]) async throws -> Program.Outcome {
                try await Program.run(
                    ["partner"] + arguments
                        + ["--key", network.operatorKeyFile(partner), "--node", network.url("energylab")])
            }
            func expect(
                _ outcome: Program.Outcome, _ text: String, _ location: SourceLocation = #_sourceLocation
            ) {
                #expect(
                    outcome.exitCode == (text.hasPrefix("rejection") ? 1 : 0) && outcome.output.contains(text),
                    "\(outcome.output)", sourceLocation: location)
            }
            let holder = String(repeating: "5c", count: 32)
            let named = ["--grid-operator", "gridco", "--data-provider", "coop", "--holder", holder]
            expect(try await run("coop", ["register-meter", "--meter", "21"] + named), "Registered meter 21")
            expect(try await run("coop", ["register-meter", "--meter", "21"] + named), "rejection 102")
            // No partner registers for others.
            #expect(try await run("sunsupply", ["register-meter", "--meter", "22"] + named).exitCode == 1)
            let other = ["--meter", "21", "--holder", String(repeating: "5d", count: 32)]
            expect(try await run("gridco", ["confirm-meter"] + other), "rejection 108")
            let confirmation = ["confirm-meter", "--meter", "21", "--holder", holder]
            #expect(try await run("coop", confirmation).exitCode == 1)
            expect(try await run("gridco", confirmation), "Confirmed meter 21")
            expect(try await run("gridco", confirmation), "rejection 106")
            // The grid operator's own registration confirms.
            expect(try await run("gridco", ["register-meter", "--meter", "23"] + named), "Registered meter 23")
            expect(
                try await run("gridco", ["confirm-meter", "--meter", "23", "--holder", holder]), "rejection 106")
            expect(try await run("gridco", ["retire-meter", "--meter", "23"]), "Retired meter 23")
            expect(try await run("gridco", ["retire-meter", "--meter", "23"]), "rejection 107")
            expect(try await run("gridco", ["retire-meter", "--meter", "24"]), "rejection 103")
            let short = try await run("gridco", ["confirm-meter", "--meter", "21", "--holder", "5c"])
            #expect(short.exitCode == 1 && short.output.contains("no digest"), "\(short.output)")
            // The key itself, and the digest by which the chain knows it.
            let key = try network.operatorKey("coop").publicKey
            let byKey = named.dropLast() + [key.description]
            expect(try await run("coop", ["register-meter", "--meter", "25"] + byKey), "Registered meter 25")
            let byDigest = ["--meter", "25", "--holder", SHA256.hash(key.bcs).description]
            expect(try await run("gridco", ["confirm-meter"] + byDigest), "Confirmed meter 25")
        }
    }

    /// Keys that sign readings: registered with a proof of possession, by a data provider, until they are revoked.
    @Test(.timeLimit(.minutes(2))) func signingKeysByTheCommands() async throws {
        try await ValidatorNetwork.with { network in
            func run(_ partner: String, _ arguments: [String]) async throws -> Program.Outcome {
                try await Program.run(
                    ["partner"] + arguments
                        + ["--key", network.operatorKeyFile(partner), "--node", network.url("coop")])
            }
            let file = "\(network.folder)/readings.key"
            func add(_ partner: String, as name: String) async throws -> Program.Outcome {
                try await run(partner, ["add-signing-key", "--partner", name, "--signing-key", file])
            }
            let added = try await add("coop", as: "coop")
            #expect(added.exitCode == 0 && added.output.contains("may sign readings of coop"), "\(added.output)")
            let key = String(try #require(added.output.firstMatch(of: /secp256k1:[0-9a-f]{66}/)).0)
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let twice = try await add("coop", as: "coop")
            #expect(twice.exitCode == 1 && twice.output.contains("rejection 112"), "\(twice.output)")
            // The proof is over the partner's name; and only data providers sign readings.
            try FileManager.default.removeItem(atPath: file)
            let foreign = try await add("coop", as: "gridco")
            #expect(foreign.exitCode == 1 && foreign.output.contains("rejection 111"), "\(foreign.output)")
            #expect(try await add("sunsupply", as: "sunsupply").exitCode == 1)

            let revoked = try await run("coop", ["revoke-signing-key", key])
            #expect(revoked.exitCode == 0 && revoked.output.contains("may no longer sign"), "\(revoked.output)")
            for answer in [
                try await run("coop", ["revoke-signing-key", key]),
                try await run(
                    "coop", ["revoke-signing-key", try network.operatorKey("energylab").publicKey.description]),
            ] { #expect(answer.exitCode == 1 && answer.output.contains("rejection 113"), "\(answer.output)") }
        }
    }
}
