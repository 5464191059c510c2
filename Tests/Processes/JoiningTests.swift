import Chain
import Foundation
import NodeClient
import Primitives
import Testing

extension ProcessSuite {
    /// A partner that the genesis does not know joins by commands alone: its node follows, reports itself synchronised,
    /// becomes a validator, is needed for a quorum, and follows again once it is removed.
    @Test(.timeLimit(.minutes(8))) func aFifthValidatorJoinsVotesAndLeaves() async throws {
        let newcomer = Newcomer(name: "newco")
        try await ValidatorNetwork.with(
            heartbeatMilliseconds: 500,
            prepare: { network in
                try await network.shortenEnactDelay(milliseconds: 6_000)
                try await newcomer.prepare(network, knownTo: "coop")
            }
        ) { network in
            let name = newcomer.name
            try await network.decide(["propose", "add-partner", newcomer.part(network)], number: 0)
            try await eventually("\(name) is a partner") {
                try await Program.succeed(["gov", "partners", "--node", network.url("coop")]).contains(name)
            }
            try network.start(name)
            try await network.follows(name, "coop")
            // Gridco was not told of the newcomer: both say so, with the key.
            try await eventually("both say that gridco refuses the key") {
                network.log("gridco").contains("is not let in: no setting here names its transport key")
                    && network.log(name).contains("gridco at 127.0.0.1")
                    && network.log(name).contains("refuses this node's transport key")
            }
            try await Program.succeed([
                "gov", "claim", "--partner", name, "--keys", "\(network.folder)/\(name)/keys", "--out",
                newcomer.claim(network), "--node", network.url(name),
            ])
            try await network.decide(["propose", "add-validator", newcomer.claim(network)], number: 1)
            for node in ValidatorNetwork.partners + [name] {
                try await eventually("\(node) is in epoch 1") { await network.status(node)?.epoch == Epoch(1) }
            }
            #expect(await network.status(name)?.validatorIndex != nil)
            try await eventually("\(name) is linked to all") {
                await network.status(name)?.peers.filter(\.connected).count == 4
            }
            // Four of five are a quorum: with one dead, the newcomer's vote counts.
            try await network.crash("sunsupply")
            var writes = [try await network.write("with-the-newcomer", through: "gridco", seconds: 90)]
            try network.start("sunsupply")
            try await network.follows("sunsupply", "coop")

            try await network.decide(["propose", "remove-validator", name], number: 2)
            for node in ValidatorNetwork.partners + [name] {
                try await eventually("\(node) is in epoch 2") { await network.status(node)?.epoch == Epoch(2) }
            }
            writes.append(try await network.write("without-the-newcomer", through: "coop"))
            try await network.follows(name, "coop")
            #expect(await network.status(name)?.validatorIndex == nil)
            let words = try await Program.succeed(["status", "--node", network.url(name)])
            #expect(!words.contains("validator of \(name)") && words.contains("follows without voting"), "\(words)")
            let listed = try await Program.succeed(["gov", "list", "--node", network.url("coop")])
            #expect(!listed.contains("refused"), "\(listed)")
            try await network.expectNothingLostOrDoubled(writes, on: ValidatorNetwork.partners + [name])
        }
    }

