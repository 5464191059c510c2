internal import Primitives

/// Digests within a node, kept beside it while its layer is in memory: the node's next version hashes 4 times for a slot
/// that changed, not 15 times for all of them. Fewer children than `childrenMin` are hashed faster than remembered.
struct InnerDigests: Sendable {
    static let childrenMin = 6

    /// As a heap: 1 is the node's root, 2 i and 2 i + 1 hang below i, 8 to 15 above two slots each; of no meaning where at
    /// most one lone leaf hangs. Empty when nothing is remembered.
    let heap: [Digest]

    static let none = InnerDigests(heap: [])

    private init(heap: [Digest]) { self.heap = heap }

    /// Of `node`, which differs from the node of `old` at most in the slots of `changed` (bit i for slot i). At most 15 hashes.
    init(_ node: RadixNode, after old: InnerDigests, changed: UInt16) {
        var heap = old.heap
        if heap.isEmpty { heap = [Digest](repeating: .zero, count: 16) }
        let changed = old.heap.isEmpty ? UInt16.max : changed
        _ = heap.withUnsafeMutableBufferPointer { node.digest(changed: changed, in: $0) }
        self.heap = heap
    }

    /// The digest of the node.
    var root: Digest { heap[1] }
}
