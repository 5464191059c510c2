package import Chain
internal import LedgerCrypto
internal import Primitives

extension StateSnapshot {
    /// A proof that `key` has its value, or that it is absent, under `root`; nil when the state has no key at all.
    /// O(log n) gets and hashes, fewer with a memory. Every node and leaf of it is checked against the digest that its
    /// parent has, so that a damaged store throws.
    package func prove(
        _ key: [UInt8], memory: (any NodeDigestMemory)? = nil
    ) throws(StorageFailure) -> CommitmentProof? {
        let keyHash = SHA256.hash(key)
        if let proof = try existence(of: keyHash, memory) { return .exist(proof) }
        let left = try neighbour(of: keyHash, isLeft: true)
        let right = try neighbour(of: keyHash, isLeft: false)
        if left == nil && right == nil { return nil }
        let proof = CommitmentProof.nonexist(
            NonExistenceProof(
                key: key, left: try left.map { (hash) throws(StorageFailure) in try present(hash, memory) },
                right: try right.map { (hash) throws(StorageFailure) in try present(hash, memory) }))
        // That the neighbours are neighbours is known to the verifier only.
        guard proof.isValid(root: root, key: key) else { throw damaged(keyHash) }
        return proof
    }

    private func damaged(_ keyHash: Digest) -> StorageFailure {
        StorageFailure(
            "the stored state of version \(version) does not give its own root \(root.short) for key "
                + "\(keyHash.short): it is damaged; restore the node from its peers")
    }

    private func present(
        _ keyHash: Digest, _ memory: (any NodeDigestMemory)?
    ) throws(StorageFailure) -> ExistenceProof {
        guard let proof = try existence(of: keyHash, memory) else {
            throw StorageFailure("state leaf \(keyHash.short) is missing; restore the node from its peers")
        }
        return proof
    }

    /// Nodes above this depth are few and on the way of every proof.
    private static let rememberedDepth = 3

    /// The proof of the leaf `keyHash`; nil when there is none.
    private func existence(
        of keyHash: Digest, _ memory: (any NodeDigestMemory)?
    ) throws(StorageFailure) -> ExistenceProof? {
        var subtree = tree.root
        var path = NodePath.root
        var siblings: [(digest: Digest, isLeft: Bool)] = []
        siblings.reserveCapacity(24)
        while case .inner(let hash, let version, let place) = subtree {
            let slot = Int(keyHash.nibble(path.depth))
            let node = try tree.node(at: path, version: version, place: place)
            if case .empty = node[slot] { return nil }
            siblings += try digests(of: node, hash, keyHash, path.depth < Self.rememberedDepth ? memory : nil)
                .siblings(of: slot, in: node)
            subtree = node[slot]
            if path.depth < NodePath.depthMax { path = path.child(slot) }
        }
        guard case .leaf(let hash, let version, let found, let place) = subtree, found == keyHash else { return nil }
        let leaf = try tree.leaf(keyHash, version: version, place: place)
        guard SHA256.node(tag: 0, keyHash, SHA256.hash(leaf.value)) == hash else { throw damaged(keyHash) }
        let steps = siblings.reversed().map { InnerOp(sibling: $0.digest, isLeft: $0.isLeft) }
        return ExistenceProof(key: leaf.key, value: leaf.value, leaf: .smt, path: steps)
    }

    /// What the node's digests are; they lead to `hash`, which is what its parent has.
    private func digests(
        of node: RadixNode, _ hash: Digest, _ keyHash: Digest, _ memory: (any NodeDigestMemory)?
    ) throws(StorageFailure) -> NodeDigests {
        if let known = memory?[hash] { return known }
        let digests = NodeDigests(node)
        guard digests.root == hash else { throw damaged(keyHash) }
        memory?.keep(digests, of: hash)
        return digests
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
