package import Primitives

/// Why a local read failed. Never part of consensus: the node repairs or stops, it does not guess.
package struct StorageFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Reads the state that some block left.
package protocol StateReader {
    /// The value under `key`, nil when absent.
    func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]?
    /// The same for several keys, in their order.
    func values(_ keys: [[UInt8]]) throws(StorageFailure) -> [[UInt8]?]
}

extension StateReader {
    package func values(_ keys: [[UInt8]]) throws(StorageFailure) -> [[UInt8]?] {
        var values: [[UInt8]?] = []
        values.reserveCapacity(keys.count)
        for key in keys { values.append(try value(key)) }
        return values
    }
}

/// One change of the state: a new value, or nil to remove the key. Keys and values are non-empty; keys have at most
/// 256 bytes, values at most 1,024.
package struct StateChange: Hashable, Sendable {
    package static let keyBytesMax = 256
    package static let valueBytesMax = 1_024

    package let key: [UInt8]
    package let value: [UInt8]?

    package init(key: [UInt8], value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// What execution may know of the block beside its transactions.
package struct BlockContext: Hashable, Sendable {
    package let network: Digest
    package let height: Height
    package let epoch: Epoch
    package let time: Timestamp
    package let parent: Digest
    package let proposer: UInt16
    package let validators: ValidatorSet
    package let parameters: ChainParameters

    package init(
        network: Digest, height: Height, epoch: Epoch, time: Timestamp, parent: Digest, proposer: UInt16,
        validators: ValidatorSet, parameters: ChainParameters
    ) {
        self.network = network
        self.height = height
        self.epoch = epoch
        self.time = time
        self.parent = parent
        self.proposer = proposer
        self.validators = validators
        self.parameters = parameters
    }
}

/// What executing a block gives.
package struct ExecutionResult: Sendable {
    /// Strictly ascending by key.
    package let changes: [StateChange]
    /// Scheduled calls first, then one per transaction, in order.
    package let receipts: [Receipt]
    /// The set of the next epoch when this block changes it, else nil.
    package let nextValidators: ValidatorSet?

    package init(changes: [StateChange], receipts: [Receipt], nextValidators: ValidatorSet?) {
        self.changes = changes
        self.receipts = receipts
        self.nextValidators = nextValidators
    }
}

/// The application that the log drives. Pure and deterministic: the same block over the same state gives the same
/// result on every node, whatever the machine. The ledger knows contracts only through this.
package protocol Application: Sendable {
    /// The state of block 0. Throws when the genesis' application part is malformed.
    func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange]

    /// Whether the pool may hold the transaction over `state` (sender known and with a role, quota left). Called before
    /// pooling and again by `execute`; nil when admitted.
    func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection?

    /// `admission` of several at once, one answer per transaction, each as if it were alone. The default asks one by one;
    /// an application that looks things up per sender does so once.
    func admissions(
        of transactions: [Transaction], context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> [Rejection?]

    /// Runs due scheduled calls, then the transactions. A transaction that `admission` refuses over this state makes
    /// the whole block invalid: then nil is returned. Any other refusal becomes a receipt.
    func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult?
}

extension Application {
    package func admissions(
        of transactions: [Transaction], context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> [Rejection?] {
        var answers: [Rejection?] = []
        answers.reserveCapacity(transactions.count)
        for transaction in transactions {
            answers.append(try admission(of: transaction, context: context, state: state))
        }
        return answers
    }
}
