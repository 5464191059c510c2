internal import Primitives

/// Four levels of the binary tree in one record: 16 slots, by the next nibble of SHA-256(key).
///
/// Invariant: a node of the tree has at least two occupied slots, or a single one with an `.inner` (a lone leaf moves up
/// instead).
struct RadixNode: Sendable {
    /// As `NodeHead` says; often a part of a layer's memory.
    let words: ArraySlice<UInt64>

    init() { words = [NodeHead(occupied: 0, leaves: 0, isRemembered: false).word] }

    init(words: ArraySlice<UInt64>) { self.words = words }

    private init(_ node: RadixNode, changing changes: ArraySlice<SlotChange>) {
        var table = NodeTable()
        table.append(node, changing: changes, head: node.head.changing(changes, remembers: false))
        words = table.words[...]
    }

    var head: NodeHead { NodeHead(word: words[words.startIndex]) }
    var occupied: UInt16 { head.occupied }
    var leaves: UInt16 { head.leaves }
    /// Occupied slots.
    var count: Int { head.count }

    func withWords<Result>(_ body: (NodeWords) -> Result) -> Result {
        words.withUnsafeBufferPointer { body(NodeWords($0)) }
    }

    subscript(slot: Int) -> Subtree { withWords { $0[slot] } }

    /// SmtSpec digest of the whole node. At most 15 hashes.
    var hash: Digest { withWords { $0.digest(changed: .max, in: nil) } }

    /// Adds the content of a slot above all slots added before. O(children).
    mutating func append(_ child: Subtree, at slot: Int) {
        self = RadixNode(self, changing: [SlotChange(slot: slot, content: child)])
    }

    /// Nearest occupied slot below `slot` (0 to 16), nil when there is none.
    func occupiedSlot(below slot: Int) -> Int? {
        let lower = slot >= 16 ? occupied : occupied & (NodeHead.bit(slot) - 1)
        return lower == 0 ? nil : 15 - lower.leadingZeroBitCount
    }

    /// Nearest occupied slot above `slot` (-1 to 15), nil when there is none.
    func occupiedSlot(above slot: Int) -> Int? {
        let higher = slot >= 15 ? 0 : occupied & ~(NodeHead.bit(slot + 1) &- 1)
        return higher == 0 ? nil : higher.trailingZeroBitCount
    }

    /// Steps of the binary tree from this node's root to the occupied `slot`, or to where a lone leaf hangs. At most 4.
    func stepCount(to slot: Int) -> Int {
        let head = head
        var start = 0
        var width = 16
        var count = 0
        while width > 1, !head.isLoneLeaf(head.occupied & NodeHead.mask(start, width)) {
            width /= 2
            if slot >= start + width { start += width }
            count += 1
        }
        return count
    }

    /// Siblings on the way from this node's root to `slot`, top first, ending where a lone leaf hangs. At most 4.
    func siblings(of slot: Int) -> [(digest: Digest, isLeft: Bool)] { NodeDigests(self).siblings(of: slot, in: self) }
}

extension RadixNode {
    /// Record in the store: u16 occupied, u16 leaves, then per occupied slot what `Subtree.encodePointer` says. Integers
    /// little-endian.
    func encodeRecord(to encoder: inout BCSEncoder) {
        withWords { node in
            let head = node.head
            encoder.u16(head.occupied)
            encoder.u16(head.leaves)
            for slot in 0..<16 where head.holds(slot) { node[slot].encodePointer(to: &encoder) }
        }
    }

    /// Nil when `record` is no node that can stand at `path`.
    init?(record: [UInt8], at path: NodePath) {
        var decoder = BCSDecoder(record)
        guard let occupied = try? decoder.u16(), let leaves = try? decoder.u16(), leaves & ~occupied == 0,
            occupied.nonzeroBitCount > 1 || (occupied != 0 && leaves == 0)
        else { return nil }
        var children: [SlotChange] = []
        children.reserveCapacity(occupied.nonzeroBitCount)
        for slot in 0..<16 where occupied & NodeHead.bit(slot) != 0 {
            let isLeaf = leaves & NodeHead.bit(slot) != 0
            guard let child = try? Subtree(pointer: &decoder, isLeaf: isLeaf), child.canHang(in: slot, of: path) else {
                return nil
            }
            children.append(SlotChange(slot: slot, content: child))
        }
        guard decoder.remaining == 0 else { return nil }
        self.init(RadixNode(), changing: children[...])
    }
}
