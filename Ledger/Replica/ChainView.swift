package import Chain
package import LedgerState
package import Primitives

/// The final chain of a node as a value: the store, and the final blocks that are not in it yet. May be read from any
/// thread. Take a new one after steps that finalized: old states are pruned, unless somebody holds a lease.
package struct ChainView: Sendable {
    /// Headers between a block and the descendant whose finalization proves it.
    package static let descendantsMax: UInt64 = 64

    package let reader: any KeyValueReader
    /// Final blocks above the stored ones, ascending by height; never more than a few checkpoints hold.
    package internal(set) var recent: [FinalizedBlock] = []
    /// Header of the newest final block.
    package internal(set) var tip: BlockHeader
    /// The state after `tip`.
    package internal(set) var state: StateSnapshot
    /// The finalization of `tip`; nil for the genesis block.
    package internal(set) var finalization: Certificate?
    /// The validators that certify the children of `tip`.
    package internal(set) var validators: ValidatorSet
    /// The epoch of the children of `tip`.
    package var epoch: Epoch { tip.closesEpoch ? tip.epoch.next : tip.epoch }

    func recent(_ height: Height) -> FinalizedBlock? {
        guard let first = recent.first?.height, height >= first else { return nil }
        let index = height.distance(above: first)
        return index < UInt64(recent.count) ? recent[Int(index)] : nil
    }

    /// A record of the height; nil above the tip, where a crash may have left some that do not count.
    private func stored(_ key: [UInt8], at height: Height) throws(StorageFailure) -> [UInt8]? {
        height <= tip.height ? try reader.get(key) : nil
    }

    package func block(at height: Height) throws(StorageFailure) -> Block? {
        if let held = recent(height) { return held.block }
        guard let bytes = try stored(ChainStore.block(height), at: height) else { return nil }
        return try ChainStore.decode(bytes, "block \(height)")
    }

    /// BCS of the block, as stored.
    package func blockBytes(at height: Height) throws(StorageFailure) -> [UInt8]? {
        if let held = recent(height) { return held.block.bcs }
        return try stored(ChainStore.block(height), at: height)
    }

    package func header(at height: Height) throws(StorageFailure) -> BlockHeader? {
        if let held = recent(height) { return held.block.header }
        // Below a snapshot only the ends of epochs are known, by their headers.
        var found = try stored(ChainStore.block(height), at: height)
        if found == nil { found = try stored(ChainStore.header(height), at: height) }
        return try found.map { (bytes) throws(StorageFailure) in try ChainView.header(of: bytes, at: height) }
    }

    /// The header that a block, or the header alone, begins with.
    static func header(of bytes: [UInt8], at height: Height) throws(StorageFailure) -> BlockHeader {
        var decoder = BCSDecoder(bytes)
        do {
            return try BlockHeader(from: &decoder)
        } catch {
            throw StorageFailure("the stored block \(height) is damaged (\(error)): repair the node from its peers")
        }
    }

    /// Height of a final block.
    package func height(of block: Digest) throws(StorageFailure) -> Height? {
        if let held = recent.last(where: { $0.block.digest == block }) { return held.height }
        guard let bytes = try reader.get(ChainStore.height(of: block)) else { return nil }
        return try ChainStore.decode(bytes, "height of block \(block)")
    }

    /// Scheduled calls first, then one per transaction, in order.
    package func receipts(at height: Height) throws(StorageFailure) -> [Receipt]? {
        if let held = recent(height) { return held.receipts }
        guard let bytes = try stored(ChainStore.receipts(height), at: height) else { return nil }
        let stored: StoredReceipts = try ChainStore.decode(bytes, "receipts of block \(height)")
        return stored.receipts
    }

    /// The block's own finalization; nil when only a descendant has one.
    package func finalization(at height: Height) throws(StorageFailure) -> Certificate? {
        if let held = recent(height) {
            return held.finalization.digest == held.block.digest ? held.finalization : nil
        }
        guard let bytes = try stored(ChainStore.finalization(height), at: height) else { return nil }
        return try ChainStore.decode(bytes, "finalization of block \(height)")
    }

    /// The first finalization at or above the height, at most `limit` blocks above it.
    package func nearestFinalization(
        from height: Height, limit: UInt64 = ChainView.descendantsMax
    ) throws(StorageFailure) -> (height: Height, certificate: Certificate)? {
        var at = height
        while at <= tip.height, at.distance(above: height) <= limit {
            if let certificate = try finalization(at: at) { return (at, certificate) }
            at = at.next
        }
        return nil
    }

    /// Where a final transaction is.
    package func location(of transaction: Digest) throws(StorageFailure) -> TransactionLocation? {
        for held in recent.reversed() {
            if let index = held.places[transaction] { return TransactionLocation(height: held.height, index: index) }
        }
        guard let bytes = try reader.get(ChainStore.location(of: transaction)) else { return nil }
        return try ChainStore.decode(bytes, "location of transaction \(transaction)")
    }

    package func epoch(_ epoch: Epoch) throws(StorageFailure) -> EpochRecord? {
        if let closing = recent.last(where: { $0.block.header.closesEpoch && $0.block.header.epoch.next == epoch }) {
            return EpochRecord(epoch: epoch, root: closing.height, validators: closing.validators)
        }
        guard let bytes = try reader.get(ChainStore.epoch(epoch)) else { return nil }
        return try ChainStore.decode(bytes, "record of epoch \(epoch)")
    }
}

/// The receipts of a block as they are stored.
struct StoredReceipts: BCSCodable {
    /// Scheduled calls and transactions of one block.
    static let countMax = Block.transactionsMax + 65_536
    let receipts: [Receipt]

    init(receipts: [Receipt]) { self.receipts = receipts }
    func encode(to encoder: inout BCSEncoder) { encoder.vector(receipts) }
    init(from decoder: inout BCSDecoder) throws(BCSError) {
        receipts = try decoder.vector(max: StoredReceipts.countMax)
    }
}
