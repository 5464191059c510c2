internal import Chain
internal import LedgerCrypto
internal import Primitives

/// Makes the next version of a tree from a block's changes: all of them in one descent, so that a node on several
/// paths is read, hashed and written once.
struct StateTreeUpdate {
    private struct Change {
        let keyHash: Digest
        /// Nil removes the key.
        let leafHash: Digest?
        let index: Int
    }

    private let tree: StateTree
    private let memo: NodeMemo?
    private let version: UInt64
    private let source: [StateChange]
    private var changes: [Change] = []
    private var stale: [StaleRecord] = []
    private var nodes = NodeTable()
    private var leaves = LeafTable()
    /// A stack: what has changed so far in the node that is being updated, above what has in those on the way to it.
    private var pending: [SlotChange] = []

    /// Throws when a change is malformed or a key occurs twice: contracts cannot make such changes, so this node, or
    /// all of them, must stop.
    init(
        _ tree: StateTree, _ source: [StateChange], version: UInt64, memo: NodeMemo?
    ) throws(StorageFailure) {
        self.tree = tree
        self.memo = memo
        self.version = version
        self.source = source
        changes.reserveCapacity(source.count)
        for (index, change) in source.enumerated() {
            let keyHash = SHA256.hash(change.key)
            guard (1...StateChange.keyBytesMax).contains(change.key.count),
                (1...StateChange.valueBytesMax).contains(change.value?.count ?? 1)
            else {
                throw StorageFailure("the state change of key \(Hex.encode(change.key.prefix(32))) has an illegal size")
            }
            let leafHash = change.value.map { SHA256.node(tag: 0, keyHash, SHA256.hash($0)) }
            changes.append(Change(keyHash: keyHash, leafHash: leafHash, index: index))
        }
        changes.sort { $0.keyHash < $1.keyHash }
        for (left, right) in zip(changes, changes.dropFirst()) where left.keyHash == right.keyHash {
            throw StorageFailure("a block changes key \(Hex.encode(source[left.index].key.prefix(32))) twice")
        }
    }

    /// The new root, and the layer that belongs to it.
    mutating func run() throws(StorageFailure) -> (root: Subtree, layer: StateLayer) {
        stale.reserveCapacity(changes.count * 2)
        leaves.reserveCapacity(leaves: changes.count, bytes: changes.count * 96)
        nodes.reserveCapacity(nodes: changes.count * 3, words: StateTreeUpdate.wordsUsual(changes.count))
        let root = changes.isEmpty ? tree.root : try update(tree.root, at: .root, changes.indices)
        return (root, StateLayer(version: version, nodes: nodes, leaves: leaves, stale: stale))
    }

    /// What the nodes of so many changes usually take: a node of 16 children for each, as many above while those are few.
    private static func wordsUsual(_ changes: Int) -> Int { changes * 180 + min(changes, 256) * 160 }

    private mutating func update(
        _ subtree: Subtree, at path: NodePath, _ range: Range<Int>
    ) throws(StorageFailure) -> Subtree {
        guard case .inner(_, let oldVersion, let place) = subtree else { return replace(subtree, at: path, range) }
        let node = try tree.node(at: path, version: oldVersion, place: place, memo: memo)
        let base = pending.count
        var start = range.lowerBound
        while start < range.upperBound {
            let slot = Int(changes[start].keyHash.nibble(path.depth))
            let end = endOfGroup(slot, path.depth, start..<range.upperBound)
            let old = node[slot]
            let new = try update(old, at: path.child(slot), start..<end)
            if !new.isSame(as: old) { pending.append(SlotChange(slot: slot, content: new)) }
            start = end
        }
        if pending.count == base { return subtree }
        stale.append(.node(path, version: oldVersion, place: place))
        return seal(node, base)
    }

