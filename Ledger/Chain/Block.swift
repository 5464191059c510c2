internal import LedgerCrypto
package import Primitives

/// What validators agree on. The digest is SHA-256 of the BCS bytes.
package struct BlockHeader: Hashable, Sendable {
    package let network: Digest
    package let height: Height
    /// View in which it was first proposed. Votes for an epoch's last block may carry a higher view.
    package let view: View
    package let epoch: Epoch
    package let parent: Digest
    /// View under which the parent was notarized in this epoch; 0 when the parent is the epoch's root.
    package let parentView: View
    package let time: Timestamp
    /// Index of the proposer in the validator set of the epoch.
    package let proposer: UInt16
    package let transactionsRoot: Digest
    /// State root after the block was executed.
    package let stateRoot: Digest
    package let receiptsRoot: Digest
    /// Digest of the set that certifies this block.
    package let validatorSet: Digest
    /// Digest of the set that certifies its children; differs only in the last block of an epoch.
    package let nextValidatorSet: Digest
    package let digest: Digest

    package init(
        network: Digest, height: Height, view: View, epoch: Epoch, parent: Digest, parentView: View, time: Timestamp,
        proposer: UInt16, transactionsRoot: Digest, stateRoot: Digest, receiptsRoot: Digest, validatorSet: Digest,
        nextValidatorSet: Digest
    ) {
        self.network = network
        self.height = height
        self.view = view
        self.epoch = epoch
        self.parent = parent
        self.parentView = parentView
        self.time = time
        self.proposer = proposer
        self.transactionsRoot = transactionsRoot
        self.stateRoot = stateRoot
        self.receiptsRoot = receiptsRoot
        self.validatorSet = validatorSet
        self.nextValidatorSet = nextValidatorSet
        var encoder = BCSEncoder(reserving: 320)
        encoder.fixed(network)
        encoder.value(height)
        encoder.value(view)
        encoder.value(epoch)
        encoder.fixed(parent)
        encoder.value(parentView)
        encoder.value(time)
        encoder.u16(proposer)
        for root in [transactionsRoot, stateRoot, receiptsRoot, validatorSet, nextValidatorSet] { encoder.fixed(root) }
        digest = SHA256.hash(encoder.bytes)
    }

    /// Whether this block ends its epoch.
    package var closesEpoch: Bool { validatorSet != nextValidatorSet }
}

extension BlockHeader: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(network)
        encoder.value(height)
        encoder.value(view)
        encoder.value(epoch)
        encoder.fixed(parent)
        encoder.value(parentView)
        encoder.value(time)
        encoder.u16(proposer)
        for root in [transactionsRoot, stateRoot, receiptsRoot, validatorSet, nextValidatorSet] { encoder.fixed(root) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        self.init(
            network: try decoder.digest(), height: try Height(from: &decoder), view: try View(from: &decoder),
            epoch: try Epoch(from: &decoder), parent: try decoder.digest(), parentView: try View(from: &decoder),
            time: try Timestamp(from: &decoder), proposer: try decoder.u16(), transactionsRoot: try decoder.digest(),
            stateRoot: try decoder.digest(), receiptsRoot: try decoder.digest(), validatorSet: try decoder.digest(),
            nextValidatorSet: try decoder.digest())
    }
}

/// A header with the transactions under its root. Holding one says that the root fits, not that anyone voted for it.
package struct Block: Sendable, Hashable {
    package static let transactionsMax = 16_384
    package static let byteCountMax = 8 * 1024 * 1024

    package let header: BlockHeader
    package let transactions: [Transaction]

    /// Nil when the transactions are not those of the header, or too many.
    package init?(header: BlockHeader, transactions: [Transaction]) {
        guard transactions.count <= Block.transactionsMax,
            Block.transactionsRoot(transactions.map(\.digest)) == header.transactionsRoot
        else { return nil }
        self.header = header
        self.transactions = transactions
    }

    /// For whoever has just seen that the root over the digests of these transactions is that of the header.
    package init(header: BlockHeader, matching transactions: [Transaction]) {
        self.header = header
        self.transactions = transactions
    }

    package var digest: Digest { header.digest }

    package static func transactionsRoot(_ digests: [Digest]) -> Digest {
        MerkleTree.root(digests.map { MerkleTree.leaf($0) })
    }

    package static func == (left: Block, right: Block) -> Bool { left.digest == right.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension Block: BCSCodable {
    /// As `encode` gives them; a block is large, so room for all of it is made first.
    package var bcs: [UInt8] {
        var encoder = BCSEncoder(reserving: transactions.reduce(512) { $0 + $1.bytes.count + 4 })
        encode(to: &encoder)
        return encoder.bytes
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(header)
        encoder.vector(transactions) { $0.blob($1.bytes) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let header = try BlockHeader(from: &decoder)
        let transactions = try decoder.vector(max: Block.transactionsMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Transaction in
            try Transaction(bytes: try decoder.blob(max: Transaction.byteCountMax))
        }
        guard let block = Block(header: header, transactions: transactions) else {
            throw decoder.failure(.invalid("the transactions are not those of the header"))
        }
        self = block
    }
}
