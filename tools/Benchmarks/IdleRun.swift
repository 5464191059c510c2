internal import Chain
internal import Foundation
internal import NodeClient
internal import Primitives

/// One transaction at a time on an idle network, from the client's submission to the answer that it is final: once as a
/// program with the client library sees it, once over a plain socket, where the client itself takes next to nothing.
struct IdleRun {
    struct Result: Codable {
        let latencyMilliseconds: Quantiles
        let plainSocketMilliseconds: Quantiles
    }

    let network: LocalNetwork

    /// Each of the two ways takes one half of `transactions`, in turn.
    func run(_ transactions: [Transaction]) async throws -> Result {
        let client = try NodeClient(nodes: network.nodes)
        let connection = try PlainConnection(port: network.apiPort)
        var (latencies, plain): ([Double], [Double]) = ([], [])
        for (index, transaction) in transactions.enumerated() {
            let request = IdleRun.request(transaction)
            let began = Stopwatch.now()
            if index % 2 == 0 {
                _ = try await client.run(transaction, seconds: 30)
                latencies.append((Stopwatch.now() - began) * 1000)
            } else {
                let answer = try connection.answer(to: request)
                plain.append((Stopwatch.now() - began) * 1000)
                guard answer.contains("\"final\"") else { throw BenchError("not final: \(answer.prefix(200))") }
            }
            // Lets the network come to rest, so that each one meets an idle one.
            try await Task.sleep(for: .milliseconds(20))
        }
        try await client.shutdown()
        return Result(latencyMilliseconds: Quantiles(latencies), plainSocketMilliseconds: Quantiles(plain))
    }

    private static func request(_ transaction: Transaction) -> [UInt8] {
        let head =
            "POST /v1/transactions?wait=30 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
            + "Content-Type: application/octet-stream\r\nContent-Length: \(transaction.bytes.count)\r\n\r\n"
        return Array(head.utf8) + transaction.bytes
    }
}
