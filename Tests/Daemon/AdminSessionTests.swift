import DataLake
import Foundation
import LedgerCrypto
import OperatorFiles
import Primitives
import Testing

@testable import NodeClient
@testable import Wiring

/// What an operator asks of the own node reaches no other, and is taken once.
struct AdminSessionTests {
    private var key: Secp256k1.SecretKey {
        get throws { try #require(Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [1])) }
    }

    @Test func aCopyIsNotTaken() throws {
        let taken = TakenRequests()
        let now = Timestamp(1_800_000_000_000)
        let request = AdminRequest(signing: [1], operation: "erase", audience: own, key: try key)
        #expect(taken.take(request, now: now))
        #expect(!taken.take(request, now: now))
        #expect(!taken.take(request, now: now.adding(milliseconds: 2 * AdminRequest.ageMillisecondsMax)))
        let other = AdminRequest(signing: [2], operation: "erase", audience: own, key: try key)
        #expect(taken.take(other, now: now))
        // Long after its time it is refused for its time.
        let later = now.adding(milliseconds: 4 * AdminRequest.ageMillisecondsMax)
        #expect(taken.take(request, now: later))
        #expect(
            request.problem(operation: "erase", audience: own, keys: [try key.publicKey], now: later)?.isEmpty
                == false)
    }

    private let own = AdminAudience(network: SHA256.hash([1]), node: SHA256.hash([2]), run: SHA256.hash([3]))

    /// A request is for one network, one node and one run of it, also when another node takes the same key.
    @Test func otherNodesTakeNoCopy() throws {
        let request = AdminRequest(signing: [1], operation: "erase", audience: own, key: try key)
        let keys = [try key.publicKey]
        func problem(_ request: AdminRequest, _ audience: AdminAudience, _ operation: String = "erase") -> String? {
            request.problem(operation: operation, audience: audience, keys: keys, now: request.time)
        }
        #expect(problem(try AdminRequest(bcs: request.bcs), own) == nil)
        #expect(problem(request, own, "settle")?.contains("signature") == true)
        let (network, node, run) = (own.network, own.node, own.run)
        let others: [(AdminAudience, String)] = [
            (AdminAudience(network: SHA256.hash([9]), node: node, run: run), "of network"),
            (AdminAudience(network: network, node: SHA256.hash([9]), run: run), "signed for the node \(node)"),
            (AdminAudience(network: network, node: node, run: SHA256.hash([9])), "started again"),
        ]
        for (other, words) in others {
            #expect(problem(request, other)?.contains(words) == true)
            // Written over, the signature no longer fits.
            var encoder = BCSEncoder()
            encoder.value(request.time)
            encoder.value(other)
            encoder.value(request.key)
            encoder.blob(request.payload)
            encoder.value(request.signature)
            let forged = try AdminRequest(bcs: encoder.bytes)
            #expect(problem(forged, other)?.contains("signature does not fit") == true)
        }
    }

    @Test func secretsCrossNoNetworkInTheOpen() async throws {
        for address in ["http://node.example:8400", "http://127.evil.example", "http://10.0.0.1:8400"] {
            let made = try await NodeClient.with([address, "http://127.0.0.1:9"]) { client in
                do {
                    _ = try await client.postToOwn("/v1/admin/erase") {
                        Issue.record("something was signed for \(address)")
                        return []
                    }
                    return "sent"
                } catch { return "\(error)" }
            }
            #expect(made.contains("neither https nor on this machine"))
        }
        for address in ["http://127.0.0.1:8400", "http://localhost:8400", "http://[::1]:8400"] {
            #expect(NodeClient.isThisMachine(address))
        }
    }

    /// A failed request is not tried at the others, and each try is signed anew.
    @Test func theOthersAreNotAsked() async throws {
        var configuration = NodeClientConfiguration()
        configuration.roundsMax = 3
        configuration.pauseMilliseconds = 10
        configuration.connectMilliseconds = 200
        var made: [[UInt8]] = []
        let words = try await NodeClient.with(
            ["http://127.0.0.1:9", "http://127.0.0.2:9"], configuration: configuration
        ) { client in
            do {
                _ = try await client.postToOwn("/v1/admin/erase") {
                    made.append([UInt8(made.count)])
                    return made[made.count - 1]
                }
                return "sent"
            } catch { return "\(error)" }
        }
        #expect(made == [[0], [1], [2]])
        #expect(words.contains("127.0.0.1:9") && !words.contains("127.0.0.2"))
    }

    @Test func filesInNoFolderAndInNewOnes() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for path in ["0", "", "/", "/x", "a/"] where !path.hasSuffix("/") || path == "/" {
            try FileManager.default.createFolder(of: path)
        }
        try FileManager.default.createFolder(of: folder + "/a/b/c")
        #expect(FileManager.default.fileExists(atPath: folder + "/a/b"))
    }

    @Test func limitsInSettingsAreBounded() {
        for number in [0, -1, Int.max] {
            var user = UserSettings()
            (user.partner, user.genesis) = ("coop", "genesis.json")
            user.requestsPerSecondMax = number
            #expect(throws: UserError.self) { try NodeSettings(user, relativeTo: "/") }
            user.requestsPerSecondMax = nil
            user.streamsMax = number
            #expect(throws: UserError.self) { try NodeSettings(user, relativeTo: "/") }
        }
    }
}
