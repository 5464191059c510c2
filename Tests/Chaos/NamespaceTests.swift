import Chaos
import Testing

/// Two faults on real processes for a few seconds each, where the machine permits namespaces.
@Suite(.serialized, .enabled(if: Chaos.lack == nil, "network namespaces are not permitted here"))
struct NamespaceTests {
    @Test(.timeLimit(.minutes(3)), arguments: ["partition-halves", "kill-two"])
    func networkStandsAndComesBack(_ name: String) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let broken = try await Chaos.probe(name, seed: seed)
        #expect(broken == nil, "seed \(seed): \(broken ?? "")")
    }
}
