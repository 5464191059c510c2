internal import Chain
internal import Primitives

/// Blocks that were fetched or came with a proposal, oldest dropped first.
struct BlockCache: Sendable {
    static let countMax = 64
    static let bytesMax = 64 * 1024 * 1024

    private var blocks: [Digest: Block] = [:]
    private var sizes: [(digest: Digest, bytes: Int)] = []
    private var bytes = 0

    subscript(_ digest: Digest) -> Block? { blocks[digest] }

    mutating func insert(_ block: Block) {
        guard blocks.updateValue(block, forKey: block.digest) == nil else { return }
        let size = block.transactions.reduce(512) { $0 + $1.bytes.count }
        sizes.append((block.digest, size))
        bytes += size
        while sizes.count > BlockCache.countMax || (bytes > BlockCache.bytesMax && sizes.count > 1) {
            let oldest = sizes.removeFirst()
            bytes -= oldest.bytes
            blocks[oldest.digest] = nil
        }
    }

    mutating func remove(_ digest: Digest) {
        guard blocks.removeValue(forKey: digest) != nil,
            let index = sizes.firstIndex(where: { $0.digest == digest })
        else { return }
        bytes -= sizes.remove(at: index).bytes
    }
}

/// Transactions with checked signatures that are not in the pool, oldest dropped first.
struct TransactionCache: Sendable {
    static let countMax = 2 * Block.transactionsMax
    static let bytesMax = 32 * 1024 * 1024

    private var entries: [Digest: SignedTransaction] = [:]
    private var order: [Digest] = []
    private var head = 0
    private var bytes = 0

    subscript(_ digest: Digest) -> SignedTransaction? { entries[digest] }

    mutating func insert(_ signed: SignedTransaction) {
        guard entries.updateValue(signed, forKey: signed.digest) == nil else { return }
        order.append(signed.digest)
        bytes += signed.transaction.bytes.count
        while order.count - head > TransactionCache.countMax || bytes > TransactionCache.bytesMax, head < order.count {
            if let dropped = entries.removeValue(forKey: order[head]) { bytes -= dropped.transaction.bytes.count }
            head += 1
        }
        if head > 1_024, head * 2 > order.count {
            order.removeSubrange(..<head)
            head = 0
        }
    }
}
