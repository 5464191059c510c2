internal import LedgerCrypto
internal import Primitives

/// Where a node stands in the tree: the first `depth` nibbles of the SHA-256 digests of all keys below it.
struct NodePath: Hashable, Sendable {
    /// A node at this depth would have leaves only below; deeper ones cannot exist.
    static let depthMax = 63
    static let root = NodePath(depth: 0, prefix: .zero)

    let depth: Int
    /// Zero beyond `depth` nibbles.
    let prefix: Digest

    private init(depth: Int, prefix: Digest) {
        self.depth = depth
        self.prefix = prefix
    }

    /// The path of `depth` (0 to 63) nibbles towards `keyHash`.
    init(towards keyHash: Digest, depth: Int) {
        self.depth = depth
        prefix = keyHash.keepingNibbles(depth)
    }

    func child(_ nibble: Int) -> NodePath { NodePath(depth: depth + 1, prefix: prefix.setting(nibble, at: depth)) }

    func contains(_ keyHash: Digest) -> Bool { keyHash.keepingNibbles(depth) == prefix }
}

extension Digest {
    /// The first `count` (0 to 64) nibbles, zero beyond them.
    func keepingNibbles(_ count: Int) -> Digest {
        var words = words
        withUnsafeMutableBytes(of: &words) { bytes in
            var index = count / 2
            if count % 2 == 1 {
                bytes[index] &= 0xf0
                index += 1
            }
            while index < Digest.byteCount {
                bytes[index] = 0
                index += 1
            }
        }
        return Digest(words: words)
    }

    /// With nibble `index` (0 to 63), which must be zero, set to `nibble` (0 to 15).
    func setting(_ nibble: Int, at index: Int) -> Digest {
        var words = words
        withUnsafeMutableBytes(of: &words) { bytes in
            bytes[index / 2] |= UInt8(truncatingIfNeeded: index % 2 == 0 ? nibble << 4 : nibble)
        }
        return Digest(words: words)
    }
}

/// What a slot of a node, or the root, points at. `version` is the block height that wrote it, `place` where the record
/// stands in that block's `StateLayer`, of meaning only while the layer is in memory. Plain bytes: nodes of 16 such are
/// copied at every update, and reference counts of cold neighbours were what that cost.
enum Subtree: Sendable {
    case empty
    /// A lone leaf: wherever it hangs, its record is found by (version, keyHash).
    case leaf(hash: Digest, version: UInt64, keyHash: Digest, place: UInt32)
    case inner(hash: Digest, version: UInt64, place: UInt32)

    /// SmtSpec digest of the subtree; 32 zero bytes when it is empty.
    var hash: Digest {
        switch self {
        case .empty: .zero
        case .leaf(let hash, _, _, _), .inner(let hash, _, _): hash
        }
    }

    /// The same content, written by the same block.
    func isSame(as other: Subtree) -> Bool {
        switch (self, other) {
        case (.empty, .empty): true
        case (.leaf(let hash, let version, let key, _), .leaf(let otherHash, let otherVersion, let otherKey, _)):
            hash == otherHash && version == otherVersion && key == otherKey
        case (.inner(let hash, let version, _), .inner(let otherHash, let otherVersion, _)):
            hash == otherHash && version == otherVersion
        default: false
        }
    }
}

/// Four levels of the binary tree in one record: 16 slots, by the next nibble of SHA-256(key).
///
/// Invariants: `children` holds the occupied slots in order, none of them `.empty`; a node has at least two of them, or
/// a single `.inner` one (a lone leaf moves up instead).
struct RadixNode: Sendable {
    /// Bit i: slot i is occupied.
    private(set) var occupied: UInt16 = 0
    /// Bit i: slot i holds a lone leaf.
    private(set) var leaves: UInt16 = 0
    private(set) var children: [Subtree] = []

    /// Adds the content of a slot above all slots added before.
    mutating func append(_ child: Subtree, at slot: Int) {
        switch child {
        case .empty: return
        case .leaf: leaves |= 1 << UInt16(slot)
        case .inner: break
        }
        occupied |= 1 << UInt16(slot)
        children.append(child)
    }

    mutating func reserveCapacity(_ count: Int) { children.reserveCapacity(count) }

    subscript(slot: Int) -> Subtree {
        guard occupied & (1 << UInt16(slot)) != 0 else { return .empty }
        return children[(occupied & ((1 << UInt16(slot)) - 1)).nonzeroBitCount]
    }

    /// Nearest occupied slot below `slot` (0 to 16), nil when there is none.
    func occupiedSlot(below slot: Int) -> Int? {
        let lower = slot >= 16 ? occupied : occupied & ((1 << UInt16(slot)) - 1)
        return lower == 0 ? nil : 15 - lower.leadingZeroBitCount
    }

    /// Nearest occupied slot above `slot` (-1 to 15), nil when there is none.
    func occupiedSlot(above slot: Int) -> Int? {
        let higher = slot >= 15 ? 0 : occupied & ~((1 << UInt16(slot + 1)) &- 1)
        return higher == 0 ? nil : higher.trailingZeroBitCount
    }

