internal import Primitives

/// The nodes that a block wrote, by their places: 0, 1, 2 and so on; some may be let go later. One piece of memory.
struct NodeTable: Sendable {
    private(set) var words: [UInt64] = []
    /// Where each node begins in `words`.
    private var starts: [UInt32] = []
    private var index = PlaceIndex()

    /// Nodes that are here.
    var count: Int { starts.count }

    mutating func reserveCapacity(nodes: Int, words count: Int) {
        starts.reserveCapacity(nodes)
        words.reserveCapacity(count)
    }

    private func start(_ place: UInt32) -> Int? {
        guard let position = index.position(place), position < starts.count else { return nil }
        return Int(starts[position])
    }

    /// Nil when nothing is there, or no longer.
    subscript(place: UInt32) -> RadixNode? {
        guard let start = start(place) else { return nil }
        return RadixNode(words: words[start..<start + NodeHead(word: words[start]).wordCount])
    }

    /// Where a way down to `keyHash` goes from a node; nil as above. Counts no references: readers on several threads would
    /// contend for them.
    func step(_ place: UInt32, _ slot: Int, towards keyHash: Digest) -> NodeStep? {
        guard let start = start(place) else { return nil }
        return words.withUnsafeBufferPointer {
            NodeWords(UnsafeBufferPointer(rebasing: $0[start...])).step(slot, towards: keyHash)
        }
    }

    /// Adds `node` with other contents in some slots, ascending; `head` is that of the result. Its place.
    @discardableResult
    mutating func append(_ node: RadixNode, changing changes: ArraySlice<SlotChange>, head: NodeHead) -> UInt32 {
        let start = words.count
        let old = node.head
        if head == old {
            words.append(contentsOf: node.words)
        } else {
            words.append(contentsOf: repeatElement(0, count: head.wordCount))
        }
        words.withUnsafeMutableBufferPointer { all in
            // Of `head.wordCount` words, as appended above.
            let new = UnsafeMutableBufferPointer(rebasing: all[start...])
            if head != old {
                new[0] = head.word
                node.words.withUnsafeBufferPointer {
                    NodeTable.copy($0, old, except: SlotChange.slots(of: changes), to: new, head)
                }
            }
            for change in changes { NodeTable.put(change, new, head) }
        }
        starts.append(UInt32(clamping: start))
        return UInt32(clamping: starts.count - 1)
    }

    /// Copies the children of the slots that are not among `changed`, and the remembered digests when both have them.
    /// `from` and `to` have the words that `old` and `head` say.
    private static func copy(
        _ from: UnsafeBufferPointer<UInt64>, _ old: NodeHead, except changed: UInt16,
        to: UnsafeMutableBufferPointer<UInt64>, _ head: NodeHead
    ) {
        var kept = old.occupied & ~changed
        while kept != 0 {
            let slot = kept.trailingZeroBitCount
            kept &= kept &- 1
            let (source, target) = (old.childStart(slot), head.childStart(slot))
            for index in 0..<NodeHead.childWords { to[target + index] = from[source + index] }
            guard old.isLeaf(slot) else { continue }
            let (sourceKey, targetKey) = (old.keyStart(slot), head.keyStart(slot))
            for index in 0..<NodeHead.digestWords { to[targetKey + index] = from[sourceKey + index] }
        }
        guard head.isRemembered && old.isRemembered else { return }
        for index in 0..<NodeHead.rememberedWords {
            to[head.rememberedStart + index] = from[old.rememberedStart + index]
        }
    }

    private static func put(_ change: SlotChange, _ words: UnsafeMutableBufferPointer<UInt64>, _ head: NodeHead) {
        let start = head.childStart(change.slot)
        switch change.content {
        case .empty: break
        case .leaf(let hash, let version, let keyHash, let place):
            put(hash, version, place, words, start)
            put(keyHash, words, head.keyStart(change.slot))
        case .inner(let hash, let version, let place): put(hash, version, place, words, start)
        }
    }

    private static func put(
        _ hash: Digest, _ version: UInt64, _ place: UInt32, _ words: UnsafeMutableBufferPointer<UInt64>, _ index: Int
    ) {
        put(hash, words, index)
        words[index + 4] = version
        words[index + 5] = UInt64(place)
    }

    private static func put(_ digest: Digest, _ words: UnsafeMutableBufferPointer<UInt64>, _ index: Int) {
        (words[index], words[index + 1], words[index + 2], words[index + 3]) = digest.words
    }

    /// The digest of the node that was added last. Only slots of `changed` differ from the node whose remembered digests it
    /// took over; `.max` when there was none.
    mutating func digestOfLast(changed: UInt16) -> Digest {
        guard let start = starts.last else { return .zero }
        return words.withUnsafeMutableBufferPointer { buffer in
            let node = NodeWords(UnsafeBufferPointer(rebasing: buffer[Int(start)...]))
            let heap = buffer.baseAddress.map { $0 + Int(start) + node.head.rememberedStart }
            return node.digest(changed: changed, in: node.head.isRemembered ? heap : nil)
        }
    }

    /// Without the nodes at the places of `gone`, in any order.
    func without(_ gone: [UInt32]) -> NodeTable {
        if gone.isEmpty { return self }
        let (left, kept) = index.without(gone, count: count)
        var rest = NodeTable()
        rest.index = left
        rest.reserveCapacity(
            nodes: kept.count,
            words: kept.reduce(0) { $0 + NodeHead(word: words[Int(starts[$1])]).wordCount })
        for position in kept {
            let start = Int(starts[position])
            rest.starts.append(UInt32(clamping: rest.words.count))
            rest.words.append(contentsOf: words[start..<start + NodeHead(word: words[start]).wordCount])
        }
        return rest
    }

    /// What it occupies, without spare room.
    var byteCount: Int { words.count * 8 + starts.count * 4 + index.byteCount }
}
