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
    private var nodes: [RadixNode] = []
    private var inner: [InnerDigests] = []
    private var leaves: [StateLeaf] = []

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
        leaves.reserveCapacity(changes.count)
        nodes.reserveCapacity(changes.count * 2)
        inner.reserveCapacity(changes.count * 2)
        let root = changes.isEmpty ? tree.root : try update(tree.root, at: .root, changes.indices)
        let layer = StateLayer(
            version: version, nodes: LayerRecords(nodes), inner: LayerRecords(inner), leaves: LayerRecords(leaves),
            stale: stale)
        return (root, layer)
    }

    private mutating func update(
        _ subtree: Subtree, at path: NodePath, _ range: Range<Int>
    ) throws(StorageFailure) -> Subtree {
        guard case .inner(_, let oldVersion, let place) = subtree else { return replace(subtree, at: path, range) }
        let node = try tree.node(at: path, version: oldVersion, place: place, memo: memo)
        var next = RadixNode()
        next.reserveCapacity(min(16, node.children.count + range.count))
        var isChanged = false
        var changed: UInt16 = 0
        var start = range.lowerBound
        for slot in 0..<16 {
            let end = endOfGroup(slot, path.depth, start..<range.upperBound)
            let old = node[slot]
            guard end > start else {
                next.append(old, at: slot)
                continue
            }
            let new = try update(old, at: path.child(slot), start..<end)
            isChanged = isChanged || !new.isSame(as: old)
            changed |= 1 << UInt16(slot)
            next.append(new, at: slot)
            start = end
        }
        if !isChanged { return subtree }
        stale.append(.node(path, version: oldVersion, place: place))
        return seal(next, after: tree.inner(version: oldVersion, place: place), changed: changed)
    }

    /// First index of `range` whose change belongs to a slot above `slot`.
    private func endOfGroup(_ slot: Int, _ depth: Int, _ range: Range<Int>) -> Int {
        var end = range.lowerBound
        while end < range.upperBound, Int(changes[end].keyHash.nibble(depth)) == slot { end += 1 }
        return end
    }

    /// The changes over an empty place or a lone leaf.
    private mutating func replace(_ subtree: Subtree, at path: NodePath, _ range: Range<Int>) -> Subtree {
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
            guard let leafHash = change.leafHash, let value = source[change.index].value else { continue }
            let place = UInt32(clamping: leaves.count)
            leaves.append(StateLeaf(key: source[change.index].key, value: value))
            found.append(.leaf(hash: leafHash, version: version, keyHash: change.keyHash, place: place))
        }
        if let old { found.append(old.leaf) }
        return grow(found[...], at: path)
    }

    /// The subtree of `found`: leaves only, ascending by key hash.
    private mutating func grow(_ found: ArraySlice<Subtree>, at path: NodePath) -> Subtree {
        guard found.count > 1 else { return found.first ?? .empty }
        var node = RadixNode()
        var start = found.startIndex
        for slot in 0..<16 {
            var end = start
            while end < found.endIndex, case .leaf(_, _, let keyHash, _) = found[end],
                Int(keyHash.nibble(path.depth)) == slot
            { end += 1 }
            guard end > start else { continue }
            node.append(end - start == 1 ? found[start] : grow(found[start..<end], at: path.child(slot)), at: slot)
            start = end
        }
        return seal(node, after: .none, changed: .max)
    }

    /// The subtree of a finished node: nothing, a lone leaf that moves up, or the node. It differs in the slots of `changed`
    /// from the node of `old`.
    private mutating func seal(_ node: RadixNode, after old: InnerDigests, changed: UInt16) -> Subtree {
        guard let first = node.children.first else { return .empty }
        if node.children.count == 1, case .leaf = first { return first }
        nodes.append(node)
        let isRemembered = node.children.count >= InnerDigests.childrenMin
        inner.append(isRemembered ? InnerDigests(node, after: old, changed: changed) : .none)
        let hash = isRemembered ? inner[inner.count - 1].root : node.hash
        return .inner(hash: hash, version: version, place: UInt32(clamping: nodes.count - 1))
    }
}
