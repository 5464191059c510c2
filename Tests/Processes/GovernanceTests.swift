import Chain
import ContractKit
import ContractSuite
import Foundation
import LightClient
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
            try await expectProofsFromEveryEpoch(network)
            let listed = try await Program.succeed(["gov", "list", "--node", network.url("coop")])
            #expect(listed.contains("carried out"))
            try await network.expectNothingLostOrDoubled([write], on: ["coop", "energylab", "gridco"])
            #expect(network.isRunning(removed), "a removed validator's node goes on as one that follows")
        }
    }
}

/// Proofs leave out what led to the epoch that their reader trusts; from every one of them the reader gets on.
private func expectProofsFromEveryEpoch(_ network: ValidatorNetwork) async throws {
    let genesis = try network.genesis()
    try await network.with(["coop"]) { client in
        let key = Array("nothing".utf8)
        func bundle(_ path: String) async throws -> ProofBundle {
            try ProofBundle(bcs: try await client.get(path, accept: "application/octet-stream"))
        }
        let whole = try await bundle("/v1/state/\(Hex.encode(key))?proof=1")
        #expect(whole.epochEnds.count == 1)
        let step = try await bundle("/v1/epochs/0").verify(
            from: TrustAnchor(genesis), now: .wallClock, ageMillisecondsMax: .max)
        #expect(step.header == whole.epochEnds.first?.header)
        let rest = try await bundle("/v1/state/\(Hex.encode(key))?proof=1&fromEpoch=0")
        #expect(
            try rest.verify(from: step.anchor, now: .wallClock, ageMillisecondsMax: 600_000).anchor.epoch == Epoch(1))
        for trusted in [1, UInt64.max] {
            let short = try await bundle("/v1/state/\(Hex.encode(key))?proof=1&fromEpoch=\(trusted)")
            #expect(short.epochEnds.isEmpty && short.header.epoch == Epoch(1))
        }
        await #expect(throws: ClientError.self) { _ = try await bundle("/v1/epochs/1") }
        let did = "did:cwatt:\(genesis.name):QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"
        for (query, count) in [("", 1), ("?fromEpoch=1", 0)] {
            let answer = try await client.result(
                "/1.0/identifiers/\(did)\(query)", accept: "application/did-resolution")
            let proof = try JSONValue(parsing: answer)["didResolutionMetadata"]?["proof"]
            guard case .array(let ends)? = proof?["epochEnds"] else { throw TestFailure("no proof of \(did)") }
            #expect(ends.count == count)
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
