import Chain
import Consensus
import Foundation
import LedgerCrypto
import Primitives
import Replica
import Testing

@testable import NodeRuntime

/// However much one peer sends, the others are heard in their turn.
@Suite struct FairnessTests {
    private let busy = SHA256.hash([1])
    private let other = SHA256.hash([2])

    @Test func originsTakeTurnsEachInItsOrder() {
        var queue = FairQueue<String, Int>()
        for number in 0..<3_000 { queue.add(number, of: "a") }
        for number in 0..<2 { queue.add(10_000 + number, of: "b") }
        queue.add(20_000, of: "c")
        #expect((0..<6).map { _ in queue.next() } == [0, 10_000, 20_000, 1, 10_001, 2])
        // A new one waits for a round, not for what is there.
        queue.add(30_000, of: "b")
        #expect((0..<2).map { _ in queue.next() } == [3, 30_000])
        var rest: [Int] = []
        while let number = queue.next() { rest.append(number) }
        #expect(rest == Array(4..<3_000))
        #expect(queue.isEmpty && queue.next() == nil)
        queue.add(1, of: "c")
        #expect(queue.next() == 1)
    }

    private func message(_ number: UInt64, from peer: Digest) -> Arrival {
        Arrival(event: .message(.request(.range(from: Height(number)), id: number), from: peer))
    }

    private func sender(_ arrival: Arrival) -> (Digest, UInt64)? {
        if case .message(.request(_, let id), let peer) = arrival.event { (peer, id) } else { nil }
    }

    @Test func aVoteDoesNotWaitBehindAnotherPeersMessages() throws {
        let inbox = Inbox()
        for number in 0..<10_000 { inbox.add(message(UInt64(number), from: busy), of: busy) }
        inbox.add(message(7, from: other), of: other)
        inbox.add(.stored(upTo: 1))
        let first = inbox.take(until: 0).urgent
        #expect(first.count == Inbox.urgentMax)
        #expect(first.prefix(3).contains { sender($0)?.0 == other })
        #expect(first.prefix(3).contains { if case .stored = $0.event { true } else { false } })
        // The busy one's stay in their order.
        var numbers = first.compactMap(sender).filter { $0.0 == busy }.map(\.1)
        while true {
            let more = inbox.take(until: 0).urgent
            if more.isEmpty { break }
            numbers += more.compactMap(sender).map(\.1)
        }
        #expect(numbers == Array(0..<10_000))
    }

    /// Clients' transactions wait for a while at most when a peer never pauses, and behind no other peer's gossip.
    @Test func admissionsGetTheirTurn() throws {
        let inbox = Inbox()
        let body = TransactionBody(
            network: .zero, sender: secret(9).publicKey, expiry: Timestamp(9), salt: 1,
            calls: [Call(instance: Address(createdBy: .zero, index: 0), method: 0, arguments: [])])
        let signed = try #require(SignedTransaction(verifying: try Transaction(signing: body, with: secret(9))))
        for _ in 0..<5_000 {
            inbox.add(Admission(peer: busy, transactions: [signed], answer: nil, credit: nil))
        }
        inbox.add(Admission(peer: nil, transactions: [signed], answer: nil, credit: nil))
        for number in 0..<10_000 { inbox.add(message(UInt64(number), from: busy), of: busy) }
        let batches = (0..<16).map { _ in inbox.take(until: 0) }
        #expect(batches.allSatisfy { $0.urgent.count == Inbox.urgentMax })
        let admitted = batches.filter { !$0.admissions.isEmpty }
        #expect(admitted.count == 2)
        #expect(admitted.first?.admissions.prefix(2).contains { $0.peer == nil } == true)
    }

    @Test func checksOfSignaturesTakeTurns() async {
        let pool = WorkPool(name: "test", threads: 1)
        let gate = DispatchSemaphore(value: 0)
        let lock = NSLock()
        nonisolated(unsafe) var order: [String] = []
        pool.add(.now, of: nil) { gate.wait() }
        let note: @Sendable (String) -> Void = { name in lock.withLock { order.append(name) } }
        for urgency in [WorkPool.Urgency.now, .later] {
            for _ in 0..<100 { pool.add(urgency, of: busy) { note("busy") } }
            pool.add(urgency, of: other) { note("other") }
        }
        gate.signal()
        // The last of all.
        await pool.run(.later, of: busy) {}
        let places = order.indices.filter { order[$0] == "other" }
        #expect(order.count == 202 && places == [1, 102])
        pool.stop()
        // After the end its callers do their work themselves.
        #expect(await pool.run(.now, of: nil) { 7 } == 7)
    }
}
