internal import Chain
internal import Primitives

/// The way of a block through this machine: named by a certificate or a proposal, header known, judged by the caller once
/// its parent is executed, executed. Ancestors are asked for as soon as a header names them, so that no two blocks wait
/// for each other.
extension ConsensusMachine {
    /// Notes that a quorum stands behind `digest`, so that this node must get and execute it.
    mutating func want(_ digest: Digest, in view: View) {
        if let block = blocks[digest] {
            if block.isExecuted { return }
            if case .invalid(let reason) = block.status { return emit(.diverged(digest, view, reason: reason)) }
        }
        if let index = wanted.firstIndex(where: { $0.digest == digest }) {
            wanted[index].view = max(wanted[index].view, view)
        } else {
            wanted.append(WantedBlock(digest: digest, view: view))
        }
    }

    /// Asks for what the wanted blocks lack: for each the lowest block that is not executed yet.
    mutating func executeWanted() {
        var asked: [Digest] = []
        for target in wanted {
            guard let (digest, block) = lowestUnexecuted(below: target), !asked.contains(digest) else { continue }
            asked.append(digest)
            if let block {
                // A caller may have dropped the question, so it is asked again.
                let isDue = pace.mayFetch(digest, at: now.monotonic, every: retryMilliseconds)
                if block.status == .known || isDue { judge(digest, block, isCertified: true) }
            } else if pace.mayFetch(digest, at: now.monotonic, every: retryMilliseconds) {
                emit(.fetchBlock(digest, holders: holders(for: target.view)))
            }
        }
        pace.keepFetches(of: asked)
    }

    /// Walks from `target` to the lowest ancestor that is not executed. Nil when there is nothing to do here: all is
    /// executed, a block is invalid, or what is missing is final, which the caller's catch-up brings.
    private func lowestUnexecuted(below target: WantedBlock) -> (Digest, KnownBlock?)? {
        var digest = target.digest
        var isFinal = target.digest == finalDigest
        // Each step goes to another known block.
        for _ in 0...blocks.count {
            guard let block = blocks[digest] else { return isFinal ? nil : (digest, nil) }
            if block.isExecuted { return nil }
            if blocks[block.header.parent]?.isExecuted ?? false {
                return block.status == .known || block.status == .judging ? (digest, block) : nil
            }
            digest = block.header.parent
            if digest == finalDigest { isFinal = true }
            if let last = finalPoints.last, block.header.height <= last.height { isFinal = true }
        }
        return nil
    }

    mutating func judge(_ digest: Digest, _ block: KnownBlock, isCertified: Bool) {
        blocks[digest]?.status = .judging
        emit(
            .judge(JudgeRequest(header: block.header, transactions: block.transactions, isCertified: isCertified)))
    }

    /// Remembers a header that came with a proposal or was asked for.
    mutating func note(_ header: BlockHeader, _ transactions: [Digest]) {
        if blocks[header.digest] == nil {
            blocks[header.digest] = KnownBlock(header: header, transactions: transactions, status: .known)
        }
    }

    mutating func onBlock(_ header: BlockHeader, _ transactions: [Digest]) {
        // A block that became final while its answer was on the way is no longer asked for, but still wanted.
        guard pace.isFetching(header.digest) || wanted.contains(where: { $0.digest == header.digest }),
            header.epoch == epoch,
            Block.transactionsRoot(transactions) == header.transactionsRoot
        else { return }
        note(header, transactions)
    }

    mutating func onJudged(_ digest: Digest, _ verdict: Verdict) {
        guard let block = blocks[digest], !block.isExecuted else { return }
        switch verdict {
        case .valid:
            blocks[digest]?.status = .executed
            onExecuted(digest)
        case .invalid(let reason):
            blocks[digest]?.status = .invalid(reason)
            if let target = wanted.first(where: { $0.digest == digest }) {
                wanted.removeAll { $0.digest == digest }
                emit(.diverged(digest, target.view, reason: reason))
            }
        }
    }

    mutating func onExecuted(_ header: BlockHeader, _ transactions: [Digest]) {
        guard header.epoch == epoch, header.validatorSet == set.digest else { return }
        if let last = finalPoints.last, header.height < last.height, header.digest != finalDigest { return }
        if let held = blocks[header.digest], held.isExecuted { return }
        note(header, transactions)
        blocks[header.digest]?.status = .executed
        // A long catch-up leaves its newest block only.
        if blocks[header.parent]?.isExecuted ?? false, header.parent != finalDigest, !isCertified(header.parent) {
            blocks[header.parent] = nil
        }
        onExecuted(header.digest)
    }

    private func isCertified(_ digest: Digest) -> Bool {
        openViews.contains { views[$0]?.notarization?.digest == digest }
    }

    private mutating func onExecuted(_ digest: Digest) {
        wanted.removeAll { $0.digest == digest }
        if digest == finalDigest { settleFinal() }
        for view in openViews where views[view]?.notarization?.digest == digest { finalizeVote(in: view) }
    }

    /// Peers that probably hold what belongs to `view`: its leader and f more, others at each try.
    mutating func holders(for view: View) -> [Digest] {
        pace.attempts &+= 1
        let leader = set.leader(of: view)
        var chosen = [leader]
        for step in 0..<set.count where chosen.count <= set.faultsMax + 1 {
            let index = (leader + 1 + step + pace.attempts % set.count) % set.count
            if !chosen.contains(index) { chosen.append(index) }
        }
        return chosen.filter { $0 != own.map(Int.init) }.map { set.validators[$0].transportKey }
    }
}
