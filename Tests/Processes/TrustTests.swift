import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// What commands believe of a network, by the options that say what they trust.
    @Test(.timeLimit(.minutes(4))) func commandsBelieveWhatTheyTrust() async throws {
        try await ValidatorNetwork.with { network in
            let kept = network.folder + "/trusted"
            let genesis = ["--genesis", network.genesisFile]
            let node = ["--node", network.url("energylab")]
            let made = try await Program.succeed(
                ["did", "create", "--wallet", network.folder + "/wallet.json", "--json", "--trusted", kept] + genesis
                    + CommunityRun.signed(network, "energylab"))
            #expect(made.contains("did:cwatt:"))
            let first = try String(contentsOfFile: kept, encoding: .utf8)
            #expect(first.hasPrefix("commonwatt trusted state 1\nnetwork "))

            // A later command goes on from there, with or without the genesis.
            let digest = String(repeating: "ab", count: 32)
            let past = Self.whole(Date().addingTimeInterval(-20))
            let status = ["tx", "status", digest, "--expires", past] + node
            let expired = try await Program.run(status + ["--trusted", kept])
            #expect(expired.exitCode == 2 && expired.output.contains("expired, proved"), "\(expired.output)")
            // On a node's word nothing expires.
            let unknown = try await Program.run(status)
            #expect(unknown.exitCode == 2 && unknown.output.contains("unknown, on the node's word"))
            #expect(unknown.output.contains("Do not send it again"), "\(unknown.output)")
            // Not past the expiry yet.
            let later = Self.whole(Date().addingTimeInterval(60))
            let open = try await Program.run(["tx", "status", digest, "--expires", later] + node + genesis)
            #expect(open.exitCode == 2 && open.output.contains("It can still come"), "\(open.output)")

            // A damaged file is refused before anything is sent.
            try Data(first.utf8.dropLast(9)).write(to: URL(filePath: kept))
            let refused = try await Program.run(status + ["--trusted", kept] + genesis)
            #expect(refused.exitCode == 1 && refused.output.contains("damaged"), "\(refused.output)")
        }
    }

    /// RFC 3339 to the second.
    private static func whole(_ date: Date) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        return formatter.string(from: date)
    }
}
