internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

/// Bounds of transaction gossip.
enum Gossip {
    /// Transactions taken from one message.
    static let transactionsMax = 4_096
    static let messageBytesMax = 1024 * 1024
    /// Own waiting transactions told at once to a peer that has connected.
    static let greetingTransactionsMax = 1_024
    static let greetingBytesMax = 2 * 1024 * 1024
}

extension Replica {
    mutating func submit(_ transactions: [SignedTransaction], ticket: UInt64) throws(StorageFailure) {
        let answers = try admit(transactions, isLocal: true)
        for (signed, refusal) in zip(transactions, answers) where refusal == nil { outbox.append(signed) }
        effects.append(.answered(ticket: ticket, answers))
    }

    mutating func pool(gossiped transactions: [SignedTransaction], from peer: PeerID) throws(StorageFailure) {
        // Validators tell each other all that their clients submit; only what comes from others must be passed on.
        let isRelayed = !isValidator(peer)
        let taken = Array(transactions.prefix(Gossip.transactionsMax))
        let answers = try admit(taken, isLocal: false)
        guard isRelayed else { return }
        for (signed, refusal) in zip(taken, answers) where refusal == nil { outbox.append(signed) }
    }

    /// Pools each transaction, or says why not.
    private mutating func admit(
        _ transactions: [SignedTransaction], isLocal: Bool
    ) throws(StorageFailure) -> [TransactionRefusal?] {
        let time = max(now.wall, view.tip.time.next)
        var refusals = transactions.map { refusal(of: $0.transaction, at: time) }
        let open = refusals.indices.filter { refusals[$0] == nil }
        guard !open.isEmpty else { return refusals }
        let context = context(height: view.tip.height.next, time: time, parent: view.tip.digest, proposer: 0)
        let rejections = try application.admissions(
            of: open.map { transactions[$0].transaction }, context: context, state: view.state)
        let using = tree.order.compactMap { tree[$0] }.filter { $0.isUsing && !$0.signed.isEmpty }.map(\.signed)
        for (index, rejection) in zip(open, rejections) {
            refusals[index] =
                rejection.map { .notAdmitted($0) } ?? put(transactions[index], isLocal: isLocal, usedBy: using)
        }
        return refusals
    }

    /// Why the pool does not want the transaction, whatever the application says of it.
    private func refusal(of transaction: Transaction, at time: Timestamp) -> TransactionRefusal? {
        guard transaction.body.network == network else { return .otherNetwork }
        if let refusal = pool.refusal(of: transaction) { return refusal }
        if window.contains(transaction.signedDigest) { return .included }
        if let refusal = TransactionRefusal.ofExpiry(transaction.body.expiry, at: time, now: now.wall) {
            return refusal
        }
        guard transaction.bytes.count <= Int(parameters.blockBytesMax) else {
            return .tooLarge(bytesMax: Int(parameters.blockBytesMax))
        }
        return nil
    }

    /// `unfinalized` are the signed digests of each block of the tree that uses its transactions.
    private mutating func put(
        _ signed: SignedTransaction, isLocal: Bool, usedBy unfinalized: [Set<Digest>]
    ) -> TransactionRefusal? {
        if let refusal = pool.insert(signed, isLocal: isLocal) { return refusal }
        let transaction = signed.transaction
        // An unfinalized block may hold it already.
        for block in unfinalized where block.contains(transaction.signedDigest) {
            pool.use(signed: transaction.signedDigest)
        }
        isPoolStalled = false
        return nil
    }

    /// Passes on what the step pooled, to the validators.
    mutating func flushGossip() {
        guard !outbox.isEmpty else { return }
        let receivers = validatorPeers()
        if !receivers.isEmpty { gossip(outbox, to: receivers) }
        outbox.removeAll(keepingCapacity: true)
    }

    /// Tells a part of this node's own waiting transactions to a validator that has connected: to one in each step. They cost like an
    /// answer, so that one that connects again and again gets them now and then, and never all of its credit, which it may need for
    /// blocks.
    mutating func continueGreetings() {
        guard let due = peers.nextOwed(at: now.monotonic) else { return }
        guard isValidator(due.peer) else { return peers.owe(due.peer, nil) }
        let own = pool.ownTransactions(
            due.numbers, countMax: Gossip.greetingTransactionsMax, bytesMax: Gossip.greetingBytesMax)
        peers.owe(due.peer, own.rest)
        let search = ServingWork(probes: pool.slots.count)
        let bytes = own.transactions.reduce(search.bytes) { $0 + $1.transaction.bytes.count }
        peers.charge(due.peer, max(Serving.requestBytesMin, bytes))
        if !own.transactions.isEmpty { gossip(own.transactions, to: [due.peer]) }
    }

    private mutating func gossip(_ transactions: [SignedTransaction], to receivers: [PeerID]) {
        var batch: [Transaction] = []
        var bytes = 0
        for signed in transactions {
            batch.append(signed.transaction)
            bytes += signed.transaction.bytes.count
            if bytes >= Gossip.messageBytesMax || batch.count == Gossip.transactionsMax {
                effects.append(.send(.transactions(batch), to: receivers))
                batch = []
                bytes = 0
            }
        }
        if !batch.isEmpty { effects.append(.send(.transactions(batch), to: receivers)) }
    }

    func isValidator(_ peer: PeerID) -> Bool { view.validators.index(ofTransport: peer) != nil }

    /// Connected validators of the current set, in the set's order.
    func validatorPeers() -> [PeerID] {
        view.validators.validators.map(\.transportKey).filter { $0 != configuration.peer && peers.isConnected($0) }
    }
}
