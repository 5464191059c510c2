package import Chain
package import Primitives

/// The final chain as the simulator saw it, executed once more by itself. The first node that finalizes a height
/// extends it; every other node must bring the same block.
package struct ReferenceChain: Sendable {
    package struct Entry: Sendable {
        package let header: BlockHeader
        package let transactions: [Digest]
    }

    private struct State: StateReader {
        var values: [[UInt8]: [UInt8]]
        func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { values[key] }
    }

    private let application: LedgerApplication
    private let genesis: Genesis
    private let network: Digest
    private let total: (money: Amount, energy: Energy)
    private var state: State
    /// Set of each epoch, by its number.
    package private(set) var sets: [ValidatorSet]
    /// Final blocks by height; the genesis block first.
    package private(set) var entries: [Entry]
    /// Height at which each transaction ran, by what its sender signed.
    package private(set) var executed: [Digest: Height] = [:]

    package init(application: LedgerApplication, genesis: Genesis) throws {
        self.application = application
        self.genesis = genesis
        network = genesis.network
        var values: [[UInt8]: [UInt8]] = [:]
        for change in try application.genesisState(genesis) { values[change.key] = change.value }
        state = State(values: values)
        sets = [genesis.validators]
        entries = [Entry(header: genesis.header(stateRoot: ReferenceTree.root(of: values)), transactions: [])]
        total = ReferenceChain.totals(values)
    }

    package var height: Height { Height(UInt64(entries.count - 1)) }
    package var values: [[UInt8]: [UInt8]] { state.values }

    /// A node says that the block is final. Checks agreement with what others said, and a new height wholly.
    package mutating func finalized(_ block: Block, receipts: [Receipt], certificate: Certificate, by node: Int) throws
    {
        let header = block.header
        let index = Int(clamping: header.height.value)
        if entries.indices.contains(index) {
            guard entries[index].header.digest == block.digest else {
                throw Violation(
                    .agreement,
                    "n\(node) finalized \(block.digest.short) at height \(index), where \(entries[index].header.digest.short)"
                        + " was final already")
            }
            return
        }
        guard index == entries.count, let parent = entries.last?.header else {
            throw Violation(
                .ancestry, "n\(node) finalized height \(index) while the chain ends at \(entries.count - 1)")
        }
        guard header.parent == parent.digest, header.network == network, header.time > parent.time else {
            throw Violation(
                .ancestry, "block \(block.digest.short) at height \(index) does not follow \(parent.digest.short)")
        }
        try checkEpoch(header, after: parent)
        try check(certificate, over: header)
        try execute(block, receipts: receipts)
        entries.append(Entry(header: header, transactions: block.transactions.map(\.digest)))
    }

    private func checkEpoch(_ header: BlockHeader, after parent: BlockHeader) throws {
        let epoch = parent.closesEpoch ? parent.epoch.next : parent.epoch
        guard header.epoch == epoch, header.validatorSet == parent.nextValidatorSet else {
            throw Violation(
                .ancestry,
                "height \(header.height) is of epoch \(header.epoch) with another set than its parent names")
        }
    }

    /// A certificate that comes with a block may be over a descendant; when it is over the block itself, all is checked.
    private func check(_ certificate: Certificate, over header: BlockHeader) throws {
        guard certificate.kind == .finalize, certificate.epoch == header.epoch else {
            throw Violation(.certificates, "height \(header.height) came with no finalization of its epoch")
        }
        let set = sets.last
        guard let set, certificate.verify(network: network, set: set) else {
            throw Violation(.certificates, "the finalization of height \(header.height) does not verify")
        }
    }

    private mutating func execute(_ block: Block, receipts: [Receipt]) throws {
        let header = block.header
        guard let set = sets.last else { return }
        for transaction in block.transactions {
            if let before = executed.updateValue(header.height, forKey: transaction.signedDigest) {
                throw Violation(
                    .acknowledged,
                    "transaction \(transaction.digest.short) ran at heights \(before) and \(header.height)")
            }
            guard transaction.verifySignature(), transaction.body.network == network,
                transaction.body.expiry >= header.time
            else {
                throw Violation(.formats, "height \(header.height) holds a transaction that is not valid there")
            }
        }
        let context = BlockContext(
            network: network, height: header.height, epoch: header.epoch, time: header.time, parent: header.parent,
            proposer: header.proposer, validators: set, parameters: genesis.parameters)
        guard
            let result = try application.execute(context: context, transactions: block.transactions, state: state)
        else { throw Violation(.formats, "height \(header.height) holds a transaction that may not be in a block") }
        for change in result.changes { state.values[change.key] = change.value }
        let root = ReferenceTree.root(of: state.values)
        guard root == header.stateRoot else {
            throw Violation(
                .roots,
                "height \(header.height): the header's state root is \(header.stateRoot.short), executing gives"
                    + " \(root.short); changes: \(result.changes)")
        }
        guard Receipt.root(result.receipts) == header.receiptsRoot, receipts == result.receipts else {
            throw Violation(.roots, "height \(header.height): the receipts are not those of an execution")
        }
        guard header.nextValidatorSet == (result.nextValidators ?? set).digest else {
            throw Violation(.roots, "height \(header.height) names another next validator set than execution gives")
        }
        if let next = result.nextValidators { sets.append(next) }
        let now = ReferenceChain.totals(state.values)
        guard now == total else {
            throw Violation(.conservation, "height \(header.height): \(total) in all before, \(now) after")
        }
    }

    private static func totals(_ values: [[UInt8]: [UInt8]]) -> (money: Amount, energy: Energy) {
        var money: Amount = 0
        var energy: Energy = 0
        for (key, value) in values where key.count == 9 && key.first == LedgerApplication.accountKey(0).first {
            guard let holding = try? Holding(bcs: value) else { continue }
            money += holding.money
            energy += holding.energy
        }
        return (money, energy)
    }
}
