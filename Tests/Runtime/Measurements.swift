import Chain
import Foundation
import NodeRuntime
import Primitives
import Testing
import Transport

/// Figures of four nodes in one process, printed, with nothing expected of them:
/// `COMMONWATT_MEASURE=20000 swift test --filter Measurements` commits that many transactions.
@Suite(.serialized) struct Measurements {
    static let count = ProcessInfo.processInfo.environment["COMMONWATT_MEASURE"].flatMap { Int($0) } ?? 0

    @Test(.enabled(if: count > 0)) func latencyOfSingleTransactions() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.commit("first", at: 0)
        var times: [Double] = []
        for round in 0..<300 {
            let transaction = try network.transaction("note \(round)")
            try await Task.sleep(nanoseconds: 5_000_000)
            let begin = ContinuousClock.now
            _ = try await network.node(round % 4).submit([transaction])
            _ = try await network.node(round % 4).outcome(of: transaction.digest, waitingMilliseconds: 30_000)
            times.append(Double((ContinuousClock.now - begin).components.attoseconds) / 1e15)
        }
        times.sort()
        print("idle latency ms: p50 \(times[150]) p90 \(times[270]) p99 \(times[297]) max \(times[299])")
        await report(network)
        await network.stop([0, 1, 2, 3])
    }

    @Test(.enabled(if: count > 0)) func throughput() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.commit("first", at: 0)
        let total = Measurements.count
        let size = 100
        var batches: [[Transaction]] = []
        for batch in 0..<total / size {
            batches.append(
                try (0..<size).map {
                    try network.transaction("n\($0)", number: UInt16($0), sender: UInt8(100 + batch % 40))
                })
        }
        let begin = ContinuousClock.now
        let nodes = try (0..<4).map { try network.node($0) }
        let queue = batches
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<32 {
                group.addTask {
                    for index in stride(from: client, to: queue.count, by: 32) {
                        let node = nodes[client % 4]
                        _ = try? await node.submit(queue[index])
                        // Closed loop: a client waits for its last transaction before it sends more.
                        _ = try? await node.outcome(of: queue[index][size - 1].digest, waitingMilliseconds: 30_000)
                    }
                }
            }
        }
        _ = await eventually { nodes.allSatisfy { $0.counters.finalTransactions >= UInt64(total) } }
        let seconds =
            Double((ContinuousClock.now - begin).components.attoseconds) / 1e18
            + Double((ContinuousClock.now - begin).components.seconds)
        print("throughput: \(Double(total) / seconds) tx/s, \(total) in \(seconds) s")
        await report(network)
        await network.stop([0, 1, 2, 3])
    }

    private func report(_ network: TestNetwork) async {
        guard let node = network.nodes[0] else { return }
        let counters = node.counters
        print(
            "node 0: blocks \(counters.finalBlocks), views \(counters.viewsEntered), groups \(counters.journalGroups), records \(counters.journalRecords), steps \(counters.steps)"
        )
        print(
            "  sync µs mean \(counters.journalSync.sumMicroseconds / max(1, counters.journalGroups)) \(counters.journalSync.counts)"
        )
        print("  step µs mean \(counters.step.sumMicroseconds / max(1, counters.steps)) \(counters.step.counts)")
        let checked = network.nodes.map { $0?.counters.signaturesChecked ?? 0 }
        print(
            "  signatures checked \(checked), nullified or idle views \(counters.viewsEntered - counters.finalBlocks)")
        let links = await node.snapshot().transport
        print("  sent \(links.messagesSent) messages, \(links.bytesSent) bytes")
    }
}
