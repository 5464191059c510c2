internal import Chain
internal import Consensus
internal import Primitives

extension Replica {
    /// Finds header and transactions of a block for the consensus, here or at a peer.
    mutating func fetchBlock(_ digest: Digest, holders: [PeerID]) {
        if let block = tree[digest]?.block ?? held[digest] ?? peers.kept(digest) {
            inputs.append(.block(block.header, transactions: block.transactions.map(\.digest)))
            return
        }
        if let final = view.recent.last(where: { $0.block.digest == digest }) {
            inputs.append(.block(final.block.header, transactions: final.block.transactions.map(\.digest)))
            return
        }
        guard !fetches.isFetching(.block(digest)) else { return }
        ask(.block(digest), preferring: holders, asked: [])
    }

    /// Asks for the transactions that a judgement lacks.
    mutating func fetchTransactions(of pending: PendingJudgement) {
        let header = pending.request.header
        guard !fetches.isFetching(.transactions(block: header.digest)) else { return }
        if let index = judging.firstIndex(where: { $0.request.header.digest == header.digest }) {
            judging[index].askedAt = now.monotonic
        }
        let validators = view.validators.validators
        let proposer = validators.indices.contains(Int(header.proposer)) ? [Int(header.proposer)] : []
        ask(
            .transactions(block: header.digest), preferring: proposer.map { validators[$0].transportKey }, asked: [])
    }

    /// Asks again for what no request is under way for: nobody was connected, or all were asked in vain.
    /// They may have come otherwise meanwhile.
    mutating func askAgainForTransactions() throws(StorageFailure) {
        guard let due = nextAskForTransactions, due <= now.monotonic else { return }
        let forgotten = judging.filter {
            now.monotonic >= $0.askedAt + CatchUp.retryMilliseconds
                && !fetches.isFetching(.transactions(block: $0.request.header.digest))
        }
        for request in forgotten.map(\.request) {
            let digest = request.header.digest
            if let block = held[digest] ?? peers.kept(digest) {
                judging.removeAll { $0.request.header.digest == digest }
                try judge(block, signaturesOf: request.isCertified ? [] : block.transactions)
            } else {
                try supply([], for: digest)
            }
        }
    }

    /// When a judgement may be asked for again; nil when requests are under way for all, or nobody is connected.
    var nextAskForTransactions: UInt64? {
        guard !judging.isEmpty, !peers.connected.isEmpty, !snapshot.suspendsExecution else { return nil }
        return judging.filter { !fetches.isFetching(.transactions(block: $0.request.header.digest)) }
            .map { $0.askedAt + CatchUp.retryMilliseconds }.min()
    }

    /// Sends the request to the first of `preferring`, then of the validators, then of all peers that was not asked yet.
    mutating func ask(_ subject: FetchTable.Subject, preferring: [PeerID], asked: [PeerID]) {
        let request: FetchRequest
        switch subject {
        case .block(let digest): request = .block(digest)
        case .range: request = .range(from: view.tip.height.next)
        // These have one peer each.
        case .snapshot, .ancestors, .leaves: return
        case .transactions(let block):
            guard let pending = judging.first(where: { $0.request.header.digest == block }) else { return }
            request = .transactions(pending.missing)
        }
        let candidates = preferring + validatorPeers() + peers.connected
        guard
            let peer = candidates.first(where: {
                peers.isConnected($0) && !asked.contains($0) && $0 != configuration.peer
            }),
            let id = fetches.add(subject, peer: peer, asked: asked, at: now.monotonic)
        else { return }
        effects.append(.send(.request(request, id: id), to: [peer]))
    }

    /// Requests without an answer go to another peer; after all were asked, the judgement's own ones begin again, after a
    /// pause.
    mutating func expireFetches() {
        for fetch in fetches.takeFailed(at: now.monotonic, isConnected: { peers.isConnected($0) }) { retry(fetch) }
    }

    mutating func retry(_ fetch: FetchTable.Fetch) {
        switch fetch.subject {
        case .range: disbelieve(fetch.peer)
        case .block, .transactions: ask(fetch.subject, preferring: [], asked: fetch.asked)
        case .snapshot: break
        case .ancestors, .leaves: snapshotPartFailed(fetch, isRefusal: false)
        }
    }

    /// An answer from a peer. One that nobody waits for is dropped.
    mutating func take(_ response: FetchResponse, id: UInt64, from peer: PeerID) throws(StorageFailure) {
        guard let fetch = fetches.take(id: id, from: peer) else { return }
        switch (fetch.subject, response) {
        case (.transactions(let block), .transactions(let transactions)) where !transactions.isEmpty:
            try supply(transactions, for: block, answered: fetch)
        case (.block(let digest), .block(let bytes)):
            guard let block = try? Block(bcs: bytes), block.digest == digest else { return retry(fetch) }
            held.insert(block)
            inputs.append(.block(block.header, transactions: block.transactions.map(\.digest)))
        case (.range, .range(let range)):
            try take(range, from: peer)
        case (.range, .unavailable):
            // One that never claimed to have them says nothing about whether they are gone.
            if (peers[peer]?.claimed ?? Height(0)) > view.tip.height { snapshot.lackBlocks(peer) }
            retry(fetch)
        case (.snapshot, .snapshot(let bundle)): try take(bundle, from: peer)
        case (.ancestors, .ancestors(let blocks)): try take(ancestors: blocks, fetch)
        case (.leaves, .leaves(let chunk)): try take(chunk, fetch)
        case (.range, .busy), (.ancestors, .busy), (.leaves, .busy):
            let until = now.monotonic + CatchUp.retryMilliseconds
            peers.update(peer) { $0.pausedUntil = until }
            if fetch.subject.isSnapshotPart { snapshotPartMustWait(fetch) }
        case (.snapshot, .busy):
            // One that takes its time to say so holds up fetching blocks, and may do that no more often than with an empty claim.
            let times = Snapshot.offerPauseMilliseconds / FetchTable.offerTimeoutMilliseconds
            let fair = times * fetch.age(at: now.monotonic)
            let pause = min(Snapshot.offerPauseMilliseconds, max(CatchUp.retryMilliseconds, fair))
            snapshot.pause(peer, until: now.monotonic + pause)
        case (.ancestors, _), (.leaves, _): snapshotPartFailed(fetch, isRefusal: true)
        default: retry(fetch)
        }
    }
}
