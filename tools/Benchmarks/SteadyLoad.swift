internal import Anchors
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// The same number of transactions each second, in small batches to all validators in turn.
struct SteadyLoad: Sendable {
    static let batchesPerSecond = 10

    let network: LocalNetwork
    let id: Digest
    let rate: Int
    let names: Int

    /// Writes until the time is over. A batch that a node does not take is not sent again: the load is steady, not closed.
    func write(seconds: Double, _ count: SoakCount) async throws {
        let clients = try network.nodes.map { try NodeClient(nodes: [$0]) }
        let began = Stopwatch.now()
        var sent = 0
        var turn = 0
        while Stopwatch.now() - began < seconds {
            let due = min(Int((Stopwatch.now() - began) * Double(rate)), sent + rate) - sent
            if due > 0 {
                let batch = try (0..<due).map { try transaction(sent + $0) }
                sent += due
                await submit(batch, clients[turn % clients.count], count)
                turn += 1
            }
            try await Task.sleep(for: .milliseconds(1_000 / SteadyLoad.batchesPerSecond))
        }
        await count.end()
        for client in clients { try await client.shutdown() }
    }

    private func submit(_ batch: [Transaction], _ client: NodeClient, _ count: SoakCount) async {
        do {
            let outcomes = try await client.submit(batch: batch)
            var refused = 0
            for outcome in outcomes {
                switch outcome {
                case .accepted, .alreadyPending, .alreadyFinal: continue
                default: refused += 1
                }
            }
            await count.refuse(refused)
        } catch {
            await count.refuse(batch.count)
        }
    }

    private func transaction(_ number: Int) throws -> Transaction {
        let now = Timestamp.wallClock.milliseconds
        let put = RegistryPut(name: "meter-\((number * 7_919) % names)", value: Array("reading \(number)".utf8))
        let key = network.keys[number % network.keys.count]
        let body = TransactionBody(
            network: id, sender: key.publicKey, expiry: Timestamp(now + 120_000),
            salt: UInt64.random(in: 0...UInt64.max), calls: [Registry.put.call(on: WellKnown.registry, put)])
        return try Transaction(signing: body, with: key)
    }

    /// Counts what becomes final at the first validator until the load has ended.
    func follow(_ count: SoakCount) async throws {
        let client = try NodeClient(nodes: [network.nodes[0]])
        let start = try await client.nodeStatus().finalHeight
        for try await (_, notice) in client.events([.block], after: StreamPosition(height: start)) {
            guard case .block(let block) = notice else { continue }
            await count.final(Int(block.transactions), at: block.header.height.value)
            if await count.isOver { break }
        }
        try await client.shutdown()
    }
}
