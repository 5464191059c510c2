import Chain
import Foundation
import LedgerCrypto
import NodeClient
import Primitives
import Testing

extension ProcessSuite {
    /// The council changes roles, lost keys and parameters by commands, and the list says what a decision needs.
    @Test(.timeLimit(.minutes(5))) func theCouncilChangesRolesKeysAndParameters() async throws {
        try await ValidatorNetwork.with(
            heartbeatMilliseconds: 500, prepare: { try await $0.shortenEnactDelay(milliseconds: 500) }
        ) { network in
            let node = ["--node", network.url("coop")]
            func gov(_ words: [String], as partner: String = "coop") async throws -> Program.Outcome {
                try await Program.run(["gov"] + words + node + ["--key", network.operatorKeyFile(partner)])
            }
            func expect(
                _ outcome: Program.Outcome, _ words: String, code: Int32 = 1,
                _ location: SourceLocation = #_sourceLocation
            ) {
                #expect(
                    outcome.exitCode == code && outcome.output.contains(words), "\(outcome.output)",
                    sourceLocation: location)
            }
            func list() async throws -> String { try await Program.succeed(["gov", "list"] + node) }
            func carriedOut(_ number: Int) async throws {
                try await eventually("proposal \(number) is carried out") {
                    try await list().split(separator: "\n").contains {
                        $0.contains("carried out in block") && $0.split(separator: " ").first == "\(number)"
                    }
                }
            }
            // What concerns nobody is not proposed.
            expect(try await gov(["propose", "suspend", "sunsuply"]), "did you mean 'sunsupply'?")
            expect(try await gov(["propose", "remove-validator", "nobody"]), "'nobody' runs no validator")
            expect(try await gov(["propose", "change-partner", "coop", "--add-role", "council"]), "roles already")
            expect(try await gov(["propose", "set-parameters", "--quota-transactions", "3"]), "would stop the network")
            #expect(try await list() == "No proposal has been made.\n")

            // The missing role is named; the council gives it.
            let meter = [
                "partner", "add-signing-key", "--partner", "sunsupply", "--signing-key", "\(network.folder)/r.key",
            ]
            let sun = node + ["--key", network.operatorKeyFile("sunsupply")]
            expect(try await Program.run(meter + sun), "it needs the role data-provider")
            expect(
                try await gov(["propose", "change-partner", "sunsupply", "--add-role", "data-provider"]), "Proposal 0",
                code: 0)
            expect(try await gov(["approve", "0"], as: "energylab"), "Approved", code: 0)
            let open = try await list()
            #expect(open.contains("open until ") && open.contains("2 of 3 approvals (coop, energylab)"), "\(open)")
            expect(try await gov(["expire", "0"]), "is open until")
            expect(try await gov(["approve", "0"], as: "gridco"), "Approved", code: 0)
            try await carriedOut(0)
            try await Program.succeed(meter + sun)
            expect(try await gov(["expire", "0"]), "is not open any more")

            // A partner lost its operator key.
            let made = try await Program.succeed(["keys", "new", "--dir", "\(network.folder)/fresh", "--json"])
            let listing = try JSONSerialization.jsonObject(with: Data(made.utf8)) as? [String: String]
            let key = try #require(listing?["operatorKey"])
            let taken = try network.operatorKey("gridco").publicKey.description
            expect(try await gov(["propose", "replace-keys", "sunsupply", taken]), "belongs to the partner 'gridco'")
            try await network.decide(["propose", "replace-keys", "sunsupply", key], number: 1)
            try await carriedOut(1)
            let approve = ["gov", "approve", "1"] + node
            expect(try await Program.run(approve + sun.suffix(2)), "belongs to no active partner")
            expect(
                try await Program.run(approve + ["--key", "\(network.folder)/fresh/operator.key"]), "rejection 108")

            try await network.decide(["propose", "set-parameters", "--proposal-lifetime", "60000"], number: 2)
            try await carriedOut(2)
            #expect(try await list().contains("proposal-lifetime 60000 ms"))
            // A decision that fails says why.
            try await network.decide(["propose", "reinstate", "energylab"], number: 3)
            try await eventually("the failed proposal says why") {
                try await list().contains("the partner is in that state already (rejection 127)")
            }
        }
    }

    /// A rotation says what to do next, and the node with the old keys that they count no more.
    @Test(.timeLimit(.minutes(5))) func aRotationSaysWhatToDoNext() async throws {
        try await ValidatorNetwork.with(heartbeatMilliseconds: 500) { network in
            let folder = "\(network.folder)/gridco"
            try await Program.succeed(["keys", "new", "--dir", folder + "/new-keys"])
            let said = try await Program.succeed([
                "gov", "rotate", "--partner", "gridco", "--new-keys", folder + "/new-keys", "--node",
                network.url("coop"), "--key", network.operatorKeyFile("gridco"),
            ])
            #expect(said.contains("genesis prepare") && said.contains("Stop the old node"), "\(said)")
            let place = folder + "/new-keys/operator.key"
            #expect(
                FileManager.default.contentsEqual(atPath: place, andPath: network.operatorKeyFile("gridco")), "\(said)")
            #expect(FileManager.default.fileExists(atPath: place + ".unused"))
            let mode = try FileManager.default.attributesOfItem(atPath: place)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            try await eventually("the old node says that its keys were replaced") {
                let status = await network.status("gridco")
                return status?.warnings.contains { $0.contains("the validator of gridco has other keys") } ?? false
            }
            _ = try await network.stop("gridco", seconds: 20)
            let text = try String(contentsOfFile: network.settings("gridco"), encoding: .utf8)
                .replacingOccurrences(of: "keys: keys\ndata: data", with: "keys: new-keys\ndata: new-data")
            try text.write(toFile: network.settings("gridco"), atomically: true, encoding: .utf8)
            try await Program.succeed(["genesis", "prepare", "--config", network.settings("gridco")])
            try network.start("gridco")
            try await network.ready(["gridco"])
            #expect(await network.status("gridco")?.validatorIndex != nil)
        }
    }
}
