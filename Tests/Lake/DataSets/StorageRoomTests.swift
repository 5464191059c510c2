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

@Suite("What a node stores for others")
struct StorageRoomTests {
    private let market: Market
    private let owner: DataNode

    init() throws {
        market = try Market()
        owner = try DataNode(market)
        try market.account("provider", .dataProvider)
        try owner.register()
        try market.describe(DataNode.dataSet, copies: ["borealis"])
        try owner.follow()
    }

    private func copy(_ room: StorageRoom) throws -> DataNode {
        let copy = try DataNode(market, partner: "borealis", room: room)
        try copy.follow()
        return copy
    }

    private func part(hours: Int) throws -> Manifest {
        let manifest = try owner.service.accept(owner.upload(Tables.csv(hours: hours), owner.description()))
        try owner.anchor(manifest)
        return manifest
    }

    /// What a node says to the owner's offer of a part.
    private func offer(_ part: Digest, to copy: DataNode) async throws -> PartReplication.Answer {
        let serving = PartReplication(service: owner.service) { _, _ in nil }
        let asking = PartReplication(service: copy.service) { _, message in
            do { return try await serving.answer(message, from: "borealis") } catch {
                return (error as? LakeRefusal).map { .refused($0) }
            }
        }
        let offering = PartReplication(service: owner.service) { _, message in
            do { return try await asking.answer(message, from: "aurora") } catch {
                return (error as? LakeRefusal).map { .refused($0) }
            }
        }
        return try #require(try await offering.offer(part).first)
    }

    @Test func onlyThoseWhomTheOperatorNamesAreCopied() async throws {
        let part = try part(hours: 3).digest
        let closed = try copy(StorageRoom(owners: ["corona"]))
        let answer = try await offer(part, to: closed)
        #expect(answer.refusal?.contains("copies-for") == true && !answer.isForNow)
        #expect(try closed.lake.parts.held().isEmpty)
        #expect(closed.service.refused.page.map(\.owner) == ["aurora"])
        // Neither as an offer nor as an upload.
        let upload = owner.upload(Tables.csv(hours: 4), owner.description())
        let refusal = #expect(throws: LakeRefusal.self) { try closed.service.accept(upload) }
        #expect(refusal?.text.contains("copies-for") == true)
        #expect(try await offer(part, to: copy(StorageRoom(owners: ["aurora"]))).refusal == nil)
        #expect(try await offer(part, to: copy(StorageRoom())).refusal == nil)
    }

    @Test func anOwnerHasSoMuchRoomAndNoMore() async throws {
        let (first, second) = (try part(hours: 30), try part(hours: 31))
        let node = try copy(StorageRoom(copyBytesMax: first.header.byteCount + second.header.byteCount - 1))
        #expect(try await offer(first.digest, to: node).refusal == nil)
        let answer = try await offer(second.digest, to: node)
        #expect(answer.refusal?.contains("copies-megabytes-max") == true && answer.isForNow)
        #expect(try node.lake.parts.held().map(\.digest) == [first.digest])
        #expect(try node.lake.parts.bytesByOwner().map(\.bytes) == [first.header.byteCount])
        #expect(node.service.refused.page.map(\.refused) == [1])
        // What the owner deletes makes room.
        try owner.delete(first.digest)
        try node.upkeep.sweep()
        #expect(try await offer(second.digest, to: node).refusal == nil)
        // The bound is for uploads at a copy, too.
        let more = owner.upload(Tables.csv(hours: 32), owner.description())
        #expect(throws: LakeRefusal.self) { try node.service.accept(more) }
    }

    @Test func whatWaitsForItsAnchorIsBounded() throws {
        let size = try Tables.manifest(Tables.csv(hours: 30)).header.byteCount
        let node = try DataNode(market, room: StorageRoom(copyBytesMax: 0, waitingBytesMax: 2 * size + size / 2))
        func upload(_ hours: Int) throws -> Manifest {
            try node.service.accept(node.upload(Tables.csv(hours: hours), node.description()))
        }
        let first = try upload(30)
        _ = try upload(29)
        let error = #expect(throws: LakeRefusal.self) { try upload(28) }
        #expect(error?.reason == .busy && error?.text.contains("waiting-megabytes-max") == true)
        // The same again needs no room; what is anchored waits no longer; what is never anchored goes.
        #expect(try upload(30) == first)
        try node.anchor(first)
        _ = try upload(28)
        #expect(throws: LakeRefusal.self) { try upload(27) }
        try market.pass(milliseconds: DataUpkeep.unanchoredMillisecondsMax + 1)
        try node.upkeep.sweep()
        _ = try upload(27)
        #expect(try node.lake.parts.held().count == 2)
    }
}
