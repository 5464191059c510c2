import Agreements
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import DataWorkload
import LedgerCrypto
import Primitives
import Testing
import TradingTestSupport

@Suite("Accesses that must count")
struct AccessFindingTests {
    private static let wattHours = EnergyColumn(name: "load_wh", unit: .wattHours)

    /// A proved answer has whole chunks: their energy counts, not only that of the span that was asked for.
    @Test func aSpanBetweenTwoRowsIsNotFree() async throws {
        let story = try MarketStory(
            hours: 6_000, energy: Self.wattHours,
            plan: MarketStory.plan(.perEnergy, price: 1_000, ceiling: 1_000_000_000))
        var delivered: [UInt8] = []
        for chunk in story.manifest.chunks {
            let gap = SliceRange.time(
                from: chunk.first.adding(milliseconds: 1), to: chunk.first.adding(milliseconds: 2))
            let request = story.request(gap)
            delivered += try story.node.verify(try await story.node.serve(request), request)
        }
        #expect(delivered == story.content)
        #expect(try await story.anchored().energy > 0, "the whole part was delivered for nothing")
    }

    /// What is above the ceiling is free; what is below it is not.
    @Test func aBurstAboveTheCeilingIsBilledUpToIt() async throws {
        let story = try MarketStory(hours: 10, plan: MarketStory.plan(.perAccess, price: 1_000_000, ceiling: 3_000_000))
        for _ in 0..<4 { _ = try await story.node.serve(story.request()) }
        #expect(try await story.anchored().accesses == 3)
    }

    /// An access that was allowed by the block before a batch was closed, and logged after it, spoils no other.
    @Test func anAccessThatIsLoggedLateCountsAndSpoilsNoOther() async throws {
        let story = try MarketStory(
            hours: 10, plan: MarketStory.plan(.perAccess, price: 1_000_000, ceiling: 1_000_000_000))
        let slow = try story.node.service.grant(story.request())
        try story.market.pass(milliseconds: 1_000)
        _ = try await story.node.serve(story.request())
        #expect(try await story.anchored().accesses == 1)
        try await story.node.service.serve(slow) { _ in }
        try story.market.pass(milliseconds: 1_000)
        for _ in 0..<5 { _ = try await story.node.serve(story.request()) }
        #expect(try await story.anchored().accesses == 7)
    }

    /// Open data needs no agreement, so a read of it may not name, and bill, somebody else's.
    @Test func openDataIsNotReadAtAnothersExpense() async throws {
        let story = try MarketStory(
            hours: 10, plan: MarketStory.plan(.perAccess, price: 1_000_000, ceiling: 1_000_000_000), sharing: .open)
        try story.market.account("other", .dataUser)
        let strange = story.node.request(story.dataSet, story.agreement, story.manifest.digest, by: "other")
        _ = try? await story.node.serve(strange)
        #expect(try await story.anchored().accesses == 0, "the user pays for what another account read")
    }

