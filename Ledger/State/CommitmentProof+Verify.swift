internal import LedgerCrypto
package import Primitives

// Accepts and refuses as VerifyMembership and VerifyNonMembership of github.com/cosmos/ics23 (go) do with `SmtSpec`;
// where those panic on malformed neighbours, this refuses.

/// The constants of SmtSpec.
private enum SmtSpec {
    static let sha256: UInt32 = 1
    static let noLengthPrefix: UInt32 = 0
    static let leafPrefix: UInt8 = 0
    static let childByteCount = 32
    static let depthMax = 256
    static let emptyChild = [UInt8](repeating: 0, count: childByteCount)
}

extension CommitmentProof {
    /// Whether `key` has `value` under `root`.
    package func verifyMembership(root: Digest, key: [UInt8], value: [UInt8]) -> Bool {
        guard case .exist(let proof) = self else { return false }
        return proof.key == key && proof.value == value && proof.isValid(root: root)
    }

    /// Whether `key` is absent under `root`.
    package func verifyNonMembership(root: Digest, key: [UInt8]) -> Bool {
        guard case .nonexist(let proof) = self else { return false }
        return proof.isValid(root: root, key: key)
    }

    /// Whether this proves anything about `key` under `root`: the value it carries, or absence.
    package func isValid(root: Digest, key: [UInt8]) -> Bool {
        switch self {
        case .exist(let proof): proof.key == key && proof.isValid(root: root)
        case .nonexist(let proof): proof.isValid(root: root, key: key)
        }
    }

    /// The value that the proof is about; nil when it is about absence.
    package var value: [UInt8]? {
        if case .exist(let proof) = self { proof.value } else { nil }
    }
}

extension ExistenceProof {
    fileprivate func isValid(root: Digest) -> Bool {
        guard let leaf, leaf.fitsSpec, path.count <= SmtSpec.depthMax, path.allSatisfy(\.fitsSpec), !key.isEmpty,
            !value.isEmpty
        else { return false }
        var digest = SHA256.hash(leaf.prefix + SHA256.hash(key).bytes + SHA256.hash(value).bytes)
        for step in path { digest = SHA256.hash(step.prefix + digest.bytes + step.suffix) }
        return digest == root
    }
}

extension NonExistenceProof {
    fileprivate func isValid(root: Digest, key: [UInt8]) -> Bool {
        let keyHash = SHA256.hash(key)
        if let left {
            guard left.isValid(root: root), SHA256.hash(left.key) < keyHash else { return false }
        }
        if let right {
            guard right.isValid(root: root), keyHash < SHA256.hash(right.key) else { return false }
        }
        switch (left, right) {
        case (nil, nil): return false
        case (nil, let right?): return right.path.allSatisfy(\.isLeftMost)
        case (let left?, nil): return left.path.allSatisfy(\.isRightMost)
        case (let left?, let right?): return areNeighbours(left.path, right.path)
        }
    }

    /// Whether nothing can hang between the two paths: below their common part one goes left and the other right, then
    /// the left one keeps to the right edge and the right one to the left edge.
    private func areNeighbours(_ left: [InnerOp], _ right: [InnerOp]) -> Bool {
        var left = left[...]
        var right = right[...]
        while let leftTop = left.popLast(), let rightTop = right.popLast() {
            if leftTop.prefix == rightTop.prefix && leftTop.suffix == rightTop.suffix { continue }
            return leftTop.branch == 0 && rightTop.branch == 1 && left.allSatisfy(\.isRightMost)
                && right.allSatisfy(\.isLeftMost)
        }
        return false
    }
}

extension LeafOp {
    fileprivate var fitsSpec: Bool {
        hash == SmtSpec.sha256 && prehashKey == SmtSpec.sha256 && prehashValue == SmtSpec.sha256
            && length == SmtSpec.noLengthPrefix && prefix.first == SmtSpec.leafPrefix
    }
}

extension InnerOp {
    fileprivate var fitsSpec: Bool {
        hash == SmtSpec.sha256 && prefix.first != SmtSpec.leafPrefix
            && (1...1 + SmtSpec.childByteCount).contains(prefix.count)
            && suffix.count % SmtSpec.childByteCount == 0
    }

    /// 0 when the child is the left one, 1 when it is the right one, nil for a step of another shape.
    fileprivate var branch: Int? {
        if prefix.count == 1 && suffix.count == SmtSpec.childByteCount { return 0 }
        if prefix.count == 1 + SmtSpec.childByteCount && suffix.isEmpty { return 1 }
        return nil
    }

    /// Nothing hangs on the left of the child.
    fileprivate var isLeftMost: Bool {
        branch == 0 || (branch == 1 && Array(prefix.dropFirst()) == SmtSpec.emptyChild)
    }

    /// Nothing hangs on the right of the child.
    fileprivate var isRightMost: Bool { branch == 1 || (branch == 0 && suffix == SmtSpec.emptyChild) }
}
