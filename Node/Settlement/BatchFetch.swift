internal import ContractKit
package import DataLake
internal import LedgerCrypto
internal import NodeClient
package import Primitives
internal import Trading

/// Fetches anchored batches of a community that this lake lacks from the partner that names them.
package struct BatchFetch: Sendable {
    private let partner: String
    private let lake: DataLake
    private let ask: Attester.Fetch

    /// `partner` is this node's own.
    package init(partner: String, lake: DataLake, ask: @escaping Attester.Fetch) {
        self.partner = partner
        self.lake = lake
        self.ask = ask
    }

    /// Every batch must be anchored as readings, by the meter's data provider, and one that is missing or damaged here of a
    /// meter of the community; throws a `LakeRefusal` that says which is not. With `milliseconds`, all of them together take
    /// so long at most; what came by then is kept.
    package func bring(
        _ batches: [Digest], of community: CommunityView, from sender: String, _ chain: ChainView,
        milliseconds: UInt64? = nil
    ) async throws {
        guard let milliseconds else { return try await bring(batches, community, from: sender, chain) }
        do {
            try await withTimeLimit(milliseconds: milliseconds) {
                try await bring(batches, community, from: sender, chain)
            }
        } catch is TimeLimitExceeded {
            throw LakeRefusal(
                .unavailable,
                "\(sender) did not send the batches that are missing here within \(milliseconds / 1_000) s; ask again to go on"
            )
        }
    }

    private func bring(
        _ batches: [Digest], _ community: CommunityView, from sender: String, _ chain: ChainView
    ) async throws {
        for (digest, anchor) in zip(batches, try chain.anchors(batches)) {
            try Task.checkCancellation()
            guard let anchor, anchor.schema == ReadingBatch.schema else {
                throw LakeRefusal(.unknown, "batch \(digest.short) is not anchored as readings")
            }
            if let entry = try lake.entry(digest), entry.status != .corrupted, (try? lake.bytes(digest)) != nil {
                try require(anchor, entry.meter, chain)
                continue
            }
            guard case .batchBytes(let bytes)? = await ask(sender, .batch(digest)) else {
                throw LakeRefusal(.notHeld, "batch \(digest.short) is not here, and \(sender) did not send it")
            }
            guard SHA256.hash(bytes) == digest, let batch = try? ReadingBatch(bcs: bytes) else {
                throw LakeRefusal(.otherInputs, "\(sender) sent other bytes for batch \(digest.short)")
            }
            try require(anchor, batch.meter, chain)
            guard try mayHold(batch, community, chain) else {
                throw LakeRefusal(.notPermitted, "\(partner) may not have batch \(digest.short)")
            }
            try lake.store(bytes)
        }
    }

    private func require(_ anchor: BatchAnchor, _ meter: MeterNumber, _ chain: ChainView) throws {
        guard try chain.isReadings(anchor, of: meter) else {
            throw LakeRefusal(
                .otherInputs, "batch \(anchor.digest.short) was anchored by \(anchor.owner), not by its data provider")
        }
    }

    private func mayHold(_ batch: ReadingBatch, _ community: CommunityView, _ chain: ChainView) throws -> Bool {
        guard let span = batch.span else { return false }
        return try chain.mayHold(batch.meter, from: span.from, to: span.to, partner: partner) { [community] }
    }
}
