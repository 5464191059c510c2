package import Primitives

/// An ICS-23 proof of presence or absence (github.com/cosmos/ics23). Batches are not supported. Holding one says
/// nothing: see `verifyMembership` and `verifyNonMembership`.
package enum CommitmentProof: Hashable, Sendable {
    /// Bytes of the protobuf encoding.
    package static let byteCountMax = 64 * 1024

    case exist(ExistenceProof)
    case nonexist(NonExistenceProof)
}

/// A leaf and the steps from it to the root.
package struct ExistenceProof: Hashable, Sendable {
    package let key: [UInt8]
    package let value: [UInt8]
    package let leaf: LeafOp?
    package let path: [InnerOp]

    package init(key: [UInt8], value: [UInt8], leaf: LeafOp?, path: [InnerOp]) {
        self.key = key
        self.value = value
        self.leaf = leaf
        self.path = path
    }
}

/// The neighbours of an absent key, by SHA-256 of the keys; one of them is missing at either end.
package struct NonExistenceProof: Hashable, Sendable {
    /// Informative: verifiers use the key that they ask for.
    package let key: [UInt8]
    package let left: ExistenceProof?
    package let right: ExistenceProof?

    package init(key: [UInt8], left: ExistenceProof?, right: ExistenceProof?) {
        self.key = key
        self.left = left
        self.right = right
    }
}

/// How a leaf is hashed. The numbers are those of the ICS-23 schema: 1 is SHA-256 among hash operations, 0 no prefix
/// among length operations.
package struct LeafOp: Hashable, Sendable {
    package let hash: UInt32
    package let prehashKey: UInt32
    package let prehashValue: UInt32
    package let length: UInt32
    package let prefix: [UInt8]

    package init(hash: UInt32, prehashKey: UInt32, prehashValue: UInt32, length: UInt32, prefix: [UInt8]) {
        self.hash = hash
        self.prehashKey = prehashKey
        self.prehashValue = prehashValue
        self.length = length
        self.prefix = prefix
    }

    /// The only one that SmtSpec knows: `H(00 || H(key) || H(value))`.
    package static let smt = LeafOp(hash: 1, prehashKey: 1, prehashValue: 1, length: 0, prefix: [0])
}

/// One step towards the root: `H(prefix || child || suffix)`.
package struct InnerOp: Hashable, Sendable {
    package let hash: UInt32
    package let prefix: [UInt8]
    package let suffix: [UInt8]

    package init(hash: UInt32, prefix: [UInt8], suffix: [UInt8]) {
        self.hash = hash
        self.prefix = prefix
        self.suffix = suffix
    }

    /// The step beside `sibling`, which hangs on the left or on the right; an empty one is 32 zero bytes.
    package init(sibling: Digest, isLeft: Bool) {
        hash = 1
        prefix = isLeft ? [1] + sibling.bytes : [1]
        suffix = isLeft ? [] : sibling.bytes
    }
}
