internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import Glibc
internal import NodeClient
internal import Primitives

/// Decisions of the partners under load, by the commands that operators use.
extension Scenarios {
    static let governance: [Scenario] = [
        Scenario(
            name: "validator-leaves-and-joins",
            what: "three partners take the fourth one's validator out and in again, under load", expects: .goesOn,
            seconds: nil, prepare: { $0.decides = true },
            inject: { world, log in
                let victim = world.nodes[3]
                try await world.decide(["remove-validator", victim.name], number: 0)
                try await world.inEpoch(1)
                guard await victim.status()?.validatorIndex == nil else {
                    return log.refuse("\(victim.name) is removed and says that it validates")
                }
                log.note("\(victim.name) follows; three validate")
                let claim = "\(victim.folder)/claim.json"
                try Shell.succeed([
                    victim.program, "gov", "claim", "--partner", victim.name, "--keys", "\(victim.folder)/keys",
                    "--out", claim, "--node", victim.url,
                ])
                try await world.decide(["add-validator", claim], number: 1)
                try await world.inEpoch(2)
                guard await victim.status()?.validatorIndex != nil else {
                    return log.refuse("\(victim.name) is taken in and does not validate")
                }
                log.note("\(victim.name) validates again")
            }),
        Scenario(
            name: "keys-rotate", what: "a validator gets new keys and starts with them, under load", expects: .goesOn,
            seconds: nil, prepare: { $0.decides = true },
            inject: { world, log in
                let node = world.nodes[2]
                try Shell.succeed([node.program, "keys", "new", "--dir", "\(node.folder)/new-keys"])
                try Shell.succeed([
                    node.program, "gov", "rotate", "--partner", node.name, "--new-keys", "\(node.folder)/new-keys",
                    "--node", world.nodes[0].url, "--key", "\(node.folder)/keys/operator.key",
                ])
                log.note("the change is final")
                try await node.end(SIGTERM)
                try node.replaceKeys(by: "new-keys")
                try node.start()
                try await node.ready(seconds: 40)
                try await world.inEpoch(1)
                guard await node.status()?.validatorIndex != nil else {
                    return log.refuse("\(node.name) has its new keys and does not validate")
                }
                log.note("\(node.name) validates with its new keys")
            }),
        Scenario(
            name: "contract-activates", what: "a contract of the release becomes active by decision, under load",
            expects: .goesOn, seconds: nil,
            prepare: {
                $0.decides = true
                $0.inactiveContract = "trading"
            },
            inject: { world, log in
                guard let contract = ContractSuite.release.newest.first(where: { $0.name == "trading" }) else {
                    throw ChaosError("the release has no trading contract")
                }
                guard try await !world.isActive(contract.name) else {
                    return log.refuse("\(contract.name) is active before anyone decided it")
                }
                let height = await world.nodes[0].status()?.finalHeight.value ?? 0
                try await world.decide(
                    ["activate", contract.name, "\(contract.version)", "--from", "\(height + 160)"], number: 0)
                let deadline = Watch.now() + 40
                while try await !world.isActive(contract.name) {
                    guard Watch.now() < deadline else { throw ChaosError("\(contract.name) is not active after 40 s") }
                    try await Task.sleep(for: .milliseconds(200))
                }
                log.note("\(contract.name) version \(contract.version) is active")
            }),
    ]
}

extension World {
    /// The genesis for `Plan.decides`; the nodes are prepared for it.
    func rewriteGenesis(_ names: [String], _ program: String) throws {
        let path = folder + "/genesis.json"
        let old = try Genesis(file: Data(contentsOf: URL(filePath: path)))
        var suite = try SuiteGenesis(bcs: old.application)
        suite.parameters.enactDelayMilliseconds = 1_000
        suite.contracts.removeAll { $0.name == plan.inactiveContract }
        let made = Genesis(
            name: old.name, time: old.time, parameters: old.parameters, validators: old.validators,
            application: suite.bcs)
        try Data(made.file).write(to: URL(filePath: path))
        for name in names {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)/data")
            try Shell.succeed([program, "genesis", "prepare", "--config", "\(folder)/\(name)/node.yaml"])
        }
    }

    /// The first partner proposes, two more approve: three of four are two thirds.
    func decide(_ words: [String], number: Int) async throws {
        func govern(_ node: ChaosNode, _ words: [String]) throws {
            try Shell.succeed(
                [node.program, "gov"] + words + ["--node", nodes[0].url, "--key", "\(node.folder)/keys/operator.key"])
        }
        try govern(nodes[0], ["propose"] + words)
        for node in nodes[1...2] { try govern(node, ["approve", "\(number)"]) }
    }

    func inEpoch(_ epoch: UInt64) async throws {
        let deadline = Watch.now() + 60
        for node in nodes {
            while await node.status()?.epoch != Epoch(epoch) {
                guard Watch.now() < deadline else { throw ChaosError("\(node.name) is not in epoch \(epoch)") }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Whether governance has a version of the contract that runs by now.
    func isActive(_ contract: String) async throws -> Bool {
        try await nodes[0].ask { client in
            let key = Directory.activeVersions.stateKey(contract, at: WellKnown.governance)
            let read = try await client.value(key)
            guard let bytes = read.value else { return false }
            return try ActiveVersion(bcs: bytes).version(at: read.height) != 0
        }
    }
}

extension ChaosNode {
    /// Has the settings name another folder of keys, with the partner's operator key, and a new data folder: a journal
    /// belongs to the keys that voted.
    func replaceKeys(by name: String) throws {
        let operatorKey = "\(folder)/\(name)/operator.key"
        try FileManager.default.removeItem(atPath: operatorKey)
        try FileManager.default.copyItem(atPath: "\(folder)/keys/operator.key", toPath: operatorKey)
        let text = try String(contentsOfFile: settings, encoding: .utf8)
        let kept = text.split(separator: "\n").filter { !$0.hasPrefix("keys:") && !$0.hasPrefix("data:") }
        let lines = kept.map(String.init) + ["keys: \(name)", "data: data-of-\(name)", ""]
        try lines.joined(separator: "\n").write(toFile: settings, atomically: true, encoding: .utf8)
        try Shell.succeed([program, "genesis", "prepare", "--config", settings])
    }
}
