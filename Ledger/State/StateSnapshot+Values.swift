package import Chain
internal import LedgerCrypto
internal import Primitives

extension StateSnapshot {
    /// As `value` for each key, in order of the keys, in one descent: a node on the way to many keys is read once.
    /// O(k) leaves and the nodes above them.
    package func values(_ keys: [[UInt8]]) throws(StorageFailure) -> [[UInt8]?] {
        var found = [[UInt8]?](repeating: nil, count: keys.count)
        var wanted = keys.enumerated().map { (keyHash: SHA256.hash($0.element), index: $0.offset) }
        wanted.sort { $0.keyHash < $1.keyHash }
        try read(wanted[...], below: tree.root, at: .root, &found)
        return found
    }

    /// `wanted` ascends by key hash and belongs below `path`.
    private func read(
        _ wanted: ArraySlice<(keyHash: Digest, index: Int)>, below subtree: Subtree, at path: NodePath,
        _ found: inout [[UInt8]?]
    ) throws(StorageFailure) {
        switch subtree {
        case .empty: return
        case .leaf(_, let version, let keyHash, let place):
            let own = wanted.filter { $0.keyHash == keyHash }
            guard !own.isEmpty else { return }
            let value = try tree.leaf(keyHash, version: version, place: place).value
            for each in own { found[each.index] = value }
        case .inner(_, let version, let place):
            let node = try tree.node(at: path, version: version, place: place)
            var rest = wanted
            while let first = rest.first {
                let slot = first.keyHash.nibble(path.depth)
                let end = rest.firstIndex { $0.keyHash.nibble(path.depth) != slot } ?? rest.endIndex
                // A node at the greatest depth has leaves only.
                let next = path.depth < NodePath.depthMax ? path.child(Int(slot)) : path
                try read(rest[..<end], below: node[Int(slot)], at: next, &found)
                rest = rest[end...]
            }
        }
    }
}
