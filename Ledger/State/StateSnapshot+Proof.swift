package import Chain
internal import LedgerCrypto
internal import Primitives

extension StateSnapshot {
    /// A proof that `key` has its value, or that it is absent, under `root`; nil when the state has no key at all.
    /// O(log n) gets and hashes. The proof is checked before it is handed out, so that a damaged store throws.
    package func prove(_ key: [UInt8]) throws(StorageFailure) -> CommitmentProof? {
        let keyHash = SHA256.hash(key)
        let proof: CommitmentProof
        if try tree.find(keyHash) != nil {
            proof = .exist(try existence(of: keyHash))
        } else {
            let left = try neighbour(of: keyHash, isLeft: true)
            let right = try neighbour(of: keyHash, isLeft: false)
            if left == nil && right == nil { return nil }
            proof = .nonexist(
                NonExistenceProof(
                    key: key, left: try left.map { (hash) throws(StorageFailure) in try existence(of: hash) },
                    right: try right.map { (hash) throws(StorageFailure) in try existence(of: hash) }))
        }
        guard proof.isValid(root: root, key: key) else {
            throw StorageFailure(
                "the stored state of version \(version) does not give its own root \(root.short) for key "
                    + "\(keyHash.short): it is damaged; restore the node from its peers")
        }
        return proof
    }

    /// The proof of the leaf `keyHash`, which must be there.
    private func existence(of keyHash: Digest) throws(StorageFailure) -> ExistenceProof {
        var subtree = tree.root
        var path = NodePath.root
        var siblings: [(digest: Digest, isLeft: Bool)] = []
        while case .inner(_, let version, let place) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            let node = try tree.node(at: path, version: version, place: place)
            siblings += node.siblings(of: slot)
            subtree = node[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        guard case .leaf(_, let version, let found, let place) = subtree, found == keyHash else {
            throw StorageFailure("state leaf \(keyHash.short) is missing; restore the node from its peers")
        }
        let leaf = try tree.leaf(keyHash, version: version, place: place)
        let steps = siblings.reversed().map { InnerOp(sibling: $0.digest, isLeft: $0.isLeft) }
        return ExistenceProof(key: leaf.key, value: leaf.value, leaf: .smt, path: steps)
    }

    /// The nearest leaf below or above an absent key hash; nil when there is none on that side.
    private func neighbour(of keyHash: Digest, isLeft: Bool) throws(StorageFailure) -> Digest? {
        var subtree = tree.root
        var path = NodePath.root
        // The lowest subtree beside the path that has leaves on the wanted side.
        var beside: (subtree: Subtree, path: NodePath)?
        while case .inner(_, let version, let place) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            let node = try tree.node(at: path, version: version, place: place)
            if let next = isLeft ? node.occupiedSlot(below: slot) : node.occupiedSlot(above: slot) {
                beside = (node[next], path.depth < NodePath.depthMax ? path.child(next) : path)
            }
            subtree = node[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        if case .leaf(_, _, let found, _) = subtree, isLeft ? found < keyHash : found > keyHash { return found }
        guard let beside else { return nil }
        return try outermost(beside.subtree, at: beside.path, isRight: isLeft)
    }

    /// The right-most or left-most leaf of a subtree.
    private func outermost(
        _ start: Subtree, at place: NodePath, isRight: Bool
    ) throws(StorageFailure) -> Digest? {
        var subtree = start
        var path = place
        while case .inner(_, let version, let place) = subtree {
            let node = try tree.node(at: path, version: version, place: place)
            guard let slot = isRight ? node.occupiedSlot(below: 16) : node.occupiedSlot(above: -1) else { return nil }
            subtree = node[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        guard case .leaf(_, _, let keyHash, _) = subtree else { return nil }
        return keyHash
    }
}
