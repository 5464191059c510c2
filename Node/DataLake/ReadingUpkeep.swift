internal import ContractKit
package import Logging
package import Primitives

/// What a node does for the readings of its lake by itself: erases what their data providers declared deleted on the chain,
/// whoever they belong to, and removes what was never anchored and what interrupted writes and erasures left.
package struct ReadingUpkeep: Sendable {
    /// Batches that a round looks at, at least a folder's: with more of them a tombstone is followed some rounds later.
    package static let batchesPerRound = 4_096
    private static let pause = Duration.seconds(20)

    private let lake: DataLake
    private let chain: ChainSource
    private let now: @Sendable () -> Timestamp
    private let log: Logger

    /// `now` is the machine's clock: by it a node knows that its chain is behind.
    package init(
        lake: DataLake, log: Logger, now: @escaping @Sendable () -> Timestamp, chain: @escaping ChainSource
    ) {
        self.lake = lake
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
            erased += try dropUnanchored(kept, in: folder, chain)
            let orphans = try lake.removeOrphans(in: folder)
            if orphans > 0 { log.notice("\(orphans) files that belonged to no batch were removed") }
            folder &+= 1
        }
        return erased
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
