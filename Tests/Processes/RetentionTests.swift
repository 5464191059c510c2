import Anchors
import Chain
import ContractKit
import Foundation
import LightClient
import NodeClient
import Primitives
import Testing

extension ProcessSuite {
    /// Under load one node removes old states and another one keeps all: what is kept is read and proved at its height,
    /// what is gone is answered by 410 that says what to do, and the nodes agree to the end.
    @Test(.timeLimit(.minutes(5))) func oldStatesGoAndTheNodeSaysSo() async throws {
        let (forgetful, archive) = ("coop", "gridco")
        try await ValidatorNetwork.with(prepare: { network in
            for (name, blocks) in [(forgetful, "256"), (archive, "all")] {
                let settings = try String(contentsOfFile: network.settings(name), encoding: .utf8)
                try (settings + "keep-states: \(blocks)\n").write(
                    toFile: network.settings(name), atomically: true, encoding: .utf8)
            }
        }) { network in
            let first = try await network.write("early", through: archive)
            let early = await network.height(archive)
            let load = try RegistryLoad(network)
            try await eventually("enough blocks", seconds: 120) { await network.height(forgetful).value > 700 }
            let writes = try await load.stop() + [first]
            let key = Registry.entries.stateKey(Pair(first.owner, first.name), at: WellKnown.registry)

            let kept = try await network.with([archive]) { try await $0.value(key, at: early.advanced(by: 40)) }
            #expect(kept.height >= early && kept.value != nil)
            let before = try await network.with([archive]) { try await $0.value(key, at: Height(0)) }
            #expect(before.height == Height(0) && before.value == nil)

            try await network.with([forgetful]) { client in
                do {
                    _ = try await client.value(key, at: early.advanced(by: 40))
                    Issue.record("a state that is not kept was read")
                } catch let error as ClientError {
                    #expect("\(error)".contains("This node keeps states from block"), "\(error)")
                    #expect("\(error)".contains("keep-states"), "\(error)")
                }
                let recent = Height(await network.height(forgetful).value - 200)
                let bundle = try await client.proof(key, at: recent)
                // Of the newest checkpoint at most at that height: under load they are 256 blocks apart.
                #expect(bundle.header.height <= recent && bundle.header.height.value + 256 > recent.value)
                let now = Timestamp(UInt64(Date().timeIntervalSince1970 * 1000))
                let proved = try bundle.verify(
                    from: TrustAnchor(try network.genesis()), now: now, ageMillisecondsMax: 600_000)
                #expect(try proved.entry(key)?.value.map { try RegistryEntry(bcs: $0).value } == first.value)
            }
            let gone = "\(network.url(forgetful))/v1/state/\(Hex.encode(key))?height=\(early)"
            let code = try await Program.run(
                ["-s", "-o", "/dev/null", "-w", "%{http_code}", gone], of: "/usr/bin/curl")
            #expect(code.output == "410")
            let metrics = try await Program.run(["-s", network.url(forgetful) + "/metrics"], of: "/usr/bin/curl").output
            let pruned = metrics.split(separator: "\n")
                .first { $0.hasPrefix("commonwatt_pruned_records_total ") }
                .flatMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            #expect(try #require(pruned) > 0)
            try await network.expectNothingLostOrDoubled(writes, on: ValidatorNetwork.partners)
        }
    }
}
