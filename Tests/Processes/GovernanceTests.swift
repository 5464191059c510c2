import Chain
import ContractKit
import ContractSuite
import Foundation
import NodeClient
import Primitives
import Testing

extension ProcessSuite {
    /// Three partners take the fourth one's validator out by commands: a new epoch begins with three, which go on.
    @Test(.timeLimit(.minutes(5))) func partnersRemoveValidator() async throws {
        try await ValidatorNetwork.with(
            heartbeatMilliseconds: 500, prepare: { try await $0.shortenEnactDelay(milliseconds: 1_000) }
        ) { network in
            let removed = "sunsupply"
            func govern(_ partner: String, _ words: [String]) async throws -> String {
                let tail = ["--node", network.url("coop"), "--key", network.operatorKeyFile(partner)]
                return try await Program.succeed(["gov"] + words + tail)
            }
            let proposal = try await govern("coop", ["propose", "remove-validator", removed])
            #expect(proposal.contains("Proposal 0"))
            _ = try await govern("energylab", ["approve", "0"])
            // Two thirds of four are three: so far nothing is decided.
            #expect(await network.status("coop")?.epoch == Epoch(0))
            _ = try await govern("gridco", ["approve", "0"])
            for name in ["coop", "energylab", "gridco"] {
                try await eventually("\(name) is in epoch 1") { await network.status(name)?.epoch == Epoch(1) }
            }
            let validators = try await network.with(["coop"]) { try await $0.validators().validators }
            #expect(validators.validators.map(\.partner) == ["coop", "energylab", "gridco"])
            let write = try await network.write("in-the-new-epoch", through: "gridco")
            let listed = try await Program.succeed(["gov", "list", "--node", network.url("coop")])
            #expect(listed.contains("carried out"))
            try await network.expectNothingLostOrDoubled([write], on: ["coop", "energylab", "gridco"])
            #expect(network.isRunning(removed), "a removed validator's node goes on as one that follows")
        }
    }
}

extension ValidatorNetwork {
    /// Makes the genesis anew with another delay, before the first start; the journals belong to it from then on.
    func shortenEnactDelay(milliseconds: UInt64) async throws {
        let old = try genesis()
        var suite = try SuiteGenesis(bcs: old.application)
        suite.parameters.enactDelayMilliseconds = milliseconds
        let made = Genesis(
            name: old.name, time: old.time, parameters: old.parameters, validators: old.validators,
            application: suite.bcs)
        try Data(made.file).write(to: URL(filePath: genesisFile))
        for partner in ValidatorNetwork.partners {
            try FileManager.default.removeItem(atPath: data(partner))
            try await Program.succeed(["genesis", "prepare", "--config", settings(partner)])
        }
    }
}
