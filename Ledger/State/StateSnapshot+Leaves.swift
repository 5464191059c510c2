package import Chain
package import Primitives

extension StateSnapshot {
    /// Up to `limit` entries in the order of SHA-256(key): those above `after`, all when that is nil. Fewer than
    /// `limit` means the end. O(limit + log n) gets.
    package func leaves(after: Digest?, limit: Int) throws(StorageFailure) -> [StateLeaf] {
        var found: [StateLeaf] = []
        if limit > 0 { try collect(tree.root, at: .root, after: after, limit: limit, into: &found) }
        return found
    }

    /// `after` is nil when all of the subtree lies above it.
    private func collect(
        _ subtree: Subtree, at path: NodePath, after: Digest?, limit: Int, into found: inout [StateLeaf]
    ) throws(StorageFailure) {
        switch subtree {
        case .empty: return
        case .leaf(_, let version, let keyHash, let place):
            if let after, keyHash <= after { return }
            found.append(try tree.leaf(keyHash, version: version, place: place))
        case .inner(_, let version, let place):
            let node = try tree.node(at: path, version: version, place: place)
            let first = after.map { Int($0.nibble(path.depth)) }
            var slot = (first ?? 0) - 1
            while found.count < limit, let next = node.occupiedSlot(above: slot) {
                slot = next
                let child = path.depth < NodePath.depthMax ? path.child(slot) : path
                try collect(node[slot], at: child, after: slot == first ? after : nil, limit: limit, into: &found)
            }
        }
    }
}
