package import Chain
internal import LedgerCrypto
package import Primitives

/// A receipt with the path from it to the receipts root of its block's header.
package struct ProvenReceipt: Hashable, Sendable {
    package static let pathMax = 32

    package let header: BlockHeader
    package let receipt: Receipt
    /// Position among the block's receipts.
    package let index: UInt32
    /// Receipts in the block.
    package let count: UInt32
    /// Siblings from the leaf to the root.
    package let path: [Digest]

    package init(header: BlockHeader, receipt: Receipt, index: UInt32, count: UInt32, path: [Digest]) {
        self.header = header
        self.receipt = receipt
        self.index = index
        self.count = count
        self.path = path
    }

    /// Nil when the block has no receipt of `subject`.
    package init?(of subject: Digest, in final: ExecutedBlock) {
        let leaves = final.receipts.map { MerkleTree.leaf($0.bcs) }
        guard let index = final.receipts.firstIndex(where: { $0.subject == subject }),
            let path = MerkleTree.path(leaves, index: index)
        else { return nil }
        self.init(
            header: final.header, receipt: final.receipts[index], index: UInt32(clamping: index),
            count: UInt32(clamping: final.receipts.count), path: path)
    }

    /// As a report on the transaction has it.
    package var result: TransactionResult {
        TransactionResult(height: header.height, block: header.digest, time: header.time, receipt: receipt)
    }

    /// Whether the receipt is under the root of its header. Whether the header is final is another question.
    package var isConsistent: Bool {
        MerkleTree.verify(
            leaf: MerkleTree.leaf(receipt.bcs), index: Int(index), count: Int(count), path: path,
            root: header.receiptsRoot)
    }
}
