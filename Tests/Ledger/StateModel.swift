import Chain
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport

/// A state as a plain dictionary, with the root by the recursive definition of the sparse Merkle tree: nothing here is
/// shared with the tree under test but SHA-256.
struct StateModel {
    private(set) var values: [[UInt8]: [UInt8]] = [:]

    mutating func apply(_ changes: [StateChange]) {
        for change in changes { values[change.key] = change.value }
    }

    var root: Digest {
        let leaves = values.map { (keyHash: SHA256.hash($0.key), valueHash: SHA256.hash($0.value)) }
        return StateModel.root(leaves.sorted { $0.keyHash < $1.keyHash }[...], depth: 0)
    }

    private static func root(_ leaves: ArraySlice<(keyHash: Digest, valueHash: Digest)>, depth: Int) -> Digest {
        guard let first = leaves.first else { return .zero }
        if leaves.count == 1 { return SHA256.hash([0] + first.keyHash.bytes + first.valueHash.bytes) }
        let split = leaves.firstIndex { $0.keyHash.bit(depth) } ?? leaves.endIndex
        let left = root(leaves[..<split], depth: depth + 1)
        let right = root(leaves[split...], depth: depth + 1)
        return SHA256.hash([1] + left.bytes + right.bytes)
    }

    /// Entries in the order of SHA-256(key).
    var leaves: [StateLeaf] {
        values.map { StateLeaf(key: $0.key, value: $0.value) }
            .sorted { SHA256.hash($0.key) < SHA256.hash($1.key) }
    }
}

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }

    /// Changes of distinct keys `k0`, `k1`, … below `keys`, a share of them removals.
    mutating func changes(_ count: Int, keys: Int, removals: Double = 0.3) -> [StateChange] {
        var chosen: [[UInt8]: [UInt8]?] = [:]
        for _ in 0..<count {
            let key = Array("k\(Int.random(in: 0..<keys, using: &self))".utf8)
            let isRemoval = Double.random(in: 0..<1, using: &self) < removals
            chosen[key] = .some(isRemoval ? nil : bytes(Int.random(in: 1...40, using: &self)))
        }
        return chosen.map { StateChange(key: $0.key, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}
