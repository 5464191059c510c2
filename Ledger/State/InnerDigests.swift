internal import LedgerCrypto
internal import Primitives

/// Digests within a node, kept beside it while its layer is in memory: the node's next version hashes 4 times for a slot
/// that changed, not 15 times for all of them. Fewer children than `childrenMin` are hashed faster than remembered.
struct InnerDigests: Sendable {
    static let childrenMin = 6

    /// As a heap: 1 is the node's root, 2 i and 2 i + 1 hang below i, 8 to 15 above two slots each. Empty when nothing is
    /// remembered.
    let heap: [Digest]

    static let none = InnerDigests(heap: [])

    private init(heap: [Digest]) { self.heap = heap }

    /// Of `node`, which differs from the node of `old` at most in the slots of `changed` (bit i for slot i). At most 15 hashes.
    init(_ node: RadixNode, after old: InnerDigests, changed: UInt16) {
        var heap = old.heap
        if heap.isEmpty { heap = [Digest](repeating: .zero, count: 16) }
        let changed = old.heap.isEmpty ? UInt16.max : changed
        _ = heap.withUnsafeMutableBufferPointer { InnerDigests.fill($0, 1, node, changed, 0, 16) }
        self.heap = heap
    }

    /// The digest of the node.
    var root: Digest { heap[1] }

    /// Digest of the slots from `start` on, at `place` of the heap.
    private static func fill(
        _ heap: UnsafeMutableBufferPointer<Digest>, _ place: Int, _ node: RadixNode, _ changed: UInt16, _ start: Int,
        _ width: Int
    ) -> Digest {
        if width == 1 { return node[start].hash }
        if changed & RadixNode.mask(start, width) == 0 { return heap[place] }
        let digest: Digest
        if let alone = node.alone(start, width) {
            digest = alone
        } else {
            let half = width / 2
            let left = fill(heap, 2 * place, node, changed, start, half)
            digest = SHA256.node(tag: 1, left, fill(heap, 2 * place + 1, node, changed, start + half, half))
        }
        heap[place] = digest
        return digest
    }
}
