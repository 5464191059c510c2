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
            func verified(_ target: String, _ more: [String] = [], code: Int32 = 0) async throws -> [String: Any] {
                let told = try await Program.run(
                    ["did", "resolve", target, "--verify", "--genesis", genesis, "--node", network.url("energylab")]
                        + more + ["--json"])
                #expect(told.exitCode == code, "\(told.output)")
                return try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any] ?? [:]
            }
            func holds(_ member: String) throws -> Bool {
                let kept = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: wallet)))
                return (kept as? [String: Any])?[member] is String
            }
            // What the chain refuses leaves no wallet that would stand in the way; on a node's word no key is lost.
            let insecure = ["did", "create", "--wallet", wallet, "--service", "agent=X,http://insecure.example"] + key
            let refused = try await Program.run(insecure + ["--genesis", genesis])
            #expect(refused.exitCode == 1 && refused.output.contains("nothing was registered"), "\(refused.output)")
            #expect(!FileManager.default.fileExists(atPath: wallet + ".refused"))
            let told = try await Program.run(insecure)
            #expect(told.exitCode == 1 && told.output.contains("the node's word"), "\(told.output)")
            #expect(FileManager.default.fileExists(atPath: wallet + ".refused"))
            #expect(!FileManager.default.fileExists(atPath: wallet))
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
            let before = try Data(contentsOf: URL(filePath: wallet))
            let rotated = try await run(["did", "rotate", "--wallet", wallet] + key)
            #expect(try Data(contentsOf: URL(filePath: wallet + ".replaced")) == before)
            // The commitment, against a thief of the control key, stays.
            let isCommitted = try holds("next")
            #expect(rotated.contains("committed to the next control key") && isCommitted, "\(rotated)")
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
            let nobody = "did:cwatt:devnet:QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"
            let absent = try await verified(nobody, code: 2)
            #expect(absent["status"] as? String == "absent")
            let node = ["--node", network.url("energylab")]
            for (target, code, words) in [
                (nobody, Int32(2), "There is no such thing, on the node's word."), (did, 0, "\"didDocument\""),
                (String(did.dropLast(3)), 1, "is no DID of this method"), ("acme", 1, "is no DID or DID URL"),
            ] {
                let told = try await Program.run(["did", "resolve", target] + node)
                #expect(told.exitCode == code && told.output.contains(words), "\(target): \(told.output)")
            }
            _ = try await run(["did", "deactivate", "--wallet", wallet] + key)
            #expect(try await verified(did, code: 3)["status"] as? String == "deactivated")
            let ended = try await Program.run(["did", "resolve", did] + node)
            #expect(ended.exitCode == 3 && ended.output.contains("deactivated, on the node's word"), "\(ended.output)")
            let history = try await run(
                ["did", "history", did, "--verify", "--genesis", genesis, "--node", network.url("energylab")])
            #expect(history.contains("version 2: verified") && history.contains("version 3: deactivated"))
            // What the chain refuses comes back in words.
            let late = try await Program.run(["did", "rotate", "--wallet", wallet] + key)
            #expect(late.exitCode == 1 && late.output.contains("deactivated for ever"), "\(late.output)")
        }
    }

    /// Keys that act for others, the anchor of a status list, and the council's vote, each until it ends.
    @Test(.timeLimit(.minutes(3))) func delegatesAndTheCouncil() async throws {
        try await ValidatorNetwork.with { network in
            let folder = network.folder
            let node = ["--node", network.url("energylab")]
            func key(_ partner: String) -> [String] { ["--key", "\(folder)/\(partner)/keys/operator.key"] + node }
            func schema(_ name: String, _ wallet: String, _ sender: [String]) async throws -> Program.Outcome {
                try await Program.run(
                    [
                        "schema", "register", "--wallet", "\(folder)/\(wallet)", "--name", name, "--schema-version",
                        "1",
                        "--attribute", "since",
                    ] + sender)
            }
            _ = try await Program.succeed(["did", "create", "--wallet", "\(folder)/acme.json"] + key("energylab"))
            let made = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: "\(folder)/acme.json")))
            let did = try #require((made as? [String: Any])?["did"] as? String)

            // A delegate registers, but neither rotates nor grants.
            let grant = ["--wallet", "\(folder)/acme.json", "--to", "\(folder)/agent.json"]
            _ = try await Program.succeed(["did", "grant", "--right", "register"] + grant + key("energylab"))
            #expect(try await schema("A", "agent.json", key("energylab")).exitCode == 0)
            let rotation = try await Program.run(
                ["did", "rotate", "--wallet", "\(folder)/agent.json"] + key("energylab"))
            #expect(rotation.exitCode == 1 && rotation.output.contains("delegate's wallet"), "\(rotation.output)")
            // A key that the partner delegated to sends for it.
            let sender = ["--key", "\(folder)/agent.key"] + node
            _ = try await Program.succeed(
                ["partner", "delegate", "--to", "\(folder)/agent.key", "--role", "issuer"] + key("energylab"))
            #expect(try await schema("B", "agent.json", sender).exitCode == 1)
            #expect(try await schema("B", "agent.json", sender + ["--for", "energylab"]).exitCode == 0)

            // The anchor needs the other right.
            let list = "\(folder)/list.json"
            try Data("{\"bits\":1}".utf8).write(to: URL(filePath: list))
            func anchor(_ wallet: String, _ more: [String] = []) async throws -> Program.Outcome {
                try await Program.run(
                    [
                        "status-list", "anchor", "--wallet", "\(folder)/\(wallet)", "--name", "members", "--url",
                        "https://acme.example/status/1", "--file", list, "--json",
                    ] + more + key("energylab"))
            }
            let refused = try await anchor("agent.json")
            #expect(refused.exitCode == 1 && refused.output.contains("rejection 136"), "\(refused.output)")
            #expect(try await anchor("acme.json").output.contains("\"version\" : 1"))
            let late = try await anchor("acme.json", ["--follows", "0"])
            #expect(late.exitCode == 1 && late.output.contains("rejection 135"), "\(late.output)")
            _ = try await Program.succeed(["did", "grant"] + grant + key("energylab"))
            #expect(try await anchor("agent.json").output.contains("\"version\" : 2"))
            let shown = try await Program.succeed(
                ["status-list", "show", "\(did)/status/members", "--verify", "--genesis", "\(folder)/genesis.json"]
                    + node)
            #expect(shown.contains("https://acme.example/status/1"))

            // Both ends are at once.
            let delegate = try JSONSerialization.jsonObject(
                with: Data(
                    try await Program.succeed(
                        [
                            "did", "end-grant", "--wallet", "\(folder)/acme.json", "--from", "\(folder)/agent.json",
                            "--json",
                        ] + key("energylab")
                    ).utf8))
            #expect(((delegate as? [String: Any])?["key"] as? String)?.hasPrefix("ed25519:") == true)
            let ended = try await schema("C", "agent.json", key("energylab"))
            #expect(ended.exitCode == 1 && ended.output.contains("rejection 136"), "\(ended.output)")

            // Two thirds of four members are three.
            for (count, member) in ["coop", "energylab", "gridco"].enumerated() {
                let vote = try await Program.succeed(
                    ["did", "vote", did, "--reason", "dissolved"] + key(member))
                #expect(vote.contains("deactivated for ever") == (count == 2), "\(vote)")
            }
            let end = try await Program.run(
                ["did", "resolve", did, "--verify", "--genesis", "\(folder)/genesis.json", "--json"] + node)
            #expect(end.exitCode == 3 && end.output.contains("\"deactivated\""), "\(end.output)")
        }
    }
}
