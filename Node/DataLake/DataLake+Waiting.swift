internal import ContractKit
package import Primitives

extension DataLake {
    /// Of a provider, without looking at the disk.
    func waitingTotal(of provider: String) -> WaitingTotal { catalogue.waitingTotals[provider] }

    /// Whether a batch is known to have waited for its anchor since `limit` or longer.
    package func isWaiting(_ digest: Digest, since limit: Timestamp) throws(LakeError) -> Bool {
        guard let waiting = try catalogue.waiting(digest) else { return false }
        return waiting.since <= limit
    }

    /// Looks at so many of a provider's waiting batches, each time at the next ones, and strikes out what it anchored.
    func strikeAnchored(of provider: String, limit: Int, _ chain: ChainView) throws {
        let waiting = try catalogue.nextWaiting(of: provider, limit: limit)
        let anchors = try chain.anchors(waiting.map(\.digest))
        var anchored: [Digest] = []
        for (batch, anchor) in zip(waiting, anchors) where anchor?.owner == provider { anchored.append(batch.digest) }
        try catalogue.stopWaiting(for: anchored)
    }

    /// Strikes out of the waiting ones what of `entries`, a whole folder's, is anchored by now, begins to wait for what is not,
    /// and gives what has waited since `limit` or longer.
    func followAnchors(
        of entries: [BatchEntry], in folder: UInt8, _ chain: ChainView, since: Timestamp, limit: Timestamp
    ) throws -> [BatchEntry] {
        let waiting = Dictionary(
            try catalogue.waiting(in: folder).map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        let providers = try chain.dataProviders(of: entries.map(\.meter))
        let anchors = try chain.anchors(entries.map(\.digest))
        var (anchored, found, over): ([Digest], [WaitingBatch], [BatchEntry]) = ([], [], [])
        for (place, entry) in entries.enumerated() {
            let batch = waiting[entry.digest]
            if let anchor = anchors[place], anchor.owner == providers[place] {
                if batch != nil { anchored.append(entry.digest) }
            } else if let batch {
                if batch.since <= limit { over.append(entry) }
            } else {
                found.append(
                    WaitingBatch(digest: entry.digest, provider: providers[place] ?? "", since: since, byteCount: 0))
            }
        }
        try catalogue.stopWaiting(for: anchored)
        try catalogue.wait(for: found)
        return over
    }
}
