internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

extension Replica {
    mutating func take(_ event: ReplicaEvent) throws(StorageFailure) {
        switch event {
        case .tick: try tick()
        case .message(let message, let peer): try receive(message, from: peer)
        case .gossiped(let transactions, let peer): try pool(gossiped: transactions, from: peer)
        case .checked(let transactions):
            for signed in transactions where pool.transaction(named: signed.digest) == nil { checked.insert(signed) }
        case .connected(let peer): connect(peer)
        case .disconnected(let peer): disconnect(peer)
        case .submitted(let transactions, let ticket): try submit(transactions, ticket: ticket)
        case .journaled(let sequence): journaled(upTo: sequence)
        case .stored(let sequence):
            try stored(upTo: sequence)
            try snapshotStored(upTo: sequence)
        }
    }

    private mutating func tick() throws(StorageFailure) {
        if let wake = consensusWake, wake <= now.monotonic {
            consensusWake = nil
            inputs.append(.tick)
        }
        toldWake = nil
        expirePool()
        expireFetches()
    }

    private mutating func receive(_ message: PeerMessage, from peer: PeerID) throws(StorageFailure) {
        guard peers.isConnected(peer) else { return }
        switch message {
        case .hello(let hello): greet(hello, from: peer)
        case .consensus(let message, let transactions):
            try hear(message, transactions: transactions, from: peer)
        // Comes as `.gossiped`.
        case .transactions: break
        case .request(let request, let id): try serve(request, id: id, to: peer)
        case .response(let response, let id): try take(response, id: id, from: peer)
        }
    }

    /// Runs the consensus until it is quiet, then what follows from the new state: catch-up, gossip, the next wake.
    mutating func settle() throws(StorageFailure) {
        try askAgainForTransactions()
        repeat {
            try runConsensus()
            tellWaiting()
        } while !inputs.isEmpty && halted == nil
        guard halted == nil else { return }
        try checkpointIfDue()
        try driveSnapshot()
        guard halted == nil else { return }
        catchUpIfBehind()
        flushGossip()
        continueGreetings()
        askForWake()
    }

    /// Tells the consensus whether a leader could propose something.
    private mutating func tellWaiting() {
        let isWaiting = pool.waiting > 0 && !isPoolStalled
        guard isWaiting != toldWaiting else { return }
        toldWaiting = isWaiting
        inputs.append(.waiting(isWaiting))
    }

    private mutating func askForWake() {
        var wake = consensusWake ?? .max
        if let deadline = fetches.nextDeadline { wake = min(wake, deadline) }
        if let again = nextAskForTransactions { wake = min(wake, again) }
        if !peers.owed.isEmpty { wake = min(wake, now.monotonic + CatchUp.retryMilliseconds) }
        if isSyncing {
            // Something may change without an event: a pause ends, a peer may be asked again.
            if !fetches.isFetching(.range) { wake = min(wake, now.monotonic + CatchUp.retryMilliseconds) }
        } else if awaitedFinalization != nil {
            let patienceEnd = awaitedSince + CatchUp.patienceMilliseconds
            if patienceEnd > now.monotonic { wake = min(wake, patienceEnd) }
        }
        guard wake < .max, wake != toldWake else { return }
        // A wish in the past is a wish for the next moment.
        toldWake = wake
        effects.append(.wake(at: max(wake, now.monotonic)))
    }
}
