import Chain
import DataLake
import LedgerCrypto
import Primitives
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import Settlement

/// Partners of a policy whose answers lead nowhere: they cost so much and no more, and others are asked.
@Suite("Partners that answer without end")
struct EndlessAnswerTests {
    private static let homes = 20
    private static let from = Timestamp(Homes.first.value * 3_600_000)
    private static let to = Timestamp((Homes.first.value + 6) * 3_600_000)
    private static let own = "borealis"

    private let cluster: Cluster
    private let community: CommunityView

    init() throws {
        cluster = try Cluster()
        cluster.network.withLock { $0.time = Self.to }
        let address = try cluster.community(
            Homes.rules(), homes: Self.homes, from: Homes.first, batches: (1...Self.homes).map { Homes.batch($0) })
        community = try #require(try cluster.chain.community(address))
    }

    /// How many batches came, and how many lists and batches the administrator was asked for, which answers with `answer`.
    private func fetch(
        _ answer: @escaping @Sendable (LakeMessage, LakeMessage?) -> LakeMessage?
    ) async throws -> (fetched: Int, lists: Int, batches: Int) {
        let counts = Mutex((lists: 0, batches: 0))
        let sync = LakeSync(
            partner: Self.own, lake: try cluster.lake(Self.own), chain: cluster.chain,
            ask: { [cluster] partner, message in
                let right = await cluster.ask(partner, message, from: Self.own)
                guard partner == Cluster.administrator else { return right }
                counts.withLock { counts in
                    switch message {
                    case .list: counts.lists += 1
                    case .batch: counts.batches += 1
                    default: break
                    }
                }
                return answer(message, right)
            })
        let fetched = await sync.fetchBatches(community, from: Self.from, to: Self.to)
        let asked = counts.withLock { $0 }
        return (fetched, asked.lists, asked.batches)
    }

    @Test func honestOnes() async throws {
        let result = try await fetch { _, right in right }
        #expect(result == (Self.homes, 1, Self.homes))
    }

    /// A full page of batches that nobody anchored, again and again.
    @Test func invented() async throws {
        let page = (0..<LakeMessage.listMax).map {
            ListedBatch(
                digest: SHA256.hash(Array("invented \($0)".utf8)), meter: TestNetwork.meter(1), from: Self.from,
                to: Self.to)
        }
        let result = try await fetch { message, right in
            if case .list = message { .listed(page) } else { right }
        }
        #expect(result.fetched == 0 && result.lists <= 2 && result.batches == 0, "\(result)")
    }

    @Test func silent() async throws {
        let result = try await fetch { message, right in
            if case .batch = message { nil } else { right }
        }
        #expect(result == (0, 1, 1))
    }

    @Test func listedAndNotGiven() async throws {
        let result = try await fetch { message, right in
            if case .batch = message { .refused(LakeRefusal(.notHeld, "not today")) } else { right }
        }
        #expect(result == (0, 1, LakeSync.vainMax))
    }

    /// Whether a batch of a former member may be here is judged by its span: by what it is of, not by what is listed.
    @Test func falseSpans() async throws {
        let result = try await fetch { message, right in
            guard case .list = message, case .listed(let page)? = right else { return right }
            return .listed(
                page.map { ListedBatch(digest: $0.digest, meter: $0.meter, from: Timestamp(0), to: $0.to) })
        }
        #expect(result.fetched == 0 && result.batches == LakeSync.vainMax)
        #expect(try cluster.lake(Self.own).entry(Homes.batch(1).digest) == nil)
    }

    /// Lists in parts: longer than said, not ascending, more than a settlement can have.
    @Test func parts() async throws {
        let digests = (0..<6).map { SHA256.hash([UInt8($0)]) }.sorted()
        let address = community.address
        func batches(_ count: UInt32, _ parts: [[Digest]]) async -> (Int?, asked: Int) {
            var asked = 0
            let found = await BatchParts(community: address, period: Homes.first, version: 1).fetch(count: count) {
                _ in
                defer { asked += 1 }
                return .batchList(SettlementBatches(parts[asked % parts.count]))
            }
            return (found?.digests.count, asked)
        }
        #expect(await batches(6, [Array(digests[..<4]), Array(digests[4...])]) == (6, 2))
        #expect(await batches(5, [Array(digests[..<4]), Array(digests[4...])]) == (nil, 2))
        #expect(await batches(100_000, [digests]) == (nil, 2))
        #expect(await batches(.max, [digests]) == (nil, 0))
        func salts(_ count: Int) async -> (Int?, asked: Int) {
            var asked = 0
            let list = SaltList(
                community: .zero,
                members: digests.enumerated().map { SaltList.Entry(member: MemberNumber(UInt32($0 + 1)), salt: $1) })
            let found = await SaltParts(community: address, period: Homes.first, version: 1).fetch(count: count) { _ in
                asked += 1
                return .saltList(list)
            }
            return (found?.members.count, asked)
        }
        #expect(await salts(6) == (6, 1))
        #expect(await salts(5) == (nil, 1))
        #expect(await salts(12) == (nil, 2))
    }
}
