internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

extension Replica {
    /// A quorum finalized the block of `certificate`, executed here or not.
    mutating func finalize(_ certificate: Certificate) throws(StorageFailure) {
        if certificate.digest == view.tip.digest {
            if view.finalization == nil, view.tip.height.value > 0 { adopt(certificate) }
            return
        }
        if let awaited = awaitedFinalization, awaited.epoch == certificate.epoch, awaited.view >= certificate.view {
            return
        }
        if tree[certificate.digest] == nil, try view.height(of: certificate.digest) != nil { return }
        if awaitedFinalization == nil { awaitedSince = now.monotonic }
        awaitedFinalization = certificate
        try completeFinalization()
    }

    /// Finalizes up to the awaited block when it is executed here.
    mutating func completeFinalization() throws(StorageFailure) {
        guard let certificate = awaitedFinalization else { return }
        if certificate.digest == view.tip.digest {
            adopt(certificate)
            awaitedFinalization = nil
            return
        }
        guard tree[certificate.digest] != nil else { return }
        awaitedFinalization = nil
        isCatchingUp = false
        try finalizeChain(to: certificate.digest, certificate: certificate)
    }

    /// Makes the executed block and its ancestors final, in order. `certificate` is for it or for a descendant.
    mutating func finalizeChain(to digest: Digest, certificate: Certificate) throws(StorageFailure) {
        guard let path = tree.path(to: digest, from: view.tip.digest) else {
            return halt(
                "block \(digest) is final but does not descend from block \(view.tip.height) (\(view.tip.digest)), which is "
                    + "final here: more than f validators are faulty or this node's storage is damaged. Stop and compare."
            )
        }
        for step in path {
            guard let executed = tree[step] else { continue }
            finalizeOne(executed, certificate: certificate)
        }
        for abandoned in tree.cut(to: digest) { release(abandoned) }
        let tip = view.tip.height
        judging.removeAll { $0.request.header.height <= tip }
        snapshot.lackingBlocks = []
        peers.forgetBlocks(through: tip)
        if let awaited = awaitedFinalization, view.recent.contains(where: { $0.block.digest == awaited.digest }) {
            awaitedFinalization = nil
        }
        if awaitedFinalization == nil { isCatchingUp = false }
        expirePool()
    }

    private mutating func finalizeOne(_ executed: ExecutedBlock, certificate: Certificate) {
        let header = executed.header
        var dropped: [(entry: Mempool.Entry, reason: TransactionRefusal)] = []
        window.insert(SignedEntries(executed.block).entries)
        for transaction in executed.block.transactions {
            guard let entry = pool.remove(signed: transaction.signedDigest) else { continue }
            // Signed twice: the other one ran.
            if entry.transaction.digest != transaction.digest {
                dropped.append((entry, .signedOtherwise(transaction.digest)))
            }
        }
        window.advance(to: header.time)
        tellDropped(dropped)
        view.tip = header
        view.state = executed.state
        view.finalization = certificate.digest == header.digest ? certificate : nil
        view.validators = executed.nextValidators ?? view.validators
        let final = FinalizedBlock(executed, finalization: certificate, validators: view.validators)
        view.recent.append(final)
        recentBodies.append((executed.journalSequence, executed.bytes))
        effects.append(.finalized(final))
    }

    /// The tip became final by a descendant's finalization and now has its own.
    private mutating func adopt(_ certificate: Certificate) {
        guard view.finalization == nil, let last = view.recent.last, last.block.digest == certificate.digest else {
            return
        }
        view.finalization = certificate
        view.recent[view.recent.count - 1] = last.with(certificate)
    }

    /// Drops what has expired from the pool.
    mutating func expirePool() {
        let time = max(view.tip.time, Timestamp(now.wall.milliseconds))
        let removed = pool.expire(at: time)
        guard !removed.isEmpty else { return }
        tellDropped(
            removed.map { (entry: $0, reason: .expired(expiry: $0.transaction.transaction.body.expiry, now: time)) })
    }
}
