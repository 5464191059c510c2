package import Chain
package import LedgerState
package import Primitives

/// A final, executed block. An object, because the list of those that are not stored yet is shared with readers and copied
/// at every new one.
package final class FinalizedBlock: Sendable {
    package let block: Block
    /// Scheduled calls first, then one per transaction, in order.
    package let receipts: [Receipt]
    /// BCS of `StoredReceipts`.
    let receiptBytes: [UInt8]
    /// Places of its transactions, by digest.
    let places: [Digest: UInt32]
    /// The finalization of this block or of the nearest descendant that has its own (`finalization.digest` says which).
    package let finalization: Certificate
    /// The state after this block.
    package let state: StateSnapshot
    /// The validators that certify this block's children.
    package let validators: ValidatorSet

    package var height: Height { block.header.height }

    init(_ executed: ExecutedBlock, finalization: Certificate, validators: ValidatorSet) {
        block = executed.block
        receipts = executed.receipts
        receiptBytes = executed.receiptBytes
        state = executed.state
        self.finalization = finalization
        self.validators = validators
        places = executed.places
    }

    private init(_ block: FinalizedBlock, finalization: Certificate, state: StateSnapshot) {
        self.block = block.block
        receipts = block.receipts
        receiptBytes = block.receiptBytes
        places = block.places
        validators = block.validators
        self.finalization = finalization
        self.state = state
    }

    func with(_ finalization: Certificate) -> FinalizedBlock {
        FinalizedBlock(self, finalization: finalization, state: state)
    }

    func with(_ state: StateSnapshot) -> FinalizedBlock {
        FinalizedBlock(self, finalization: finalization, state: state)
    }
}

/// Where a transaction is in the chain.
package struct TransactionLocation: Hashable, Sendable, BCSCodable {
    package let height: Height
    /// Position among the block's transactions. Its receipt is entry `receipts.count - transactions.count + index`.
    package let index: UInt32

    package init(height: Height, index: UInt32) {
        self.height = height
        self.index = index
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(height)
        encoder.u32(index)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        height = try Height(from: &decoder)
        index = try decoder.u32()
    }
}

/// What an epoch began with.
package struct EpochRecord: Hashable, Sendable, BCSCodable {
    package let epoch: Epoch
    /// The block whose children belong to this epoch: genesis, or the block that closed the epoch before.
    package let root: Height
    /// The preimage of the headers' `validatorSet`.
    package let validators: ValidatorSet

    package init(epoch: Epoch, root: Height, validators: ValidatorSet) {
        self.epoch = epoch
        self.root = root
        self.validators = validators
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(epoch)
        encoder.value(root)
        encoder.value(validators)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        epoch = try Epoch(from: &decoder)
        root = try Height(from: &decoder)
        validators = try ValidatorSet(from: &decoder)
    }
}
