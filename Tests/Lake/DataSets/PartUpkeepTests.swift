import ContractKit
import DataSets
import DataWorkload
import Foundation
import Primitives
import Testing

@testable import DataLake

/// What goes of a node's parts by itself, and what must not.
@Suite("Upkeep of parts")
struct PartUpkeepTests {
    /// A node whose chain is behind, as after a lost disk, sees no anchors yet: nothing goes for that, however long ago it came.
    @Test func whatIsAnchoredStaysWhileTheChainIsBehind() throws {
        let market = try Market()
        let node = try DataNode(market)
        try node.register()
        let manifest = try node.service.accept(node.upload(Tables.csv(hours: 3), node.description()))
        try node.anchor(manifest)
        let genesis = try Market()
        let behind = try DataNode(genesis, lake: node.lake)
        behind.wait(milliseconds: 10 * DataUpkeep.unanchoredMillisecondsMax)
        try behind.upkeep.sweep()
        #expect(try node.lake.parts.held().map(\.digest) == [manifest.digest])
        // Once it was seen on the chain, no state without it says anything.
        try node.upkeep.sweep()
        try genesis.pass(milliseconds: 10 * DataUpkeep.unanchoredMillisecondsMax)
        try behind.upkeep.sweep()
        #expect(try node.lake.parts.held().map(\.digest) == [manifest.digest])
        #expect(try node.lake.parts.manifest(manifest.digest) == manifest)
    }

    /// A damaged part cannot be read here, and its copies can: its retention ends like that of others.
    @Test(arguments: [false, true]) func retentionEndsWithATombstone(isDamaged: Bool) async throws {
        let market = try Market()
        let node = try DataNode(market)
        try node.register()
        let end = market.time.adding(milliseconds: 100_000)
        let manifest = try node.service.accept(
            node.upload(Tables.csv(hours: 3), node.description(keepUntil: end)))
        try node.anchor(manifest)
        try await node.upkeep.declareExpired()
        #expect(try node.lake.parts.entry(manifest.digest)?.status == .held)
        if isDamaged {
            try Data("damage".utf8).write(to: node.lake.parts.path(manifest.digest, "manifest"))
            #expect(throws: LakeError.partCorrupted(manifest.digest)) {
                try node.lake.parts.manifest(manifest.digest)
            }
        }
        node.wait(milliseconds: 200_000)
        try await node.upkeep.declareExpired()
        #expect(try node.lake.parts.entry(manifest.digest)?.status == .erased)
        let tombstone = try market.read(Directory.tombstones, manifest.digest, of: WellKnown.anchors)
        #expect(tombstone?.reason == DataUpkeep.retentionReason)
    }

    /// A copy goes when the description names its partner no more, after the grace, and not while the chain is behind.
    @Test func copiesGoWhereTheyMayNotLie() throws {
        let market = try Market()
        let (owner, copy) = (try DataNode(market), try DataNode(market, partner: "borealis"))
        try market.account("provider", .dataProvider)
        try owner.register()
        try market.describe(DataNode.dataSet, copies: ["borealis"])
        let bytes = Tables.csv(hours: 3)
        let manifest = try owner.service.accept(owner.upload(bytes, owner.description()))
        try owner.anchor(manifest)
        for node in [owner, copy] { try node.follow() }
        _ = try copy.service.accept(copy.upload(bytes, copy.description()))
        func held() throws -> [Bool] {
            try [owner, copy].map { node in
                try node.upkeep.sweep()
                try node.upkeep.letCopiesGo()
                return try node.lake.parts.entry(manifest.digest)?.status == .held
            }
        }
        #expect(try held() == [true, true])
        try market.describe(DataNode.dataSet, copies: ["corona"], previous: 1)
        for node in [owner, copy] { try node.follow() }
        #expect(try held() == [true, true])
        // The right comes back, and the count begins anew.
        try market.pass(milliseconds: HoldingRights.graceMilliseconds)
        try market.describe(DataNode.dataSet, copies: ["borealis", "corona"], previous: 2)
        #expect(try held() == [true, true] && copy.lake.parts.withdrawn().isEmpty)
        try market.describe(DataNode.dataSet, copies: ["corona"], previous: 3)
        #expect(try held() == [true, true])
        try market.pass(milliseconds: HoldingRights.graceMilliseconds + 1)
        copy.wait(milliseconds: ChainView.ageMillisecondsMax + 1)
        #expect(try held() == [true, true])
        let caughtUp = try DataNode(market, partner: "borealis", lake: copy.lake)
        // One whose read models are not made yet knows no description, and removes nothing.
        #expect(try caughtUp.upkeep.letCopiesGo().isEmpty)
    }

    @Test func aWithdrawnCopyIsForgotten() throws {
        let market = try Market()
        let (owner, copy) = try market.ownerAndCopy()
        let manifest = try copy.service.accept(copy.upload(Tables.csv(hours: 3), copy.description()))
        try owner.anchor(manifest)
        try copy.upkeep.sweep()
        try market.describe(DataNode.dataSet, previous: 1)
        #expect(try copy.upkeep.letCopiesGo().isEmpty)
        try market.pass(milliseconds: HoldingRights.graceMilliseconds + 1)
        #expect(try copy.upkeep.letCopiesGo().map(\.digest) == [manifest.digest])
        #expect(try copy.lake.parts.entry(manifest.digest) == nil && copy.lake.parts.withdrawn().isEmpty)
    }
}
