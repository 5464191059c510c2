import Chain
import LedgerCrypto
import Primitives
import Replica
import TestSupport
import Testing

/// Many transactions through four replicas: none is lost or run twice, and blocks grow with the load.
@Suite struct LoadTests {
    @Test func manyTransactionsAreAllIncludedOnce() throws {
        var parameters = TestNetwork.parameters
        parameters.blockTransactionsMax = 400
        let network = try TestNetwork(seed: 80, parameters: parameters) { $0.checkpointBlocks = 16 }
        try network.startAll()
        try network.run(200)
        let count = Fuzz.count(2_000)
        let all = try (0..<count).map { try network.put("key \($0)", client: $0 % 4) }
        for batch in stride(from: 0, to: count, by: 100) {
            try network.submit(Array(all[batch..<min(batch + 100, count)]), to: batch / 100 % 4)
            try network.run(10)
        }
        #expect(try network.runUntilFinal(all, milliseconds: 60_000))
        for node in network.nodes {
            #expect(node.finalized.values.reduce(0) { $0 + $1.block.transactions.count } == count)
        }
    }
}
