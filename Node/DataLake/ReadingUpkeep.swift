internal import ContractKit
package import Logging
package import Primitives

/// What a node does for the readings of its lake by itself: erases what their data providers declared deleted on the chain,
/// whoever they belong to, and removes what was never anchored, copies that its partner may not hold any more
/// (`HoldingRights`), and what interrupted writes and erasures left.
package struct ReadingUpkeep: Sendable {
    /// Batches that a round looks at, at least a folder's: with more of them a tombstone is followed some rounds later.
    package static let batchesPerRound = 4_096
    private static let pause = Duration.seconds(20)

    private let partner: String
    private let lake: DataLake
    private let communities: CommunitySource
    private let chain: ChainSource
    private let now: @Sendable () -> Timestamp
    private let log: Logger

    /// `partner` is the node's, `communities` are all that name it or that it runs. `now` is the machine's clock: by it a node
    /// knows that its chain is behind.
    package init(
        partner: String, lake: DataLake, log: Logger, now: @escaping @Sendable () -> Timestamp,
        communities: @escaping CommunitySource, chain: @escaping ChainSource
    ) {
        self.partner = partner
        self.lake = lake
        self.communities = communities
        self.now = now
        self.chain = chain
        self.log = log
    }

    /// Repeats until the task is cancelled; a round that fails is tried again.
    package func run() async {
        var folder: UInt8 = 0
        while !Task.isCancelled {
            do {
                _ = try round(from: &folder)
            } catch {
                log.warning("upkeep of readings: \(error)")
            }
            try? await Task.sleep(for: ReadingUpkeep.pause)
        }
    }

    /// Goes on at `folder`; what was erased or removed.
    package func round(from folder: inout UInt8) throws -> [Digest] {
        try lake.finishErasing()
        let chain = try chain()
        var rights = try rights(chain)
        var erased: [Digest] = []
        var seen = 0
        for _ in 0..<256 where seen < ReadingUpkeep.batchesPerRound {
            var kept: [BatchEntry] = []
            for entry in try lake.keptBatches(in: folder) {
                seen += 1
                guard let tombstone = try chain.tombstone(entry.digest, of: entry.meter) else {
                    kept.append(entry)
                    continue
                }
                try lake.erase(entry.digest, reason: tombstone.reason)
                erased.append(entry.digest)
                log.info("batch \(entry.digest.short) of meter \(entry.meter) was erased: its provider deleted it")
            }
            let dropped = Set(try dropUnanchored(kept, in: folder, chain))
            kept.removeAll { dropped.contains($0.digest) }
            erased += dropped
            if var known = rights {
                erased += try letGo(kept, in: folder, chain, &known)
                rights = known
            }
            let orphans = try lake.removeOrphans(in: folder)
            if orphans > 0 { log.notice("\(orphans) files that belonged to no batch were removed") }
            folder &+= 1
        }
        return erased
    }

    /// Nil while nothing can be judged: the chain is behind, or does not tell all communities of the partner yet.
    private func rights(_ chain: ChainView) throws -> HoldingRights? {
        guard chain.isFresh(now()), let communities = try communities(chain) else { return nil }
        return HoldingRights(partner: partner, communities: communities, chain: chain)
    }

    private func letGo(
        _ entries: [BatchEntry], in folder: UInt8, _ chain: ChainView, _ rights: inout HoldingRights
    ) throws -> [Digest] {
        if entries.isEmpty { return [] }
        let over = try lake.followRights(of: entries, in: folder, &rights, at: chain.time)
        for entry in over {
            try lake.letGo(entry.digest)
            log.info(
                "batch \(entry.digest.short) of meter \(entry.meter) was removed: \(partner) may not hold it any more")
        }
        return over.map(\.digest)
    }

    /// Nothing while the chain is behind, which knows too little of anchors.
    private func dropUnanchored(_ entries: [BatchEntry], in folder: UInt8, _ chain: ChainView) throws -> [Digest] {
        let now = now()
        if entries.isEmpty || AnchorWait.isBehind(chain, now: now) { return [] }
        let limit = AnchorWait.limit(chain, AnchorWait.keptMilliseconds)
        let over = try lake.followAnchors(
            of: entries, in: folder, chain, since: max(chain.time, now), limit: limit)
        var removed: [Digest] = []
        for entry in over where try lake.removeUnanchored(entry.digest, waitingSince: limit) {
            removed.append(entry.digest)
            log.info("batch \(entry.digest.short) of meter \(entry.meter) was removed: its provider never anchored it")
        }
        return removed
    }
}
