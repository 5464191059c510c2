import Anchors
import Chain
import ContractKit
import Foundation
import LightClient
import NodeClient
import Primitives
import TestSupport
import Testing

extension ProcessSuite {
    /// A full node is let in by the one validator that lists its key, and by no other; it follows, and what it serves
    /// can be verified with the genesis alone.
    @Test(.timeLimit(.minutes(5))) func fullNodeFollowsAndServesProofs() async throws {
        try await ValidatorNetwork.with(prepare: { network in
            let folder = network.folder + "/observer"
            let keys = try await Program.succeed(["keys", "new", "--dir", folder + "/keys", "--json"])
            guard
                let listing = try JSONSerialization.jsonObject(with: Data(keys.utf8)) as? [String: String],
                let key = listing["transportKey"]
            else { throw TestFailure("no transport key in \(keys)") }
            let settings = try String(contentsOfFile: network.settings("coop"), encoding: .utf8)
            try (settings + "full-nodes:\n  - \(key)\n").write(
                toFile: network.settings("coop"), atomically: true, encoding: .utf8)
        }) { network in
            let write = try await network.write("proved", through: "coop")
            // Gridco does not know it: no link, no blocks.
            try network.follow(as: "observer", "gridco")
            try await eventually("the full node answers") { await network.status("observer") != nil }
            try await Task.sleep(for: .seconds(2))
            #expect(await network.status("observer")?.peers.contains { $0.connected } == false)
            #expect(await network.height("observer") == Height(0))
            _ = try await network.stop("observer", seconds: 10)

            try network.follow(as: "observer", "coop")
            try await network.follows("observer", "coop")
            let status = await network.status("observer")
            #expect(status?.validatorIndex == nil)
            // It was told of one peer, and has it: there is nothing to warn of.
            #expect(status?.warnings == [] && status?.peers.map(\.name) == ["coop"])
            try await eventually("peers' heights are kept up to date") {
                guard let status = await network.status("observer"), let peer = status.peers.first?.finalHeight else {
                    return false
                }
                return status.finalHeight > Height(12) && peer.value + 8 > status.finalHeight.value
            }
            try await network.expectMetricsAreDocumented(of: "observer")
            let key = Registry.entries.stateKey(Pair(write.owner, write.name), at: WellKnown.registry)
            let anchor = TrustAnchor(try network.genesis())
            try await network.with(["observer"], anchor: anchor) { client in
                let verified = try await client.verifiedValue(key)
                let value = try verified.entry(key)?.value.map { try RegistryEntry(bcs: $0).value }
                #expect(value == write.value)
            }
            // Another genesis is another network: nothing of it verifies.
            var other = try network.genesis()
            other = Genesis(
                name: "other", time: other.time, parameters: other.parameters, validators: other.validators,
                application: other.application)
            await #expect(throws: ClientError.self) {
                try await network.with(["observer"], anchor: TrustAnchor(other)) { _ = try await $0.verifiedValue(key) }
            }
        }
    }
}

extension ValidatorNetwork {
    /// Starts a full node that knows one validator.
    func follow(as name: String, _ validator: String) throws {
        let text = """
            partner: \(name)
            genesis: ../genesis.json
            validator: false
            listen-peers: 127.0.0.1:\(peerPort(name))
            listen-rpc: 127.0.0.1:\(peerPort(name) + 1_000)
            peers:
              \(validator): 127.0.0.1:\(peerPort(validator))

            """
        try text.write(toFile: settings(name), atomically: true, encoding: .utf8)
        try start(name)
    }
}

extension ValidatorNetwork {
    /// docs/metrics.md names what a node serves, all of it and nothing else.
    func expectMetricsAreDocumented(of name: String) async throws {
        let served = try await Program.run(["-s", "-f", url(name) + "/metrics"], of: "/usr/bin/curl").output
        let page = try String(contentsOf: Shared.project.appending(path: "docs/metrics.md"), encoding: .utf8)
        let names = Set(served.matches(of: /# TYPE (\S+) (\S+)/).map { "| `\($0.1)` | \($0.2) |" })
        let rows = Set(page.matches(of: /\| `\S+` \| \S+ \|/).map { String($0.0) })
        #expect(names.count > 40 && names == rows, "\(names.symmetricDifference(rows).sorted())")
    }
}
