package import Primitives

/// Where a write went: one register of one partner.
package struct RegisterName: Hashable, Comparable, Sendable, Codable {
    package let owner: String
    package let name: String

    package init(owner: String, name: String) {
        self.owner = owner
        self.name = name
    }

    package static func < (left: RegisterName, right: RegisterName) -> Bool {
        (left.owner, left.name) < (right.owner, right.name)
    }
}

/// What a register holds: the value of its last successful write, and how many there were.
package struct RegisterValue: Hashable, Sendable {
    package let value: [UInt8]
    package let revision: UInt64

    package init(value: [UInt8], revision: UInt64) {
        self.value = value
        self.revision = revision
    }
}

/// One transaction of one client. Times are monotonic seconds of the one process that all clients live in.
package struct WriteRecord: Sendable {
    package struct Acknowledgement: Sendable {
        /// When the client read that the transaction is final.
        package let at: Double
        package let height: UInt64
        package let block: Digest
        /// False when the receipt says that the call was rejected.
        package let succeeded: Bool

        package init(at: Double, height: UInt64, block: Digest, succeeded: Bool) {
            self.at = at
            self.height = height
            self.block = block
            self.succeeded = succeeded
        }
    }

    package let client: Int
    package let transaction: Digest
    package let register: RegisterName
    package let value: [UInt8]
    package let invoked: Double
    /// Nil: the client never learned what became of it. It may be on the chain once, or not.
    package var acknowledged: Acknowledgement?

    package init(
        client: Int, transaction: Digest, register: RegisterName, value: [UInt8], invoked: Double,
        acknowledged: Acknowledgement? = nil
    ) {
        self.client = client
        self.transaction = transaction
        self.register = register
        self.value = value
        self.invoked = invoked
        self.acknowledged = acknowledged
    }
}

/// One answered read.
package struct ReadRecord: Sendable {
    package let client: Int
    package let node: String
    /// Which start of the node's process answered: what is not yet on its disk may be unknown to the next one.
    package let incarnation: Int
    package let register: RegisterName
    package let invoked: Double
    package let answered: Double
    /// Least height that the client asked for.
    package let minimumHeight: UInt64
    /// Height of the state that the answer is of.
    package let height: UInt64
    /// Nil: the register was empty.
    package let value: RegisterValue?
    /// The proof from the genesis to the value was checked by the client.
    package let isVerified: Bool

    package init(
        client: Int, node: String, incarnation: Int, register: RegisterName, invoked: Double, answered: Double,
        minimumHeight: UInt64, height: UInt64, value: RegisterValue?, isVerified: Bool
    ) {
        self.client = client
        self.node = node
        self.incarnation = incarnation
        self.register = register
        self.invoked = invoked
        self.answered = answered
        self.minimumHeight = minimumHeight
        self.height = height
        self.value = value
        self.isVerified = isVerified
    }
}

/// The chain and the state as one node tells them at the end.
package struct ChainCopy: Sendable {
    package struct Block: Sendable {
        package let height: UInt64
        package let digest: Digest
        package let parent: Digest
        /// In order, with what the receipt says.
        package let transactions: [(digest: Digest, succeeded: Bool)]

        package init(height: UInt64, digest: Digest, parent: Digest, transactions: [(digest: Digest, succeeded: Bool)])
        {
            self.height = height
            self.digest = digest
            self.parent = parent
            self.transactions = transactions
        }
    }

    package let node: String
    /// Heights 1 and up, without a gap.
    package let blocks: [Block]
    /// Registers as the node's state has them after the last acknowledged write, with the height of that state.
    package let registers: [RegisterName: (height: UInt64, value: RegisterValue?)]

    package init(
        node: String, blocks: [Block], registers: [RegisterName: (height: UInt64, value: RegisterValue?)]
    ) {
        self.node = node
        self.blocks = blocks
        self.registers = registers
    }
}

/// Everything that the clients of one run saw, and what the nodes say at its end.
package struct History: Sendable {
    package var writes: [WriteRecord]
    package var reads: [ReadRecord]
    package var copies: [ChainCopy]

    package init(writes: [WriteRecord] = [], reads: [ReadRecord] = [], copies: [ChainCopy] = []) {
        self.writes = writes
        self.reads = reads
        self.copies = copies
    }
}
