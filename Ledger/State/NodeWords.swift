internal import LedgerCrypto
internal import Primitives

/// What comes next on a way down to a key.
enum NodeStep {
    /// The key is not there.
    case nothing
    case inner(version: UInt64, place: UInt32)
    /// Its leaf.
    case leaf(version: UInt64, place: UInt32)
}

/// A node where it lies in memory. Of use only while the memory is held by whoever made it.
struct NodeWords {
    private let words: UnsafeBufferPointer<UInt64>
    let head: NodeHead

    /// `words` begins with the node's head and reaches beyond its last word.
    init(_ words: UnsafeBufferPointer<UInt64>) {
        self.words = words
        head = NodeHead(word: words[0])
    }

    func digest(at start: Int) -> Digest {
        Digest(words: (words[start], words[start + 1], words[start + 2], words[start + 3]))
    }

    /// What hangs in a slot (0 to 15).
    subscript(slot: Int) -> Subtree {
        guard head.holds(slot) else { return .empty }
        let start = head.childStart(slot)
        let (version, place) = (words[start + 4], UInt32(truncatingIfNeeded: words[start + 5]))
        return head.isLeaf(slot)
            ? .leaf(hash: digest(at: start), version: version, keyHash: digest(at: head.keyStart(slot)), place: place)
            : .inner(hash: digest(at: start), version: version, place: place)
    }

    /// Where a way down to `keyHash` goes by a slot (0 to 15). Reads no more than it has to: on the way to a key each line of
    /// memory is a wait.
    func step(_ slot: Int, towards keyHash: Digest) -> NodeStep {
        guard head.holds(slot) else { return .nothing }
        let start = head.childStart(slot)
        let (version, place) = (words[start + 4], UInt32(truncatingIfNeeded: words[start + 5]))
        guard head.isLeaf(slot) else { return .inner(version: version, place: place) }
        return digest(at: head.keyStart(slot)) == keyHash ? .leaf(version: version, place: place) : .nothing
    }

    /// SmtSpec digest of the node: at most 15 hashes. `heap` are the digests within the node, a heap from place 1 on: 2 i and
    /// 2 i + 1 hang below i, 8 to 15 above two slots each; of no meaning where at most one lone leaf hangs. What has none of
    /// the slots of `changed` (bit i for slot i) is taken from there, what is hashed is put there.
    func digest(changed: UInt16, in heap: UnsafeMutablePointer<UInt64>?) -> Digest {
        digest(at: 1, from: 0, width: 16, changed, heap)
    }

    private func digest(
        at place: Int, from start: Int, width: Int, _ changed: UInt16, _ heap: UnsafeMutablePointer<UInt64>?
    ) -> Digest {
        let held = head.occupied & NodeHead.mask(start, width)
        if held == 0 { return .zero }
        // Nothing below is remembered where a lone leaf hangs, so it comes before what is.
        if width == 1 || head.isLoneLeaf(held) { return digest(at: head.childStart(held.trailingZeroBitCount)) }
        let remembered = heap.map { $0 + (place - 1) * NodeHead.digestWords }
        if let remembered, changed & NodeHead.mask(start, width) == 0 {
            return Digest(words: (remembered[0], remembered[1], remembered[2], remembered[3]))
        }
        let half = width / 2
        let left = digest(at: 2 * place, from: start, width: half, changed, heap)
        let right = digest(at: 2 * place + 1, from: start + half, width: half, changed, heap)
        let whole = SHA256.node(tag: 1, left, right)
        if let remembered {
            (remembered[0], remembered[1], remembered[2], remembered[3]) = whole.words
        }
        return whole
    }
}
