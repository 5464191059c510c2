internal import LedgerCrypto
package import Primitives

/// All digests of the binary tree within one node: checked against the digest by which its parent names the node, so that
/// whoever holds one need not hash the node again. Never changes: the same digest always has the same content.
package struct NodeDigests: Sendable {
    /// As a heap: 1 is the node's root, 2 i and 2 i + 1 hang below i, 16 to 31 are the slots. Zero where nothing hangs; a
    /// subtree of one lone leaf has the leaf's digest all the way down.
    private let heap: [Digest]

    /// 15 hashes at most.
    init(_ node: RadixNode) {
        var heap = [Digest](repeating: .zero, count: 32)
        for slot in 0..<16 { heap[16 + slot] = node[slot].hash }
        // Bit i: what hangs at heap place i is nothing but one lone leaf.
        var lone = UInt32(node.leaves) << 16
        for place in (1..<16).reversed() {
            let (left, right) = (heap[2 * place], heap[2 * place + 1])
            if left == .zero || right == .zero {
                let other = 2 * place + (left == .zero ? 1 : 0)
                if heap[other] == .zero { continue }
                if lone & (1 << UInt32(other)) != 0 {
                    heap[place] = heap[other]
                    lone |= 1 << UInt32(place)
                    continue
                }
            }
            heap[place] = SHA256.node(tag: 1, left, right)
        }
        self.heap = heap
    }

    /// The digest of the node.
    var root: Digest { heap[1] }

    /// Siblings on the way from the root of `node` to `slot`, top first. At most 4.
    func siblings(of slot: Int, in node: RadixNode) -> [(digest: Digest, isLeft: Bool)] {
        (0..<node.stepCount(to: slot)).map { level in
            let place = (16 + slot) >> (3 - level)
            return (heap[place ^ 1], place & 1 == 1)
        }
    }
}

/// Remembers digests of nodes that many proofs lead through. What it forgets is hashed again.
package protocol NodeDigestMemory: Sendable {
    subscript(_ node: Digest) -> NodeDigests? { get }
    func keep(_ digests: NodeDigests, of node: Digest)
}
