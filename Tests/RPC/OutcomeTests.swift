import Chain
import Foundation
import LightClient
import Primitives
import RPC
import Testing

@testable import NodeClient

/// What became of a transaction is proved, or it is not known.
@Suite struct OutcomeTests {
    private static func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1_000) }

    /// A transaction of the server's sender that expires so long from now.
    private static func transaction(
        _ server: TestServer, _ text: String, expiresAfter milliseconds: UInt64
    ) throws -> Transaction {
        let made = try server.transaction(text)
        let body = TransactionBody(
            network: made.body.network, sender: made.body.sender, expiry: Timestamp(now() + milliseconds),
            salt: made.body.salt, calls: made.body.calls)
        return try Transaction(signing: body, with: TestServer.secret)
    }

    @Test func absenceIsProvedOnceALaterBlockIsFinal() async throws {
        try await TestServer.with(isDriven: false) { server in
            let client = try server.client()
            let sent = try Self.transaction(server, "lost", expiresAfter: 2_000)
            let (digest, expiry) = (sent.digest, sent.body.expiry)
            try await server.node.makeBlock()
            guard case .open(let time) = try await client.provedOutcome(of: digest, expiry: expiry) else {
                throw TestFailure("it is said to have expired before")
            }
            #expect(time <= expiry)
            try await Task.sleep(for: .milliseconds(2_100))
            for _ in 0..<5 { try await server.node.makeBlock() }
            guard case .absent(let header) = try await client.provedOutcome(of: digest, expiry: expiry) else {
                throw TestFailure("its absence is not proved")
            }
            // The first block past the expiry is enough.
            #expect(header.height == Height(2) && header.time > expiry)
            try await client.shutdown()
        }
    }

    /// A node says that it does not know a transaction; its blocks hold it.
    @Test func whatABlockHoldsIsNotExpired() async throws {
        try await TestServer.with(isDriven: false) { server in
            let client = try server.client()
            let sent = try Self.transaction(server, "hidden", expiresAfter: 2_000)
            let (digest, expiry) = (sent.digest, sent.body.expiry)
            try await server.node.makeBlock()
            let before = try await client.provedHead().height
            _ = try await client.submit(sent)
            for _ in 0..<3 { try await server.node.makeBlock() }
            try await Task.sleep(for: .milliseconds(2_100))
            for _ in 0..<3 { try await server.node.makeBlock() }
            for since in [Height(0), before] {
                guard
                    case .included(let proven) = try await client.provedOutcome(
                        of: digest, expiry: expiry, since: since)
                else { throw TestFailure("it is said to have expired") }
                #expect(proven.receipt.subject == digest && proven.result.height == Height(2))
            }
            try await client.shutdown()
        }
    }

    @Test func aClientWithoutAGenesisProvesNothing() async throws {
        try await TestServer.with(isDriven: false) { server in
            let client = try server.client(anchored: false)
            try await server.node.makeBlock()
            await #expect(throws: ClientError.self) {
                try await client.provedOutcome(of: .zero, expiry: Timestamp(Self.now() - 1_000))
            }
            try await client.shutdown()
        }
    }

    /// The chain of another network proves nothing, however late its blocks are.
    @Test func anotherNetworkProvesNothing() async throws {
        try await TestServer.with(isDriven: false) { server in
            let other = try SmallNode(name: "other-net")
            try await server.node.makeBlock()
            let client = try NodeClient(nodes: [server.base], anchor: TrustAnchor(other.genesis))
            await #expect(throws: ClientError.self) {
                try await client.provedOutcome(of: .zero, expiry: Timestamp(Self.now() - 1_000))
            }
            await #expect(throws: ClientError.self) { try await client.provedHeader(at: Height(1)) }
            try await client.shutdown()
        }
    }

    @Test func theReceiptIsOfTheTransactionThatWasAskedFor() async throws {
        try await TestServer.with { server in
            let honest = try server.client()
            let mine = try server.transaction("mine")
            let other = try await honest.run(try server.transaction("other", salt: 2), seconds: 10)
            let report = TransactionReport(digest: mine.digest, status: .final(other))
            let liar = try await LiarRoute.serve(JSONCoder<TransactionReport>.transactionReport.encode(report).compact)
            let address = "http://127.0.0.1:\(liar.port)"
            let alone = try NodeClient(nodes: [address])
            do {
                _ = try await alone.status(of: mine.digest)
                Issue.record("another receipt was taken")
            } catch ClientError.badAnswer(_, let what) {
                #expect(what.contains("receipt of another transaction"))
            }
            let both = try NodeClient(nodes: [address, server.base])
            #expect(try await both.status(of: mine.digest) == .unknown)
            for client in [honest, alone, both] { try await client.shutdown() }
            try await liar.stop()
        }
    }

    /// Whichever way it says so.
    @Test func aNodeThatSaysUnknownIsPassedOver() async throws {
        try await TestServer.with(isDriven: false) { server in
            let sent = try server.transaction("known to one")
            let report = TransactionReport(digest: sent.digest, status: .unknown)
            let liar = try await LiarRoute.serve(JSONCoder<TransactionReport>.transactionReport.encode(report).compact)
            let client = try NodeClient(nodes: ["http://127.0.0.1:\(liar.port)", server.base])
            #expect(try await server.node.submit([sent]) == [.accepted])
            #expect(try await client.status(of: sent.digest) == .pending)
            try await client.shutdown()
            try await liar.stop()
        }
    }

    /// That one node does not know a transaction says nothing of the others.
    @Test func allNodesAreAskedBeforeItIsUnknown() async throws {
        try await TestServer.with(isDriven: false) { first in
            try await TestServer.with(isDriven: false) { second in
                let client = try NodeClient(nodes: [first.base, second.base])
                let sent = try second.transaction("known to one")
                #expect(try await client.status(of: sent.digest) == .unknown)
                #expect(try await second.node.submit([sent]) == [.accepted])
                #expect(try await client.status(of: sent.digest) == .pending)
                for server in [first, second] { try await server.node.makeBlock() }
                client.prefer(0)
                #expect(try await client.receipt(of: sent.digest).receipt.subject == sent.digest)
                client.prefer(0)
                let latest = try #require(try await second.node.header(.latest))
                #expect(try await client.block(.digest(latest.digest)).digest == latest.digest)
                try await client.shutdown()
            }
        }
    }
}
