import Foundation
import LedgerCrypto
import Primitives
import Synchronization
import Testing

@testable import NodeRuntime

/// What takes long does not hold up those whose answers are short.
@Suite(.serialized) struct BackgroundTests {
    /// More tasks that block than Swift's pool has threads: others still run.
    @Test(.timeLimit(.minutes(1))) func blockedTasksHoldUpNobody() async {
        let executor = BackgroundExecutor(name: "test", threads: 2)
        let gate = DispatchSemaphore(value: 0)
        let blocked = 2 * ProcessInfo.processInfo.activeProcessorCount
        let tasks = (0..<blocked).map { _ in
            Task(executorPreference: executor) { BackgroundTests.block(on: gate) }
        }
        // Tasks of the ordinary pool come through, and it is one of them that opens the gate.
        for _ in 0..<blocked { await Task.detached { await Task.yield() }.value }
        for _ in tasks { gate.signal() }
        for task in tasks { await task.value }
        executor.stop()
        // What comes after the end is not lost.
        #expect(await Task(executorPreference: executor) { 7 }.value == 7)
    }

    private actor Counter {
        private(set) var count = 0
        func add() { count += 1 }
    }

    /// Tasks that are under way when the threads end go on to their end, wherever they wait: a node that halts ends its threads first.
    @Test(.timeLimit(.minutes(1))) func tasksOutliveTheThreads() async {
        for _ in 0..<20 {
            let executor = BackgroundExecutor(name: "test", threads: 2)
            let counter = Counter()
            let tasks = (0..<32).map { number in
                Task(executorPreference: executor) {
                    for _ in 0..<10 {
                        try? await Task.sleep(for: .milliseconds(number % 4))
                        await Task.yield()
                        await withTaskGroup(of: Void.self) { group in
                            // The last one resumes who waits for the group.
                            for child in 0..<3 {
                                group.addTask {
                                    try? await Task.sleep(for: .milliseconds(child))
                                    await counter.add()
                                }
                            }
                        }
                        await Task.detached { await Task.yield() }.value
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(5))
            executor.stop()
            for task in tasks { await task.value }
            #expect(await counter.count == 32 * 10 * 3)
        }
    }

    /// So do those that are cancelled then, which happens under a lock of the task's own.
    @Test(.timeLimit(.minutes(1))) func tasksAreCancelledWithoutThreads() async {
        for _ in 0..<20 {
            let executor = BackgroundExecutor(name: "test", threads: 2)
            let counter = Counter()
            let tasks = (0..<16).map { _ in
                Task(executorPreference: executor) {
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<3 {
                            group.addTask {
                                await withTaskCancellationHandler {
                                    try? await Task.sleep(for: .seconds(3_600))
                                    await counter.add()
                                } onCancel: {
                                }
                            }
                        }
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(5))
            executor.stop()
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
            #expect(await counter.count == 16 * 3)
        }
    }

    private static func block(on gate: DispatchSemaphore) { gate.wait() }

    private final class Order: Sendable {
        let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    /// One that asks much waits for itself.
    @Test(.timeLimit(.minutes(1))) func peersTakeTurns() async {
        let executor = BackgroundExecutor(name: "test", threads: 1)
        let (busy, other) = (
            executor.serving(SHA256.hash(Array("busy".utf8))), executor.serving(SHA256.hash(Array("other".utf8)))
        )
        let gate = DispatchSemaphore(value: 0)
        let order = Order()
        var tasks = [Task(executorPreference: executor) { BackgroundTests.block(on: gate) }]
        for _ in 0..<8 { tasks.append(Task(executorPreference: busy) { order.add("busy") }) }
        tasks.append(Task(executorPreference: other) { order.add("other") })
        gate.signal()
        for task in tasks { await task.value }
        #expect(order.names.withLock { $0.firstIndex(of: "other") } == 1)
        executor.stop()
    }

    /// A request that computes, such as an attestation, runs aside; the brief ones are answered meanwhile.
    @Test(.timeLimit(.minutes(1))) func aBusyServiceDoesNotDelayBriefOnes() async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1])
        let (asker, server) = (try network.node(0), try network.node(1))
        #expect(await eventually { await asker.snapshot().peers.contains { $0.isConnected } })
        let gate = DispatchSemaphore(value: 0)
        server.services.register(900) { _, _ in
            BackgroundTests.block(on: gate)
            return [1]
        }
        server.services.register(901, isBrief: true) { _, bytes in bytes }
        let busy = 2 * ProcessInfo.processInfo.activeProcessorCount
        let peer = network.peer(1)
        let slow = (0..<busy).map { _ in
            Task { try await asker.services.request(900, [], to: peer, timeoutMilliseconds: 30_000) }
        }
        for number in UInt8(0)..<8 {
            #expect(try await asker.services.request(901, [number], to: peer, timeoutMilliseconds: 10_000) == [number])
        }
        for _ in slow { gate.signal() }
        for task in slow { #expect(try await task.value == [1]) }
        await network.stop([0, 1])
    }
}
