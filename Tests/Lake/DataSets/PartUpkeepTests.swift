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
}
