import Analytics
import Chain
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import Testing
import Trading
import TradingTestSupport

/// What peers may make a node compute; no library needed.
@Suite("Gate of forecasts") struct ForecastGateTests {
    @Test func oneAtATimeAndFewWait() async throws {
        let gate = ForecastGate { Timestamp(0) }
        let counted = Counted()
        let work: @Sendable () async throws -> Void = { try await counted.work() }
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask { (try? await gate.pass(for: "partner \(number)", work)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(counted.most == 1)
        #expect((1 + ForecastGate.waitingMax..<20).contains(outcomes), "\(outcomes)")
        // All places are free again.
        try await gate.pass(for: "partner 1", work)
    }

    /// Counts who works at the same time.
    private final class Counted: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }

        func work() async throws {
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            try await Task.sleep(for: .milliseconds(20))
            state.withLock { $0.now -= 1 }
        }
    }

    @Test func onePartnerAsksOneAtATimeAndSoManyAnHour() async throws {
        let clock = Mutex(Timestamp(1_000))
        let gate = ForecastGate { clock.withLock { $0 } }
        let nested = await #expect(throws: LakeRefusal.self) {
            try await gate.pass(for: "a") { try await gate.pass(for: "a") {} }
        }
        #expect(nested?.reason == .busy)
        for _ in 1..<ForecastGate.perHourMax { try await gate.pass(for: "a") {} }
        let refused = await #expect(throws: LakeRefusal.self) { try await gate.pass(for: "a") {} }
        #expect(refused?.text.contains("in the last hour") == true)
        try await gate.pass(for: "b") {}
        clock.withLock { $0 = Timestamp(1_000 + 3_600_000) }
        try await gate.pass(for: "a") {}
    }

    private final class Order: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }
        func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    /// Opens once.
    private actor Latch {
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isOpen = false
        func open() {
            isOpen = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
        func wait() async { if !isOpen { await withCheckedContinuation { waiting.append($0) } } }
    }

    /// Whoever waits for batches of a slow partner holds up nobody else.
    @Test(.timeLimit(.minutes(1))) func preparingDoesNotTakeTheMachine() async throws {
        let gate = ForecastGate { Timestamp(0) }
        let (latch, entered) = (Latch(), Latch())
        let slow = Task {
            try await gate.pass(
                for: "slow",
                preparing: {
                    await entered.open()
                    await latch.wait()
                }, then: { 1 })
        }
        await entered.wait()
        for number in 0..<8 { #expect(try await gate.pass(for: "other \(number)") { number } == number) }
        await latch.open()
        #expect(try await slow.value == 1)
    }

    /// With all places of partners taken, the node's own question has one, and the second turn.
    @Test(.timeLimit(.minutes(1))) func ownQuestionsHaveTheirShare() async throws {
        let gate = ForecastGate { Timestamp(0) }
        let (latch, entered) = (Latch(), Latch())
        let order = Order()
        let first = Task {
            try await gate.pass(for: "first") {
                await entered.open()
                await latch.wait()
            }
        }
        await entered.wait()
        let waiting = (0..<ForecastGate.waitingMax).map { number in
            Task { try await gate.pass(for: "partner \(number)") { order.add("other") } }
        }
        try await Task.sleep(for: .milliseconds(200))
        let refused = await #expect(throws: LakeRefusal.self) { try await gate.pass(for: "too many") {} }
        #expect(refused?.reason == .busy)
        let own = (0..<2).map { _ in
            Task { try await gate.pass(for: "own", isOwn: true) { order.add("own") } }
        }
        // No partner's hour is counted for the node itself, and it may have several questions.
        try await Task.sleep(for: .milliseconds(100))
        await latch.open()
        try await first.value
        for task in waiting + own { try await task.value }
        #expect(order.all == ["own", "other", "own", "other", "other", "other"])
    }

    /// One deadline for all batches that a partner sends.
    @Test(.timeLimit(.minutes(1))) func fetchingEndsInTime() async throws {
        let cluster = try Cluster()
        let batches = (1...4).map { Homes.batch($0) }
        let address = try cluster.community(Homes.rules(), homes: 4, from: Homes.first, batches: batches)
        let community = try #require(try cluster.chain.community(address))
        let lake = try cluster.lake("borealis")
        let fetch = BatchFetch(partner: "borealis", lake: lake) { other, message in
            // Slow, and deaf to cancellation.
            await Task.detached { try? await Task.sleep(for: .milliseconds(400)) }.value
            return await cluster.ask(other, message, from: "borealis")
        }
        let began = ContinuousClock.now
        let refused = await #expect(throws: LakeRefusal.self) {
            try await fetch.bring(
                batches.map(\.digest), of: community, from: "aurora", cluster.chain, milliseconds: 600)
        }
        #expect(refused?.reason == .unavailable && refused?.text.contains("within") == true)
        #expect(ContinuousClock.now - began < .milliseconds(1_500))
        // What came is kept, so that the next attempt goes on.
        #expect(try lake.keptBatches().count >= 1)
    }

    /// The library's file is read once while it stays the same.
    @Test func theLibraryIsReadOnce() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "library.so")
        try Data([1, 2, 3]).write(to: file)
        let time = Date(timeIntervalSince1970: 1_700_000_000)
        func set(_ time: Date) throws {
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: file.path)
        }
        func overwrite(_ bytes: [UInt8]) throws {
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: Data(bytes))
            try handle.close()
        }
        try set(time)
        let digest = try LightGBMLibrary.digest(of: file.path)
        #expect(digest == SHA256.hash([1, 2, 3]))
        // Other bytes in the same file of the same size and time are not looked at ...
        try overwrite([4, 5, 6])
        try set(time)
        #expect(try LightGBMLibrary.digest(of: file.path) == digest)
        // ... but any sign of a change is.
        try set(time.addingTimeInterval(1))
        #expect(try LightGBMLibrary.digest(of: file.path) == SHA256.hash([4, 5, 6]))
        try overwrite([4, 5, 6, 7])
        try set(time.addingTimeInterval(1))
        #expect(try LightGBMLibrary.digest(of: file.path) == SHA256.hash([4, 5, 6, 7]))
        try FileManager.default.removeItem(at: file)
        #expect(throws: LightGBMError.self) { try LightGBMLibrary.digest(of: file.path) }
    }
}
