internal import Chain
internal import Foundation
internal import NodeClient
internal import Primitives

/// One transaction at a time on an idle network, from the client's submission to the answer that it is final.
struct IdleRun {
    struct Result: Codable {
        let latencyMilliseconds: Quantiles
    }

    let network: LocalNetwork

    func run(_ transactions: [Transaction]) async throws -> Result {
        let client = try NodeClient(nodes: network.nodes)
        var latencies: [Double] = []
        for transaction in transactions {
            let began = Stopwatch.now()
            _ = try await client.run(transaction, seconds: 30)
            latencies.append((Stopwatch.now() - began) * 1000)
            // Lets the network come to rest, so that each one meets an idle one.
            try await Task.sleep(for: .milliseconds(20))
        }
        try await client.shutdown()
        return Result(latencyMilliseconds: Quantiles(latencies))
    }
}
