internal import LedgerCrypto
package import Primitives

/// The state root written down a second time, as the specification says it and without any cleverness, so that a
/// mistake of the real tree cannot hide behind itself: leaf `H(00 || H(key) || H(value))`, inner `H(01 || left ||
/// right)`, empty = 32 zero bytes, a lone leaf at the shallowest depth where it is alone.
package enum ReferenceTree {
    package static func root(of pairs: [[UInt8]: [UInt8]]) -> Digest {
        let leaves = pairs.map { key, value in
            (path: SHA256.hash(key), hash: leaf(SHA256.hash(key), SHA256.hash(value)))
        }
        return root(leaves.sorted { $0.path < $1.path }[...], depth: 0)
    }

    private static func leaf(_ key: Digest, _ value: Digest) -> Digest { SHA256.hash([0] + key.bytes + value.bytes) }

    private static func root(_ leaves: ArraySlice<(path: Digest, hash: Digest)>, depth: Int) -> Digest {
        guard let first = leaves.first else { return .zero }
        guard leaves.count > 1 else { return first.hash }
        let split = leaves.firstIndex { $0.path.bit(depth) } ?? leaves.endIndex
        let left = root(leaves[leaves.startIndex..<split], depth: depth + 1)
        let right = root(leaves[split...], depth: depth + 1)
        return SHA256.hash([1] + left.bytes + right.bytes)
    }
}
