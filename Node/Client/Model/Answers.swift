package import Chain
package import Primitives

/// What the pool said about one submitted transaction.
package enum Submission: Hashable, Sendable {
    /// Well formed, signed, admitted: it waits for a block.
    case accepted
    /// The same transaction is already waiting; nothing changed.
    case alreadyPending
    /// It is already in a final block; its receipt can be read.
    case alreadyFinal
    /// It can never run as it stands (signature, network, expiry, role, quota); the text says what to do.
    case refused(Rejection)
    /// The pool is full: send it again after this many seconds.
    case poolFull(retryAfterSeconds: UInt32)
}

/// Numbers of refusals by a node's pool, in the host's range where the host has none. No receipt ever has one. What the host
/// would refuse, too, has the host's number: another network, an expiry.
package enum PoolRejection {
    /// The bytes are no transaction.
    package static let malformed: UInt16 = 0
    package static let badSignature: UInt16 = 80
    /// Larger than a block may be.
    package static let tooLarge: UInt16 = 81
    /// The same body with another signature is in the pool or in the chain; the text names it where it is known.
    package static let signedOtherwise: UInt16 = 82
}

/// Where a transaction is in its life.
package enum TransactionStatus: Hashable, Sendable {
    /// This node has never seen it, or has forgotten it: it expired unprocessed, or its block is pruned here.
    case unknown
    /// In the pool, or in a block that is not final yet.
    case pending
    /// In a final block; its receipt says whether it succeeded.
    case final(TransactionResult)
}

/// The outcome of a transaction that is final.
package struct TransactionResult: Hashable, Sendable {
    package let height: Height
    package let block: Digest
    /// Time of the block.
    package let time: Timestamp
    package let receipt: Receipt

    package init(height: Height, block: Digest, time: Timestamp, receipt: Receipt) {
        self.height = height
        self.block = block
        self.time = time
        self.receipt = receipt
    }
}

/// How a caller names a block.
package enum BlockReference: Hashable, Sendable {
    /// The newest final block.
    case latest
    case height(Height)
    case digest(Digest)
}

/// A final block and what its execution gave.
package struct ExecutedBlock: Sendable {
    package let block: Block
    /// Scheduled calls first, then one per transaction, in order.
    package let receipts: [Receipt]

    package init(block: Block, receipts: [Receipt]) {
        self.block = block
        self.receipts = receipts
    }

    package var header: BlockHeader { block.header }
}

/// Why a block is final: the headers after it up to the first descendant (or itself, then none) with a finalization of
/// its own, and that finalization. At most 64 headers.
package struct Finality: Hashable, Sendable {
    package static let descendantsMax = 64

    package let header: BlockHeader
    /// Children in order; the last one is what the certificate names. Empty when `header` itself is.
    package let descendants: [BlockHeader]
    package let certificate: Certificate

    package init(header: BlockHeader, descendants: [BlockHeader], certificate: Certificate) {
        self.header = header
        self.descendants = descendants
        self.certificate = certificate
    }
}

/// One final state, for several reads of it in turn. Held for one request, not longer: it may be pruned, and then its
/// reads throw.
package protocol FinalState: Sendable {
    var height: Height { get }
    /// Block time of that height.
    var time: Timestamp { get }
    /// Nil when the state has no such key.
    func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]?
}

/// A value read from the state that the block at `height` left; nil when the key is absent there.
package struct StateValue: Hashable, Sendable {
    package let height: Height
    package let value: [UInt8]?

    package init(height: Height, value: [UInt8]?) {
        self.height = height
        self.value = value
    }
}

/// What a contract's read-only query answered over the state of `height`.
package struct QueryAnswer: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// BCS, of the type that the contract's interface declares for the query.
        case value([UInt8])
        case refused(Rejection)
    }

    package let height: Height
    package let outcome: Outcome

    package init(height: Height, outcome: Outcome) {
        self.height = height
        self.outcome = outcome
    }
}

/// The validators of one epoch.
package struct EpochInfo: Hashable, Sendable {
    package let epoch: Epoch
    /// Height of the epoch's first block; for epoch 0 that is 1.
    package let firstHeight: Height
    package let validators: ValidatorSet

    package init(epoch: Epoch, firstHeight: Height, validators: ValidatorSet) {
        self.epoch = epoch
        self.firstHeight = firstHeight
        self.validators = validators
    }
}