    /// SmtSpec digest of the whole node. At most 15 hashes.
    var hash: Digest { digest(changed: .max, in: nil) }

    /// The same, with the digests within the node in `heap` (`InnerDigests`): what has none of the slots of `changed` (bit i
    /// for slot i) is taken from there, what is hashed is put there.
    func digest(changed: UInt16, in heap: UnsafeMutableBufferPointer<Digest>?) -> Digest {
        digest(at: 1, from: 0, width: 16, changed, heap)
    }

    private func digest(
        at place: Int, from start: Int, width: Int, _ changed: UInt16, _ heap: UnsafeMutableBufferPointer<Digest>?
    ) -> Digest {
        if width == 1 { return self[start].hash }
        // Nothing below is remembered then, so it comes before what is.
        if let alone = alone(start, width) { return alone }
        if let heap, changed & RadixNode.mask(start, width) == 0 { return heap[place] }
        let half = width / 2
        let left = digest(at: 2 * place, from: start, width: half, changed, heap)
        let right = digest(at: 2 * place + 1, from: start + half, width: half, changed, heap)
        let whole = SHA256.node(tag: 1, left, right)
        heap?[place] = whole
        return whole
    }

    /// The digest of some slots that hold nothing or one lone leaf, which hangs wherever it is alone; nil for others.
    private func alone(_ start: Int, _ width: Int) -> Digest? {
        let held = occupied & RadixNode.mask(start, width)
        if held == 0 { return .zero }
        guard held == held & leaves, held.nonzeroBitCount == 1 else { return nil }
        return self[held.trailingZeroBitCount].hash
    }

    /// Steps of the binary tree from this node's root to the occupied `slot`, or to where a lone leaf hangs. At most 4.
    func stepCount(to slot: Int) -> Int {
        var start = 0
        var width = 16
        var count = 0
        while width > 1 {
            let held = occupied & RadixNode.mask(start, width)
            if held == held & leaves && held.nonzeroBitCount == 1 { break }
            width /= 2
            if slot >= start + width { start += width }
            count += 1
        }
        return count
    }

    /// Siblings on the way from this node's root to `slot`, top first, ending where a lone leaf hangs. At most 4.
    func siblings(of slot: Int) -> [(digest: Digest, isLeft: Bool)] { NodeDigests(self).siblings(of: slot, in: self) }

    private static func mask(_ start: Int, _ width: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: ((UInt32(1) << UInt32(width)) - 1) << UInt32(start))
    }
}

extension RadixNode {
    /// Record in the store: u16 occupied, u16 leaves, then per occupied slot u64 version, 32-byte hash and, for a leaf,
    /// the 32-byte SHA-256 of its key. Integers little-endian.
    var record: [UInt8] {
        var encoder = BCSEncoder(reserving: 4 + children.count * 40 + leaves.nonzeroBitCount * 32)
        encoder.u16(occupied)
        encoder.u16(leaves)
        for child in children { child.encodePointer(to: &encoder) }
        return encoder.bytes
    }

    /// Nil when `record` is no node that can stand at `path`.
    init?(record: [UInt8], at path: NodePath) {
        var decoder = BCSDecoder(record)
        guard let occupied = try? decoder.u16(), let leaves = try? decoder.u16(), leaves & ~occupied == 0,
            occupied.nonzeroBitCount > 1 || (occupied != 0 && leaves == 0)
        else { return nil }
        reserveCapacity(occupied.nonzeroBitCount)
        for slot in 0..<16 where occupied & (1 << UInt16(slot)) != 0 {
            let isLeaf = leaves & (1 << UInt16(slot)) != 0
            guard let child = try? Subtree(pointer: &decoder, isLeaf: isLeaf),
                child.canHang(in: slot, of: path)
            else { return nil }
            append(child, at: slot)
        }
        guard decoder.remaining == 0 else { return nil }
    }
}

extension Subtree {
    func encodePointer(to encoder: inout BCSEncoder) {
        switch self {
        case .empty: break
        case .leaf(let hash, let version, let keyHash, _):
            encoder.u64(version)
            encoder.fixed(hash)
            encoder.fixed(keyHash)
        case .inner(let hash, let version, _):
            encoder.u64(version)
            encoder.fixed(hash)
        }
    }

    init(pointer decoder: inout BCSDecoder, isLeaf: Bool) throws(BCSError) {
        let version = try decoder.u64()
        let hash = try decoder.digest()
        self =
            isLeaf
            ? .leaf(hash: hash, version: version, keyHash: try decoder.digest(), place: 0)
            : .inner(hash: hash, version: version, place: 0)
    }

    fileprivate func canHang(in slot: Int, of path: NodePath) -> Bool {
        switch self {
        case .empty: false
        case .leaf(_, _, let keyHash, _): path.contains(keyHash) && Int(keyHash.nibble(path.depth)) == slot
        case .inner: path.depth < NodePath.depthMax
        }
    }
}
