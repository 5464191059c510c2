internal import Anchors
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Signed transactions through four validators: closed loop with a bounded number in flight.
///
/// Every transaction writes one entry of a partner's registry (2 of `names` keys change), is signed beforehand and
/// submitted in binary batches to all nodes in turn. Finality is when the node that is followed reports the block.
struct LoadRun {
    struct Result: Codable {
        let seconds: Double
        let transactions: Int
        let transactionsPerSecond: Double
        /// Milliseconds from the submission of a transaction's batch to its finality as a client sees it.
        let latencyMilliseconds: Quantiles
        let blocks: Int
        let transactionsPerBlock: Double
        let refused: Int
        let rejected: Int
        /// Processor seconds of all validators per transaction, in microseconds, and of the load generator.
        let validatorMicrosecondsPerTransaction: Double
        let generatorMicrosecondsPerTransaction: Double
        let residentMegabytes: Int
    }

    let network: LocalNetwork
    let inFlight: Int
    let batch: Int
    let names: Int

    /// Signs `count` transactions on all cores. They expire 9 minutes from now.
    func sign(_ count: Int, network id: Digest) -> [Transaction] {
        let expiry = Timestamp.wallClock.adding(milliseconds: 540_000)
        let salt = UInt64.random(in: 0...UInt64.max / 2)
        let keys = network.keys
        let slots = Slots<Transaction>(count)
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let name = "meter-\((index * 7_919) % names)"
            let value = Array("reading \(index)".utf8)
            let call = Registry.put.call(on: WellKnown.registry, RegistryPut(name: name, value: value))
            let key = keys[index % keys.count]
            let body = TransactionBody(
                network: id, sender: key.publicKey, expiry: expiry, salt: salt + UInt64(index), calls: [call])
            if let transaction = try? Transaction(signing: body, with: key) { slots.set(index, transaction) }
        }
        return slots.values
    }

    func run(_ transactions: [Transaction]) async throws -> Result {
        let tracker = LoadTracker(window: inFlight)
        let followed = try NodeClient(nodes: [network.nodes[0]])
        let start = try await followed.nodeStatus().finalHeight
        let follower = Task {
            do { try await follow(followed, after: start, tracker) } catch { await tracker.fail("\(error)") }
        }
        let validatorsBefore = ProcessUsage.cpuSeconds(of: network.processIDs)
        let ownBefore = ProcessUsage(of: getpid())?.cpuSeconds ?? 0
        let began = Stopwatch.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let clients = try network.nodes.map { try NodeClient(nodes: [$0]) }
            var position = 0
            var turn = 0
            while position < transactions.count {
                let end = min(position + batch, transactions.count)
                let part = Array(transactions[position..<end])
                try await tracker.reserve(part.map(\.digest))
                let client = clients[turn % clients.count]
                group.addTask { try await submit(part, client, tracker) }
                position = end
                turn += 1
            }
            try await group.waitForAll()
            for client in clients { try await client.shutdown() }
        }
        try await tracker.drained()
        let seconds = Stopwatch.now() - began
        let validators = ProcessUsage.cpuSeconds(of: network.processIDs) - validatorsBefore
        let own = (ProcessUsage(of: getpid())?.cpuSeconds ?? 0) - ownBefore
        follower.cancel()
        _ = await follower.value
        try await followed.shutdown()
        let summary = await tracker.summary
        let done = Double(max(1, summary.latencies.count))
        return Result(
            seconds: seconds, transactions: summary.latencies.count, transactionsPerSecond: done / seconds,
            latencyMilliseconds: Quantiles(summary.latencies.map { $0 * 1000 }), blocks: summary.blocks,
            transactionsPerBlock: done / Double(max(1, summary.blocks)), refused: summary.refused,
            rejected: summary.rejected, validatorMicrosecondsPerTransaction: validators / done * 1e6,
            generatorMicrosecondsPerTransaction: own / done * 1e6, residentMegabytes: network.residentBytes / 1_048_576)
    }

    private func submit(_ part: [Transaction], _ client: NodeClient, _ tracker: LoadTracker) async throws {
        var waiting = part
        var tries = 0
        while !waiting.isEmpty {
            let outcomes = try await client.submit(batch: waiting)
            var again: [Transaction] = []
            for (transaction, outcome) in zip(waiting, outcomes) {
                switch outcome {
                case .accepted, .alreadyPending, .alreadyFinal: continue
                case .poolFull where tries < 200: again.append(transaction)
                default: await tracker.refuse(transaction.digest)
                }
            }
            waiting = again
            tries += 1
            if !waiting.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    private func follow(_ client: NodeClient, after height: Height, _ tracker: LoadTracker) async throws {
        for try await (_, notice) in client.events([.block], after: StreamPosition(height: height)) {
            guard case .block(let block) = notice, block.transactions > 0 else { continue }
            let seen = Stopwatch.now()
            let whole = try await client.block(.height(block.header.height))
            let receipts = try await client.receipts(.height(block.header.height))
            await tracker.final(
                whole.transactions.map(\.digest), at: seen, rejected: receipts.count { $0.rejection != nil })
        }
    }
}