    /// The same with no operator's settings changed: from the council's proposal on every node lets the claimed key in, and
    /// after the removal of the validator nobody does.
    @Test(.timeLimit(.minutes(5))) func aNewcomerIsLetInByItsClaim() async throws {
        let newcomer = Newcomer(name: "newco")
        let name = newcomer.name
        try await ValidatorNetwork.with(
            heartbeatMilliseconds: 500,
            prepare: { network in
                try await network.shortenEnactDelay(milliseconds: 2_000)
                try await newcomer.prepare(network)
            }
        ) { network in
            try await network.decide(["propose", "add-partner", newcomer.part(network)], number: 0)
            try await eventually("\(name) is a partner") {
                try await Program.succeed(["gov", "partners", "--node", network.url("coop")]).contains(name)
            }
            try network.start(name)
            try await eventually("\(name) is refused") {
                network.log(name).contains("refuses this node's transport key")
            }
            try await Program.succeed([
                "gov", "claim", "--partner", name, "--keys", "\(network.folder)/\(name)/keys", "--out",
                newcomer.claim(network), "--node", network.url("coop"),
            ])
            let coop = ["--node", network.url("coop"), "--key", network.operatorKeyFile("coop")]
            try await Program.succeed(["gov", "propose", "add-validator", newcomer.claim(network)] + coop)
            try await network.follows(name, "coop")
            try await eventually("\(name) has reported that it caught up") {
                try await Program.succeed(["gov", "list", "--node", network.url("coop")]).contains(
                    "its node has caught up")
            }
            for partner in ["energylab", "gridco"] {
                try await Program.succeed([
                    "gov", "approve", "1", "--node", network.url("coop"), "--key", network.operatorKeyFile(partner),
                ])
            }
            for node in ValidatorNetwork.partners + [name] {
                try await eventually("\(node) is in epoch 1") { await network.status(node)?.epoch == Epoch(1) }
            }
            #expect(await network.status(name)?.validatorIndex != nil)
            try await network.decide(["propose", "remove-validator", name], number: 2)
            try await eventually("\(name) is linked to nobody") {
                await network.status(name)?.peers.allSatisfy { !$0.connected } == true
            }
        }
    }
}

/// A partner with keys, a part, and a node that stands beside the network's.
struct Newcomer {
    let name: String

    func part(_ network: ValidatorNetwork) -> String { "\(network.folder)/\(name)/part.json" }
    func claim(_ network: ValidatorNetwork) -> String { "\(network.folder)/\(name)/claim.json" }

    /// Makes keys, part and settings, and has one validator, if any is named, know where the node is.
    func prepare(_ network: ValidatorNetwork, knownTo validator: String? = nil) async throws {
        let keys = "\(network.folder)/\(name)/keys"
        let made = try await Program.succeed(["keys", "new", "--dir", keys, "--json"])
        guard
            let listing = try JSONSerialization.jsonObject(with: Data(made.utf8)) as? [String: String],
            let key = listing["transportKey"]
        else { throw TestFailure("no transport key in \(made)") }
        try await Program.succeed([
            "genesis", "part", "--network", try network.genesis().name, "--partner", name, "--name", "New Company",
            "--role", "validator", "--role", "attester", "--keys", keys, "--out", part(network),
        ])
        let others = ValidatorNetwork.partners.map { "  \($0): 127.0.0.1:\(network.peerPort($0))" }
        let text = """
            partner: \(name)
            genesis: ../genesis.json
            listen-peers: 127.0.0.1:\(network.peerPort(name))
            listen-rpc: 127.0.0.1:\(network.peerPort(name) + 1_000)
            peers:
            \(others.joined(separator: "\n"))

            """
        try text.write(toFile: network.settings(name), atomically: true, encoding: .utf8)
        try await Program.succeed(["genesis", "prepare", "--config", network.settings(name)])
        guard let validator else { return }
        let known = try String(contentsOfFile: network.settings(validator), encoding: .utf8)
            .replacingOccurrences(
                of: "peers:\n", with: "peers:\n  \(name): \(key)@127.0.0.1:\(network.peerPort(name))\n")
        try known.write(toFile: network.settings(validator), atomically: true, encoding: .utf8)
    }
}

extension ValidatorNetwork {
    /// Coop proposes, two others approve.
    func decide(_ words: [String], number: Int) async throws {
        for (partner, command) in [
            ("coop", words), ("energylab", ["approve", "\(number)"]), ("gridco", ["approve", "\(number)"]),
        ] {
            let tail = ["--node", url("coop"), "--key", operatorKeyFile(partner)]
            try await Program.succeed(["gov"] + command + tail)
        }
    }
}
