internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import LedgerState
internal import Primitives

extension Replica {
    /// Builds the block that the consensus wants from this leader and tells it the header.
    mutating func build(_ request: BuildRequest) throws(StorageFailure) {
        if snapshot.suspendsExecution { return }
        guard let parent = parent(request.parent) else {
            return note(.warning, "cannot build on block \(request.parent.short): it is not executed here any more")
        }
        let context = context(
            height: request.height, time: request.time, parent: request.parent, proposer: request.proposer)
        var transactions = request.isEmpty ? [] : try selectTransactions(above: parent, time: request.time)
        if !request.isEmpty { isPoolStalled = transactions.isEmpty }
        var execution = try execute(transactions, context: context, over: parent.state)
        // Rare: something that was admitted into the pool is not any more.
        if execution == nil {
            transactions = try admitted(transactions, context: context, state: parent.state)
            execution = try execute(transactions, context: context, over: parent.state)
            while execution == nil, !transactions.isEmpty {
                transactions.removeLast((transactions.count + 1) / 2)
                execution = try execute(transactions, context: context, over: parent.state)
            }
        }
        guard let execution else {
            return note(.error, "the application refuses even an empty block above block \(parent.header.height)")
        }
        let header = BlockHeader(
            network: network, height: request.height, view: request.view, epoch: request.epoch, parent: request.parent,
            parentView: request.parentView, time: request.time, proposer: request.proposer,
            transactionsRoot: Block.transactionsRoot(transactions.map(\.digest)), stateRoot: execution.state.root,
            receiptsRoot: execution.receiptsRoot, validatorSet: view.validators.digest,
            nextValidatorSet: execution.nextValidators?.digest ?? view.validators.digest)
        keep(Block(header: header, matching: transactions), execution)
        inputs.append(.built(header, transactions: transactions.map(\.digest)))
    }

    /// Transactions of the pool that may be in a block above `parent` at `time`.
    private mutating func selectTransactions(
        above parent: Parent, time: Timestamp
    ) throws(StorageFailure) -> [Transaction] {
        let latest = time.adding(milliseconds: Transaction.lifetimeMillisecondsMax)
        let window = window
        let (taken, dropped) = try pool.select(
            countMax: Int(parameters.blockTransactionsMax), bytesMax: Int(parameters.blockBytesMax)
        ) { signed in
            let transaction = signed.transaction
            let expiry = transaction.body.expiry
            if expiry < time { return .drop(.expired(expiry: expiry, now: time)) }
            if expiry > latest { return .leave }
            if window.contains(transaction.signedDigest) { return .drop(.included) }
            return parent.holds(transaction.signedDigest) ? .leave : .take
        }
        tellDropped(dropped)
        return taken.map(\.transaction)
    }

    /// Those that the application admits one by one; the others leave the pool.
    private mutating func admitted(
        _ transactions: [Transaction], context: BlockContext, state: StateSnapshot
    ) throws(StorageFailure) -> [Transaction] {
        var kept: [Transaction] = []
        var dropped: [(Mempool.Entry, TransactionRefusal)] = []
        let rejections = try application.admissions(of: transactions, context: context, state: state)
        for (transaction, rejection) in zip(transactions, rejections) {
            if let rejection {
                if let entry = pool.remove(signed: transaction.signedDigest) {
                    dropped.append((entry, .notAdmitted(rejection)))
                }
            } else {
                kept.append(transaction)
            }
        }
        tellDropped(dropped)
        return kept
    }

    /// Tells this node's clients what will not be included.
    mutating func tellDropped(_ dropped: [(entry: Mempool.Entry, reason: TransactionRefusal)]) {
        let own = dropped.filter { $0.entry.isLocal }.map { ($0.entry.transaction.digest, $0.reason) }
        if !own.isEmpty { effects.append(.dropped(own.map { (digest: $0.0, reason: $0.1) })) }
    }
}
