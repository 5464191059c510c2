import Chain
import Consensus
import Primitives
import Testing

@Suite struct NormalCase {
    @Test(arguments: [1, 2, 3, 4, 7, 10]) func blocksBecomeFinal(count: Int) throws {
        var network = try Network(count)
        network.startAll()
        network.setBusy(true)
        let reached = network.reaches(20, within: 20_000)
        #expect(reached)
        #expect(network.failures == [])
        #expect(network.evidence.isEmpty)
        for node in network.nodes { #expect(node.finalHeight >= Height(20)) }
    }
}
