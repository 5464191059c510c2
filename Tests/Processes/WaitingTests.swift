import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// A chain that stands still: whoever sends learns the digest and until when it counts, and that what was sent is done
    /// when the chain goes on, without sending it again.
    @Test(.timeLimit(.minutes(4))) func whatIsSentIsWaitedFor() async throws {
        try await ValidatorNetwork.with { network in
            for name in ["gridco", "sunsupply"] { try await network.crash(name) }
            let log = network.folder + "/sent.log"
            let wallet = network.folder + "/wallet.json"
            let sending = try Program.spawn(
                ["did", "create", "--wallet", wallet] + CommunityRun.signed(network, "energylab"), log: log)
            func said() -> String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
            try await eventually("the digest is told", seconds: 30) { said().contains("Sent transaction ") }
            let digest = try #require(
                said().firstMatch(of: /Sent transaction ([0-9a-f]{64}); .*commonwatt tx status/).map { String($0.1) })
            let status = ["tx", "status", digest, "--node", network.url("energylab")]
            let pending = try await Program.run(status)
            #expect(pending.exitCode == 2 && pending.output.contains("pending"), "\(pending.output)")
            for name in ["gridco", "sunsupply"] { try network.start(name) }
            try await Program.ended(sending, seconds: 100)
            #expect(sending.terminationStatus == 0 && said().contains("Created did:cwatt:"), "\(said())")
            let final = try await Program.run(status)
            #expect(final.exitCode == 0 && final.output.contains("succeeded"), "\(final.output)")
            let proved = try await Program.run(status + ["--genesis", network.genesisFile])
            #expect(proved.exitCode == 0 && proved.output.contains(", proved"), "\(proved.output)")
        }
    }
}