    /// A node that no longer follows the chain cannot know what was revoked, or ended, since.
    @Test func aNodeThatIsBehindServesNothing() throws {
        let story = try MarketStory(hours: 10, plan: PricePlan(.free, currency: Market.euro))
        story.node.wait(milliseconds: 31 * 86_400_000)
        #expect(throws: LakeRefusal.self, "the agreement of 30 days ended a day ago") {
            _ = try story.node.service.grant(story.request())
        }
    }

    /// A part goes when its owner declares it deleted, and not when another partner anchored its digest first.
    @Test func onlyTheOwnersTombstoneErases() throws {
        let market = try Market()
        let node = try DataNode(market)
        try node.register()
        let manifest = try node.service.accept(node.upload(Tables.csv(hours: 3), node.description()))
        try market.anchorFirst(manifest, as: "borealis")
        try market.must(
            Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: manifest.digest, reason: 1), as: "borealis")
        #expect(try node.upkeep.sweep().isEmpty)
        #expect(try node.lake.parts.entry(manifest.digest)?.status == .held)
    }

    /// A manifest may name a time column that its header line has not; no node may stop because of it.
    @Test func aTimeColumnThatIsNotThereIsRefused() async {
        await #expect(processExitsWith: .success) {
            let bytes = Array("\"1\",x\n".utf8)
            let salt = SHA256.hash([1])
            let content = PartContent.csv(header: Array("time,note\n".utf8), timeColumn: 7, time: .milliseconds)
            let manifest = Manifest(
                header: PartHeader(
                    salt: salt, zone: .harmonised, content: content, from: Timestamp(1), to: Timestamp(2),
                    byteCount: UInt64(bytes.count), rows: 1, chunks: 1),
                chunks: [
                    ChunkDescriptor(
                        offset: 0, byteCount: UInt32(bytes.count), rows: 1, first: Timestamp(1), last: Timestamp(1),
                        digest: ChunkDescriptor.digest(salt: salt, bytes[...]))
                ])
            let market = try Market()
            let (owner, copy) = (try DataNode(market), try DataNode(market, partner: "borealis"))
            try market.account("provider", .dataProvider)
            try owner.register()
            try market.describe(DataNode.dataSet, copies: ["borealis"])
            try copy.follow()
            try owner.anchor(manifest)
            let asking = PartReplication(service: copy.service) { _, message in
                if case .part = message { .manifest(manifest.bcs) } else { .chunkBytes(bytes) }
            }
            do {
                _ = try await asking.answer(.offer(manifest.digest, keepUntil: nil), from: "aurora")
                Issue.record("a part without times was taken")
            } catch {}
        }
    }

    /// Owner and copy of one data set, and how the copy answers questions about parts.
    private static func pair() throws -> (owner: DataNode, copy: DataNode) {
        let market = try Market()
        let (owner, copy) = try market.ownerAndCopy()
        return (owner, copy)
    }

    /// The same content has the same chunks everywhere: a copy takes no part that is cut into more of them.
    @Test func aCopyTakesNoPartThatIsCutOtherwise() async throws {
        let (owner, copy) = try Self.pair()
        let rows = (0..<64).map { Array("\(Tables.start + UInt64($0)),x\n".utf8) }
        var chunks: [ChunkDescriptor] = []
        var offset: UInt64 = 0
        for (index, row) in rows.enumerated() {
            let time = Timestamp(Tables.start + UInt64(index))
            chunks.append(
                ChunkDescriptor(
                    offset: offset, byteCount: UInt32(row.count), rows: 1, first: time, last: time,
                    digest: ChunkDescriptor.digest(salt: Tables.salt, row[...])))
            offset += UInt64(row.count)
        }
        let manifest = Manifest(
            header: PartHeader(
                salt: Tables.salt, zone: .harmonised,
                content: .csv(header: Array("time,note\n".utf8), timeColumn: 0, time: .milliseconds),
                from: Timestamp(Tables.start), to: Timestamp(Tables.start + 64), byteCount: offset, rows: 64,
                chunks: 64), chunks: chunks)
        try owner.anchor(manifest)
        let asking = PartReplication(service: copy.service) { _, message in
            if case .part = message { .manifest(manifest.bcs) } else { .chunkBytes(rows.flatMap { $0 }) }
        }
        await #expect(throws: (any Error).self) {
            try await asking.answer(.offer(manifest.digest, keepUntil: nil), from: "aurora")
        }
    }

    /// How long a part is kept is for its owner to say, not for whoever gives it back.
    @Test func aCopyThatGivesAPartBackDoesNotEndItsRetention() async throws {
        let (owner, copy) = try Self.pair()
        // The owner anchored the part and lost it; the copy has it.
        let manifest = try copy.service.accept(owner.upload(Tables.csv(hours: 3), owner.description()))
        try owner.anchor(manifest)
        let serving = PartReplication(service: copy.service) { _, _ in nil }
        let asking = PartReplication(service: owner.service) { _, message in
            try? await serving.answer(message, from: "aurora")
        }
        _ = try? await asking.answer(.offer(manifest.digest, keepUntil: Timestamp(1)), from: "borealis")
        try await owner.upkeep.declareExpired()
        #expect(try owner.market.read(Directory.tombstones, manifest.digest, of: WellKnown.anchors) == nil)
    }
}
