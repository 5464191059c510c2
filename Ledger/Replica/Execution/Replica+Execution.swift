internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import LedgerState
internal import Primitives

/// The block under a new one.
struct Parent {
    let header: BlockHeader
    let state: StateSnapshot
    /// Signed digests of the unfinalized blocks up to and including it, those without transactions left out.
    let pending: [Set<Digest>]

    func holds(_ signedDigest: Digest) -> Bool { pending.contains { $0.contains(signedDigest) } }
}

/// What executing a list of transactions over a parent gave.
struct Execution {
    let result: ExecutionResult
    let state: StateSnapshot
    /// The receipts as they are stored, and their root.
    let receiptBytes: [UInt8]
    let receiptsRoot: Digest
    /// Nil when the block does not close its epoch.
    let nextValidators: ValidatorSet?
}

extension Replica {
    /// The parent with this digest, nil when it is neither the tip nor executed above it.
    func parent(_ digest: Digest) -> Parent? {
        if digest == view.tip.digest { return Parent(header: view.tip, state: view.state, pending: []) }
        guard let executed = tree[digest], let path = tree.path(to: digest, from: view.tip.digest) else { return nil }
        let pending = path.compactMap { tree[$0]?.signed }.filter { !$0.isEmpty }
        return Parent(header: executed.header, state: executed.state, pending: pending)
    }

    func context(height: Height, time: Timestamp, parent: Digest, proposer: UInt16) -> BlockContext {
        BlockContext(
            network: network, height: height, epoch: view.epoch, time: time, parent: parent, proposer: proposer,
            validators: view.validators, parameters: parameters)
    }

    /// Nil when the application refuses one of the transactions.
    func execute(
        _ transactions: [Transaction], context: BlockContext, over state: StateSnapshot
    ) throws(StorageFailure) -> Execution? {
        let session = StateSession(state)
        guard let result = try application.execute(context: context, transactions: transactions, state: session) else {
            return nil
        }
        let after = try session.applying(result.changes, version: context.height)
        let next = result.nextValidators.flatMap { $0.digest == view.validators.digest ? nil : $0 }
        let receipts = Receipt.encodeAll(result.receipts)
        return Execution(
            result: result, state: after, receiptBytes: receipts.bytes, receiptsRoot: receipts.root,
            nextValidators: next)
    }

    /// Keeps an executed block: its body goes to the journal unless it is there already. `signed` are the signed digests of
    /// its transactions, when they were gathered before.
    @discardableResult
    mutating func keep(
        _ block: Block, _ execution: Execution, signed: Set<Digest>? = nil, journaledAt sequence: UInt64? = nil
    ) -> ExecutedBlock {
        let bytes = block.bcs
        let executed = ExecutedBlock(
            block: block, bytes: bytes, state: execution.state, receipts: execution.result.receipts,
            receiptBytes: execution.receiptBytes, nextValidators: execution.nextValidators,
            signed: signed ?? Set(block.transactions.map(\.signedDigest)), places: ExecutedBlock.places(in: block),
            journalSequence: sequence ?? journalBody(bytes))
        // Blocks below it whose views failed count again: this one builds on them.
        for ancestor in tree.path(to: block.header.parent, from: view.tip.digest) ?? [] {
            guard let below = tree[ancestor], !below.isUsing else { continue }
            use(below)
            tree.setUsing(ancestor, true)
        }
        tree.insert(executed)
        tree.dropAbandoned()
        use(executed)
        held.remove(block.digest)
        return executed
    }

    private mutating func use(_ executed: ExecutedBlock) {
        for transaction in executed.block.transactions { pool.use(signed: transaction.signedDigest) }
    }

    /// Why a list of transactions may not be in a block above `parent` at `time`; nil when it may.
    func refusal(of transactions: [Transaction], above parent: Parent, time: Timestamp) -> String? {
        var signed = Set<Digest>()
        return refusal(of: transactions, above: parent, time: time, signed: &signed)
    }

    /// The same; when it is nil, `signed` holds the signed digests of all.
    func refusal(
        of transactions: [Transaction], above parent: Parent, time: Timestamp, signed seen: inout Set<Digest>
    ) -> String? {
        guard transactions.count <= Int(parameters.blockTransactionsMax) else {
            return "it has \(transactions.count) transactions, more than \(parameters.blockTransactionsMax)"
        }
        var bytes = 0
        seen.reserveCapacity(transactions.count)
        for transaction in transactions {
            bytes += transaction.bytes.count
            guard transaction.body.network == network else {
                return "transaction \(transaction.digest.short) is of another network"
            }
            guard transaction.body.expiry >= time else { return "transaction \(transaction.digest.short) has expired" }
            guard transaction.body.expiry <= time.adding(milliseconds: Transaction.lifetimeMillisecondsMax) else {
                return "transaction \(transaction.digest.short) expires too far ahead"
            }
            let signed = transaction.signedDigest
            guard seen.insert(signed).inserted, !window.contains(signed), !parent.holds(signed) else {
                return "transaction \(transaction.digest.short) was in the chain before"
            }
        }
        return bytes <= Int(parameters.blockBytesMax)
            ? nil : "it has \(bytes) bytes of transactions, more than \(parameters.blockBytesMax)"
    }

    /// Executes a complete block whose signatures are right, and keeps it when it is valid.
    mutating func verdict(on block: Block) throws(StorageFailure) -> Verdict {
        let header = block.header
        guard let parent = parent(header.parent) else { return .invalid("its parent is not executed here") }
        guard header.height == parent.header.height.next, header.epoch == view.epoch, header.network == network,
            header.validatorSet == view.validators.digest,
            !parent.header.closesEpoch || header.parent == view.tip.digest
        else { return .invalid("its place in the chain is wrong") }
        guard header.time > parent.header.time else { return .invalid("its time is not above its parent's") }
        var signed = Set<Digest>()
        if let why = refusal(of: block.transactions, above: parent, time: header.time, signed: &signed) {
            return .invalid(why)
        }
        let context = context(
            height: header.height, time: header.time, parent: header.parent, proposer: header.proposer)
        guard let execution = try execute(block.transactions, context: context, over: parent.state) else {
            return .invalid("the application does not admit one of its transactions")
        }
        if let wrong = mismatch(execution, header) {
            note(
                .error,
                "block \(header.height) (\(header.digest.short)) of proposer \(header.proposer) in view \(header.view) "
                    + "executes to another result here: \(wrong).\n" + WriteSet.describe(execution.result))
            return .invalid(wrong)
        }
        keep(block, execution, signed: signed)
        return .valid
    }

    /// Where the executed roots differ from the header's, in words; nil when they do not.
    func mismatch(_ execution: Execution, _ header: BlockHeader) -> String? {
        let next = execution.nextValidators?.digest ?? view.validators.digest
        var wrong: [String] = []
        for (what, mine, claimed) in [
            ("state root", execution.state.root, header.stateRoot),
            ("receipts root", execution.receiptsRoot, header.receiptsRoot),
            ("next validator set", next, header.nextValidatorSet),
        ] where mine != claimed {
            wrong.append("the \(what) is \(mine.short) here and \(claimed.short) in the header")
        }
        return wrong.isEmpty ? nil : wrong.joined(separator: ", ")
    }
}
