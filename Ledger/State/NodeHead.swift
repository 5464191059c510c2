internal import Primitives

/// The first word of a node in memory, which says where in the node's words everything stands. Plain words in one piece per
/// block: nodes are copied at every update, and one allocation and one count of references per node was half of what that
/// cost.
///
///     0                 bits 0-15 occupied, 16-31 leaves, 32 is remembered
///     1 + 6 i           child i, in order of the slots: hash (4), version, place
///     1 + 6 n + 4 j     SHA-256 of the key of leaf j (4)
///     1 + 6 n + 4 l     when remembered, the digests within the node (15 of 4): see `NodeWords`
struct NodeHead: Hashable, Sendable {
    static let childWords = 6
    static let digestWords = 4
    /// Fewer children are hashed faster than remembered.
    static let rememberedMin = 6
    static let rememberedWords = 15 * digestWords

    /// Bit i: slot i is occupied.
    let occupied: UInt16
    /// Bit i: slot i holds a lone leaf.
    let leaves: UInt16
    /// The digests within the node stand behind it.
    let isRemembered: Bool

    init(occupied: UInt16, leaves: UInt16, isRemembered: Bool) {
        self.occupied = occupied
        self.leaves = leaves
        self.isRemembered = isRemembered
    }

    init(word: UInt64) {
        occupied = UInt16(truncatingIfNeeded: word)
        leaves = UInt16(truncatingIfNeeded: word >> 16)
        isRemembered = word & 1 << 32 != 0
    }

    var word: UInt64 { UInt64(occupied) | UInt64(leaves) << 16 | (isRemembered ? 1 << 32 : 0) }

    var count: Int { occupied.nonzeroBitCount }
    var keyStart: Int { 1 + count * NodeHead.childWords }
    var rememberedStart: Int { keyStart + leaves.nonzeroBitCount * NodeHead.digestWords }
    var wordCount: Int { rememberedStart + (isRemembered ? NodeHead.rememberedWords : 0) }

    func holds(_ slot: Int) -> Bool { occupied & NodeHead.bit(slot) != 0 }
    func isLeaf(_ slot: Int) -> Bool { leaves & NodeHead.bit(slot) != 0 }
    /// Of an occupied slot.
    func childStart(_ slot: Int) -> Int {
        1 + (occupied & (NodeHead.bit(slot) &- 1)).nonzeroBitCount * NodeHead.childWords
    }
    /// Of a slot with a leaf.
    func keyStart(_ slot: Int) -> Int {
        keyStart + (leaves & (NodeHead.bit(slot) &- 1)).nonzeroBitCount * NodeHead.digestWords
    }

    /// Bits of `width` slots from `start` on.
    static func mask(_ start: Int, _ width: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: ((UInt32(1) << UInt32(width)) - 1) << UInt32(start))
    }

    static func bit(_ slot: Int) -> UInt16 { 1 << UInt16(slot) }

    /// Of the node with other contents in some slots.
    func changing(_ changes: ArraySlice<SlotChange>, remembers: Bool) -> NodeHead {
        var (occupied, leaves) = (occupied, leaves)
        for change in changes {
            let bit = NodeHead.bit(change.slot)
            switch change.content {
            case .empty: (occupied, leaves) = (occupied & ~bit, leaves & ~bit)
            case .leaf: (occupied, leaves) = (occupied | bit, leaves | bit)
            case .inner: (occupied, leaves) = (occupied | bit, leaves & ~bit)
            }
        }
        let isRemembered = remembers && occupied.nonzeroBitCount >= NodeHead.rememberedMin
        return NodeHead(occupied: occupied, leaves: leaves, isRemembered: isRemembered)
    }

    /// Whether `held`, the occupied ones of some slots, are one lone leaf, which hangs wherever it is alone.
    func isLoneLeaf(_ held: UInt16) -> Bool { held == held & leaves && held.nonzeroBitCount == 1 }
}

/// What a slot (0 to 15) of a node holds from now on.
struct SlotChange: Sendable {
    let slot: Int
    let content: Subtree

    /// Bit i: slot i is among `changes`.
    static func slots(of changes: ArraySlice<SlotChange>) -> UInt16 {
        changes.reduce(0) { $0 | NodeHead.bit($1.slot) }
    }
}
