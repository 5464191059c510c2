import Anchors
import ContractKit
import Foundation
import LightClient
import NodeClient
import Primitives
import TestSupport
import Testing

extension ProcessSuite {
    /// A full node that starts far behind takes over a state instead of all blocks, keeps up under load, and what it
    /// serves can be verified with the genesis alone.
    @Test(.timeLimit(.minutes(5))) func aNewNodeTakesOverAStateUnderLoad() async throws {
        let name = "observer"
        try await ValidatorNetwork.with(prepare: { network in
            let keys = try await Program.succeed([
                "keys", "new", "--dir", "\(network.folder)/\(name)/keys", "--json",
            ])
            guard
                let listing = try JSONSerialization.jsonObject(with: Data(keys.utf8)) as? [String: String],
                let key = listing["transportKey"]
            else { throw TestFailure("no transport key in \(keys)") }
            let settings = try String(contentsOfFile: network.settings("coop"), encoding: .utf8)
            try (settings + "full-nodes:\n  - \(key)\n").write(
                toFile: network.settings("coop"), atomically: true, encoding: .utf8)
        }) { network in
            let write = try await network.write("before-the-state", through: "coop")
            let number = try await MarketShop(network).agree()
            let load = try RegistryLoad(network)
            try await eventually("the chain is long enough") { await network.height("coop") > Height(200) }
            let text = """
                partner: \(name)
                genesis: ../genesis.json
                validator: false
                snapshot-lag-blocks: 32
                listen-peers: 127.0.0.1:\(network.peerPort(name))
                listen-rpc: 127.0.0.1:\(network.peerPort(name) + 1_000)
                peers:
                  coop: 127.0.0.1:\(network.peerPort("coop"))

                """
            try text.write(toFile: network.settings(name), atomically: true, encoding: .utf8)
            try network.start(name)
            try await network.ready([name])
            try await network.follows(name, "coop")
            let key = Registry.entries.stateKey(Pair(write.owner, write.name), at: WellKnown.registry)
            try await network.with([name], anchor: TrustAnchor(try network.genesis())) { client in
                let verified = try await client.verifiedValue(key)
                let value = try verified.entry(key)?.value.map { try RegistryEntry(bcs: $0).value }
                #expect(value == write.value)
                // It came by a state, so it never had the first blocks.
                await #expect(throws: ClientError.self) { _ = try await client.block(.height(Height(1))) }
            }
            let writes = try await load.stop()
            #expect(!writes.isEmpty)
            try await network.follows(name, "gridco")
            // Nor the blocks in which the market was made, and has it all the same.
            try await eventually("the market's lists are there") {
                try await network.market("agreements", at: name).contains { $0.contains("\"number\":\(number)") }
            }
            for list in ["accounts", "data-sets", "offers", "agreements", "invoices"] {
                let (here, there) = (
                    try await network.market(list, at: name), try await network.market(list, at: "coop")
                )
                #expect(!here.isEmpty && here == there, "\(list)")
            }
        }
    }
}

extension ValidatorNetwork {
    /// A list of the market in no order, without the blocks that wrote its records.
    fileprivate func market(_ list: String, at name: String) async throws -> [String] {
        let bytes = try await with([name]) { try await $0.get("/v1/market/\(list)") }
        let page = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        let entries = page?["entries"] as? [[String: Any]] ?? []
        return try entries.map { entry in
            let bare = try JSONSerialization.data(
                withJSONObject: entry.filter { $0.key != "height" }, options: .sortedKeys)
            return String(decoding: bare, as: UTF8.self)
        }.sorted()
    }
}
