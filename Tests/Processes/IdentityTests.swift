import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// The life of a DID by the program alone, against a real network: created, resolved by any node, rotated, ended; a
    /// schema registered; and each read proved from the genesis.
    @Test(.timeLimit(.minutes(3))) func aDIDLivesByTheCommands() async throws {
        try await ValidatorNetwork.with { network in
            let genesis = "\(network.folder)/genesis.json"
            let wallet = "\(network.folder)/acme.json"
            let key = ["--key", "\(network.folder)/energylab/keys/operator.key", "--node", network.url("energylab")]
            func run(_ arguments: [String]) async throws -> String { try await Program.succeed(arguments) }
            func verified(_ target: String, _ more: [String] = []) async throws -> [String: Any] {
                let text = try await run(
                    ["did", "resolve", target, "--verify", "--genesis", genesis, "--node", network.url("energylab")]
                        + more + ["--json"])
                return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
            }
            _ = try await run(
                [
                    "did", "create", "--wallet", wallet, "--commit", "--service",
                    "agent=DIDCommMessaging,https://agent.example/didcomm,didcomm/v2",
                ] + key)
            let made = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: wallet)))
            let did = try #require((made as? [String: Any])?["did"] as? String)
            let mode = try FileManager.default.attributesOfItem(atPath: wallet)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let first = try await verified(did)
            #expect(first["status"] as? String == "found" && first["verified"] as? Bool == true)
            _ = try await run(["did", "rotate", "--wallet", wallet] + key)
            let second = try await verified(did)
            #expect(second["versionId"] as? Int == 2)
            #expect(second["content"] as? String != first["content"] as? String)
            let again = try await verified(did, ["--version-id", "1"])
            #expect(again["content"] as? String == first["content"] as? String)
            _ = try await run(
                [
                    "schema", "register", "--wallet", wallet, "--name", "Member", "--schema-version", "1.0",
                    "--attribute", "since",
                ] + key)
            let schema = try await verified("\(did)/anoncreds/v1/SCHEMA/Member/1.0")
            #expect((schema["content"] as? String)?.contains("\"since\"") == true)
            let absent = try await verified("did:cwatt:devnet:QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n")
            #expect(absent["status"] as? String == "absent")
            _ = try await run(["did", "deactivate", "--wallet", wallet] + key)
            #expect(try await verified(did)["status"] as? String == "deactivated")
            let history = try await run(
                ["did", "history", did, "--verify", "--genesis", genesis, "--node", network.url("energylab")])
            #expect(history.contains("version 2: verified") && history.contains("version 3: deactivated"))
            // What the chain refuses comes back in words.
            let late = try await Program.run(["did", "rotate", "--wallet", wallet] + key)
            #expect(late.exitCode == 1 && late.output.contains("deactivated for ever"), "\(late.output)")
        }
    }
}
