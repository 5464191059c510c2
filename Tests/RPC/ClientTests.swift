import Chain
import Foundation
import LightClient
import Primitives
import RPC
import Testing

@testable import NodeClient

@Suite struct ClientTests {
    @Test func submitsWaitsAndReads() async throws {
        try await TestServer.with { server in
            let client = try server.client()
            let transaction = try server.transaction("client")
            let result = try await client.run(transaction, seconds: 10)
            #expect(result.receipt.rejection == nil)
            #expect(try await client.receipt(of: transaction.digest).header.height == result.height)
            let block = try await client.block(.digest(result.block))
            #expect(block.transactions.contains(transaction))
            let receipts = try await client.receipts(.height(result.height), of: block.header)
            #expect(receipts.contains(result.receipt))
            let finality = try await client.certificate(.height(result.height))
            #expect(finality.header == block.header)
            #expect(
                finality.certificate.verify(network: server.node.genesis.network, set: server.node.genesis.validators))
            #expect(finality.certificate.digest == (finality.descendants.last ?? finality.header).digest)
            let key = SmallNode.key(of: transaction.digest, 0)
            let value = try await client.value(key, minimumHeight: result.height)
            #expect(value.value == [1] + Array("client".utf8))
            let verified = try await client.verifiedValue(key, minimumHeight: result.height)
            #expect(verified.entry(key)?.value == value.value)
            #expect(client.anchor?.height == verified.header.height)
            #expect(try await client.verifiedValue([0]).entry([0])?.value == nil)
            #expect(try await client.status(of: transaction.digest) != .unknown)
            #expect(try await client.genesis() == server.node.genesis)
            #expect(try await client.validators().validators == server.node.genesis.validators)
            #expect(try await client.nodeStatus().networkName == "small-net")
            let echo = try #require(Address(text: "echo"))
            #expect(try await client.query(echo, 1, arguments: [1, 2, 3]) == [1, 2, 3])
            #expect(try await client.contractInterface(echo)["name"]?.text == "echo")
            try await client.shutdown()
        }
    }

    @Test func batchOfThousands() async throws {
        try await TestServer.with { server in
            let client = try server.client()
            let batch = try (0..<1_000).map { try server.transaction("m", salt: UInt64($0)) }
            let outcomes = try await client.submit(batch: batch)
            #expect(outcomes == [Submission](repeating: .accepted, count: 1_000))
            let last = try await client.finality(of: batch[999].digest, seconds: 10)
            #expect(last.receipt.subject == batch[999].digest)
            try await client.shutdown()
        }
    }

    /// A node that says when to come back is asked again then.
    @Test func clientsWaitAsTheyAreTold() async throws {
        try await TestServer.with(LimitTests.limited(tokens: 1)) { server in
            let client = try server.client()
            _ = try await client.nodeStatus()
            let started = ContinuousClock.now
            // The second token comes after a second, which is more than the pause between two rounds.
            _ = try await client.nodeStatus()
            #expect(ContinuousClock.now - started > .milliseconds(700))
            try await client.shutdown()
        }
    }

    /// So does one that follows the chain, instead of ending.
    @Test func subscriptionsWaitAsTheyAreTold() async throws {
        let node = try SmallNode()
        try await node.makeBlock()
        try await TestServer.with(LimitTests.limited(tokens: 4), over: node) { server in
            let client = try server.client()
            for _ in 0..<4 { _ = try await client.nodeStatus() }
            let started = ContinuousClock.now
            var heights: [UInt64] = []
            for try await (position, _) in client.events([.block], after: StreamPosition(height: Height(0))) {
                heights.append(position.height.value)
                break
            }
            #expect(heights == [1])
            #expect(ContinuousClock.now - started > .milliseconds(700))
            try await client.shutdown()
        }
    }

    @Test func failuresAreInPlainWords() async throws {
        try await TestServer.with(isDriven: false) { server in
            let client = try server.client()
            let transaction = try server.transaction("x")
            var bytes = transaction.bytes
            bytes[bytes.count - 1] ^= 1
            let forged = try Transaction(bytes: bytes)
            do {
                _ = try await client.submit(forged)
                Issue.record("accepted")
            } catch ClientError.problem(let report) {
                #expect(report.status == 422 && report.code == 1)
                #expect(report.detail.contains("signature"))
            }
            #expect(try await client.status(of: transaction.digest) == .unknown)
            _ = try await client.submit(transaction)
            do {
                _ = try await client.finality(of: transaction.digest, seconds: 1)
                Issue.record("final")
            } catch ClientError.notFinal(let digest, let seconds) {
                #expect(digest == transaction.digest && seconds == 1)
            }
            do {
                _ = try await client.block(.height(Height(9)))
                Issue.record("found")
            } catch ClientError.problem(let report) {
                #expect(report.status == 404 && "\(ClientError.problem(report))".contains("no final block"))
            }
            try await client.shutdown()
            let nobody = try NodeClient(nodes: ["http://127.0.0.1:1"])
            do {
                _ = try await nobody.nodeStatus()
                Issue.record("answered")
            } catch ClientError.noNodeAnswered(let failures) {
                #expect(failures.first?.reason.contains("cannot be reached") == true, "\(failures)")
            }
            try await nobody.shutdown()
            #expect(throws: ClientError.self) { try NodeClient(nodes: []) }
            #expect(throws: ClientError.self) { try NodeClient(nodes: ["ftp://x"]) }
        }
    }

    @Test func goesToAnotherNode() async throws {
        try await TestServer.with { first in
            try await TestServer.with { second in
                let client = try NodeClient(
                    nodes: ["http://127.0.0.1:1", first.base, second.base], anchor: TrustAnchor(first.node.genesis))
                #expect(try await client.nodeStatus().ready)
                #expect(client.order.first == 1)
                await first.node.set(failure: .unavailable("Stopping.", retryAfterSeconds: 1))
                #expect(try await client.block(.height(Height(0))).header.height == Height(0))
                #expect(client.order.first == 2)
                try await client.shutdown()
            }
        }
    }

    @Test func refusesProofsOfAnotherNetwork() async throws {
        try await TestServer.with { server in
            let other = try SmallNode(name: "other-net")
            let client = try NodeClient(nodes: [server.base], anchor: TrustAnchor(other.genesis))
            do {
                _ = try await client.verifiedValue(SmallNode.knownKey)
                Issue.record("accepted")
            } catch ClientError.proofRefused(_, let why) {
                #expect("\(why)".contains("network"))
            }
            try await client.shutdown()
        }
    }

    @Test func followsTheChain() async throws {
        try await TestServer.with(idleMilliseconds: 20) { server in
            let client = try server.client()
            var heights: [Height] = []
            for try await (position, notice) in client.events([.block], after: StreamPosition(height: Height(0))) {
                guard case .block(let block) = notice else { throw TestFailure("another kind") }
                #expect(position.height == block.header.height)
                heights.append(block.header.height)
                if heights.count == 10 { break }
            }
            let expected: [Height] = (1...10).map { Height(UInt64($0)) }
            #expect(heights == expected)
            try await client.shutdown()
        }
    }

    /// The stream of one node ends in the middle; the reader goes on at another one and sees each block once.
    @Test func subscriptionSurvivesItsNode() async throws {
        let node = try SmallNode()
        for _ in 0..<20 { try await node.makeBlock() }
        let (heights, continuation) = AsyncStream.makeStream(of: UInt64.self)
        let second = try await TestServer.freePort()
        let reader: Task<Void, any Error> = try await TestServer.with(over: node) { first in
            let client = try NodeClient(nodes: [first.base, "http://127.0.0.1:\(second)"])
            let task = Task {
                for try await (position, _) in client.events([.block], after: StreamPosition(height: Height(0))) {
                    continuation.yield(position.height.value)
                    if position.height == Height(40) { break }
                }
                continuation.finish()
                try await client.shutdown()
            }
            var seen = 0
            for await _ in heights.prefix(20) { seen += 1 }
            #expect(seen == 20)
            return task
        }
        for _ in 0..<20 { try await node.makeBlock() }
        let rest = try await TestServer.with(over: node, port: second) { _ in
            var found: [UInt64] = []
            for await height in heights { found.append(height) }
            return found
        }
        #expect(rest == Array(21...40))
        reader.cancel()
    }
}