    /// First index of `range` whose change belongs to a slot above `slot`.
    private func endOfGroup(_ slot: Int, _ depth: Int, _ range: Range<Int>) -> Int {
        var end = range.lowerBound
        while end < range.upperBound, Int(changes[end].keyHash.nibble(depth)) == slot { end += 1 }
        return end
    }

    /// The changes over an empty place or a lone leaf.
    private mutating func replace(_ subtree: Subtree, at path: NodePath, _ range: Range<Int>) -> Subtree {
        if range.count == 1, let alone = replace(subtree, changes[range.lowerBound]) { return alone }
        var found: [Subtree] = []
        found.reserveCapacity(range.count + 1)
        var old: (leaf: Subtree, keyHash: Digest, record: StaleRecord)?
        if case .leaf(_, let version, let keyHash, let place) = subtree {
            old = (subtree, keyHash, .leaf(keyHash, version: version, place: place))
        }
        for change in changes[range] {
            if let known = old, known.keyHash <= change.keyHash {
                old = nil
                if known.keyHash < change.keyHash || known.leaf.hash == change.leafHash { found.append(known.leaf) }
                if known.keyHash == change.keyHash {
                    if known.leaf.hash == change.leafHash { continue }
                    stale.append(known.record)
                }
            }
            if let leaf = leaf(of: change) { found.append(leaf) }
        }
        if let old { found.append(old.leaf) }
        return grow(found[...], at: path)
    }

    /// One change over an empty place or over the leaf of its key, as most are; nil when another key's leaf is there.
    private mutating func replace(_ subtree: Subtree, _ change: Change) -> Subtree? {
        if case .leaf(let hash, let version, let keyHash, let place) = subtree {
            guard keyHash == change.keyHash else { return nil }
            if hash == change.leafHash { return subtree }
            stale.append(.leaf(keyHash, version: version, place: place))
        }
        return leaf(of: change) ?? .empty
    }

    /// The new leaf of a change, nil when it removes its key.
    private mutating func leaf(of change: Change) -> Subtree? {
        guard let leafHash = change.leafHash, let value = source[change.index].value else { return nil }
        let place = leaves.append(key: source[change.index].key, value: value)
        return .leaf(hash: leafHash, version: version, keyHash: change.keyHash, place: place)
    }

    /// The subtree of `found`: leaves only, ascending by key hash.
    private mutating func grow(_ found: ArraySlice<Subtree>, at path: NodePath) -> Subtree {
        guard found.count > 1 else { return found.first ?? .empty }
        let base = pending.count
        var start = found.startIndex
        for slot in 0..<16 {
            var end = start
            while end < found.endIndex, case .leaf(_, _, let keyHash, _) = found[end],
                Int(keyHash.nibble(path.depth)) == slot
            { end += 1 }
            guard end > start else { continue }
            let content = end - start == 1 ? found[start] : grow(found[start..<end], at: path.child(slot))
            pending.append(SlotChange(slot: slot, content: content))
            start = end
        }
        return seal(RadixNode(), base)
    }

    /// The subtree of `node` with the pending changes from `base` on, which are taken: nothing, a lone leaf that moves up, or
    /// a node.
    private mutating func seal(_ node: RadixNode, _ base: Int) -> Subtree {
        let sealed = seal(node, pending[base...])
        pending.removeSubrange(base...)
        return sealed
    }

    private mutating func seal(_ node: RadixNode, _ changed: ArraySlice<SlotChange>) -> Subtree {
        let head = node.head.changing(changed, remembers: true)
        if head.count == 0 { return .empty }
        if head.count == 1, head.leaves != 0 {
            let slot = head.leaves.trailingZeroBitCount
            return changed.first { $0.slot == slot }?.content ?? node[slot]
        }
        let place = nodes.append(node, changing: changed, head: head)
        let slots = node.head.isRemembered ? SlotChange.slots(of: changed) : UInt16.max
        return .inner(hash: nodes.digestOfLast(changed: slots), version: version, place: place)
    }
}
