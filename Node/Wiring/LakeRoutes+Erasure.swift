internal import Chain
internal import DataLake
internal import Foundation
internal import NodeClient
internal import Primitives
internal import RPC
internal import Settlement

extension LakeRoutes {
    private var erasure: Erasure {
        Erasure(
            lake: wiring.lake, chain: wiring.chain(), now: .wallClock, communities: wiring.communities.source)
    }

    func erasable(_ message: ErasureMessage) throws -> APIAnswer {
        let plan = try erasure.plan(of: message.member, in: message.community)
        return .json(
            .object([
                .init("batches", .array(plan.batches.map { .string($0.description) })),
                .init("unanchored", .array(plan.unanchored.map { .string($0.description) })),
                .init(
                    "kept",
                    .array(
                        plan.kept.map { kept in
                            .object([
                                .init("batch", .string(kept.batch.description)), .init("reason", .string(kept.reason)),
                            ])
                        })),
                .init("isWhole", .bool(plan.isWhole)),
            ]))
    }

    /// An empty payload follows the tombstones only; with a member, what of its batches was never anchored goes, too.
    func erase(_ payload: [UInt8]) throws -> APIAnswer {
        let erased = try erasure.followTombstones()
        var removed = 0
        if !payload.isEmpty {
            let message = try ErasureMessage(bcs: payload)
            removed = try erasure.removeUnanchored(of: message.member, in: message.community)
            if message.forgets { try erasure.forget(message.member, in: message.community) }
        }
        return .json(
            .object([.init("erased", .unsigned(UInt64(erased))), .init("removed", .unsigned(UInt64(removed)))]))
    }
}
