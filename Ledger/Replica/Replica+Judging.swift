internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

/// A block to judge that still lacks transactions.
struct PendingJudgement: Sendable {
    static let countMax = 32

    var request: JudgeRequest
    /// Those found so far, in the order of the request.
    var transactions: [Transaction?]
    var missingCount: Int
    /// When peers were last asked, in monotonic milliseconds.
    var askedAt: UInt64 = 0

    init(_ request: JudgeRequest) {
        self.request = request
        transactions = [Transaction?](repeating: nil, count: request.transactions.count)
        missingCount = request.transactions.count
    }

    var missing: [Digest] { zip(request.transactions, transactions).compactMap { $1 == nil ? $0 : nil } }
}

extension Replica {
    /// Judges a block, now or when its transactions are here.
    mutating func judge(_ request: JudgeRequest) throws(StorageFailure) {
        let digest = request.header.digest
        if tree[digest] != nil {
            inputs.append(.judged(digest, .valid))
            return
        }
        guard request.header.height > view.tip.height, !deferJudgement(request) else { return }
        guard request.transactions.count <= Block.transactionsMax else {
            inputs.append(.judged(digest, .invalid("it names \(request.transactions.count) transactions")))
            return
        }
        // The consensus repeats its question when the answer takes long.
        if let index = judging.firstIndex(where: { $0.request.header.digest == digest }) {
            if request.isCertified { judging[index].request = request }
            return
        }
        var pending = PendingJudgement(request)
        if let block = held[digest] ?? peers.kept(digest) {
            try judge(block, signaturesOf: request.isCertified ? [] : block.transactions)
            return
        }
        for (index, name) in request.transactions.enumerated() {
            guard let signed = pool.transaction(named: name) ?? checked[name] else { continue }
            pending.transactions[index] = signed.transaction
            pending.missingCount -= 1
        }
        if pending.missingCount == 0 { return try complete(pending) }
        guard Set(request.transactions).count == request.transactions.count else {
            inputs.append(.judged(digest, .invalid("it names a transaction twice")))
            return
        }
        // Certified blocks matter even when their turn is over.
        if judging.count >= PendingJudgement.countMax {
            judging.remove(at: judging.firstIndex { !$0.request.isCertified } ?? 0)
        }
        judging.append(pending)
        fetchTransactions(of: pending)
    }

    /// Transactions arrived that some judgement waits for. `transactions` are unchecked. The peer that `answered` is asked
    /// for the rest when it gave as much as fits into an answer; else the others come first.
    mutating func supply(
        _ transactions: [Transaction], for block: Digest, answered: FetchTable.Fetch? = nil
    ) throws(StorageFailure) {
        guard !snapshot.suspendsExecution else { return }
        guard let index = judging.firstIndex(where: { $0.request.header.digest == block }) else { return }
        var pending = judging.remove(at: index)
        var positions: [Digest: Int] = [:]
        for (position, name) in pending.request.transactions.enumerated() where pending.transactions[position] == nil {
            positions[name] = position
        }
        var bytes = 0
        for transaction in transactions {
            guard let position = positions.removeValue(forKey: transaction.digest) else { continue }
            guard pending.request.isCertified || isSigned(transaction) else {
                inputs.append(.judged(block, .invalid("the signature of \(transaction.digest.short) is wrong")))
                return
            }
            pending.transactions[position] = transaction
            pending.missingCount -= 1
            bytes += transaction.bytes.count
        }
        // The pool may have got others meanwhile.
        for (name, position) in positions.sorted(by: { $0.value < $1.value }) {
            guard let signed = pool.transaction(named: name) ?? checked[name] else { continue }
            pending.transactions[position] = signed.transaction
            pending.missingCount -= 1
        }
        if pending.missingCount == 0 { return try complete(pending) }
        judging.append(pending)
        if let answered, bytes < FetchResponse.transactionBytesMax / 2 { return retry(answered) }
        fetchTransactions(of: pending)
    }

    /// Whether the signature is right; checked once per node for the same bytes.
    private mutating func isSigned(_ transaction: Transaction) -> Bool {
        if pool.transaction(named: transaction.digest) != nil || checked[transaction.digest] != nil { return true }
        guard let signed = SignedTransaction(verifying: transaction) else { return false }
        checked.insert(signed)
        return true
    }

    private mutating func complete(_ pending: PendingJudgement) throws(StorageFailure) {
        // The request's names are those of the header's root, and each transaction was found by its name.
        let block = Block(header: pending.request.header, matching: pending.transactions.compactMap { $0 })
        try judge(block, signaturesOf: [])
    }

    /// Certified blocks come without `unchecked` ones: at least one honest validator checked their signatures, and those of
    /// all ancestors, before it voted (as for `executeFinal`).
    mutating func judge(_ block: Block, signaturesOf unchecked: [Transaction]) throws(StorageFailure) {
        for transaction in unchecked where !isSigned(transaction) {
            let why = "the signature of transaction \(transaction.digest.short) is wrong"
            inputs.append(.judged(block.digest, .invalid(why)))
            return
        }
        inputs.append(.judged(block.digest, try verdict(on: block)))
        if tree[block.digest] != nil { try completeFinalization() }
    }
}
