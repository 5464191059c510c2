internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Duties
internal import Foundation
internal import LedgerState
internal import LightClient
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import Replica

/// The HTTP API's view of a running node.
struct RuntimeService: NodeService {
    let node: LedgerNode<ContractApplication>
    let partner: String
    let reporter: Reporter
    /// Metrics of settler and attester.
    let settlement: @Sendable () async -> [MetricFamily]
    let started = Date()
    private let submitted = SubmittedDigests()
    let proofParts = ProofParts()

    init(
        node: LedgerNode<ContractApplication>, partner: String, reporter: Reporter,
        settlement: @escaping @Sendable () async -> [MetricFamily]
    ) {
        self.settlement = settlement
        self.node = node
        self.partner = partner
        self.reporter = reporter
    }

    var genesis: Genesis { node.configuration.genesis }

    // MARK: transactions

    func submit(_ transactions: [Transaction]) async throws(ServiceFailure) -> [Submission] {
        let refusals: [TransactionRefusal?]
        do {
            refusals = try await node.submit(transactions)
        } catch {
            throw RuntimeService.failure(error)
        }
        submitted.insert(zip(transactions, refusals).filter { $0.1 == nil }.map(\.0.digest))
        return try zip(transactions, refusals).map { (transaction, refusal) throws(ServiceFailure) in
            switch refusal {
            case nil: .accepted
            case .included where try isHere(transaction): .alreadyFinal
            case .some(let other): Submission(other)
            }
        }
    }

    /// Whether a block has it by its own digest, and not with another signature.
    private func isHere(_ transaction: Transaction) throws(ServiceFailure) -> Bool {
        try read { (view) throws(StorageFailure) in try view.location(of: transaction.digest) } != nil
    }

    func transactionStatus(_ digest: Digest) async throws(ServiceFailure) -> TransactionStatus {
        try await transactionStatus(digest, waitingMilliseconds: 0)
    }

    func transactionStatus(
        _ digest: Digest, waitingMilliseconds: UInt32
    ) async throws(ServiceFailure) -> TransactionStatus {
        let outcome: TransactionOutcome
        do {
            outcome = try await node.outcome(of: digest, waitingMilliseconds: waitingMilliseconds)
        } catch {
            throw RuntimeService.failure(error)
        }
        switch outcome {
        case .final(let location, let receipt):
            return try read { (view) throws(StorageFailure) in
                guard let header = try view.header(at: location.height) else {
                    throw StorageFailure("the header of block \(location.height) is missing")
                }
                return .final(
                    TransactionResult(
                        height: location.height, block: header.digest, time: header.time, receipt: receipt))
            }
        case .dropped: return .unknown
        case .pending: return submitted.contains(digest) ? .pending : .unknown
        }
    }

    private static func failure(_ error: NodeFailure) -> ServiceFailure {
        switch error {
        case .storage(let failure): .storage(failure)
        default: .unavailable(error.description, retryAfterSeconds: 1)
        }
    }

    func finalHeight(reaching height: Height, waitingMilliseconds: UInt32) async throws(ServiceFailure) -> Height {
        do {
            return try await node.finalHeight(reaching: height, waitingMilliseconds: waitingMilliseconds)
        } catch {
            throw RuntimeService.failure(error)
        }
    }

    // MARK: chain

    func block(_ reference: BlockReference) async throws(ServiceFailure) -> ExecutedBlock? {
        let found = try read { (view) throws(StorageFailure) -> ExecutedBlock? in
            guard let height = try RuntimeService.height(reference, view), let block = try view.block(at: height),
                let receipts = try view.receipts(at: height)
            else { return nil }
            return ExecutedBlock(block: block, receipts: receipts)
        }
        if found == nil { try refuseBelowSnapshot(reference) }
        return found
    }

    func header(_ reference: BlockReference) async throws(ServiceFailure) -> BlockHeader? {
        let found = try read { (view) throws(StorageFailure) -> BlockHeader? in
            try RuntimeService.height(reference, view).flatMap { (height) throws(StorageFailure) in
                try view.header(at: height)
            }
        }
        if found == nil { try refuseBelowSnapshot(reference) }
        return found
    }

    /// Says that a height lies below the state with which this node began; another node may have the block.
    private func refuseBelowSnapshot(_ reference: BlockReference) throws(ServiceFailure) {
        guard case .height(let height) = reference else { return }
        let base = try read { (view) throws(StorageFailure) in try view.base() }
        guard base.value > 0, height <= base else { return }
        throw .pruned(
            "This node began with the state of block \(base) and has the blocks above it: ask another node for block \(height)."
        )
    }

    func finality(_ height: Height) async throws(ServiceFailure) -> Finality? {
        try read { (view) throws(StorageFailure) in
            guard height > Height(0), let header = try view.header(at: height),
                let near = try view.nearestFinalization(from: height)
            else { return nil }
            var descendants: [BlockHeader] = []
            var next = height.next
            while next <= near.height {
                guard let header = try view.header(at: next) else { return nil }
                descendants.append(header)
                next = next.next
            }
            return Finality(header: header, descendants: descendants, certificate: near.certificate)
        }
    }

    private static func height(_ reference: BlockReference, _ view: ChainView) throws(StorageFailure) -> Height? {
        switch reference {
        case .latest: view.tip.height
        case .height(let height): height <= view.tip.height ? height : nil
        case .digest(let digest): try view.height(of: digest)
        }
    }

    func validators(_ epoch: Epoch?) async throws(ServiceFailure) -> EpochInfo? {
        try read { (view) throws(StorageFailure) in
            guard let record = try view.epoch(epoch ?? view.epoch) else { return nil }
            return EpochInfo(epoch: record.epoch, firstHeight: record.root.next, validators: record.validators)
        }
    }

    // MARK: state

    func value(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> StateValue {
        try read(at: height) { (point, _) throws(StorageFailure) in
            StateValue(height: point.header.height, value: try point.state.value(key))
        }
    }

    func finalState() async throws(ServiceFailure) -> any FinalState {
        let view = node.view
        return RuntimeState(height: view.tip.height, time: view.tip.time, state: view.state)
    }

    func proof(
        _ keys: [[UInt8]], at height: Height?, from epoch: Epoch
    ) throws(ServiceFailure) -> ProofBundle {
        let (last, bundle) = try read(at: height) {
            (point, view) throws(StorageFailure) -> (Epoch, ProofBundle?) in
            let last = point.header.epoch
            guard StateProofs.isInReach(last, from: epoch) else { return (last, nil) }
            return (last, try StateProofs.bundle(keys, point, view, proofParts, from: epoch))
        }
        if let bundle { return bundle }
        guard StateProofs.isInReach(last, from: epoch) else { throw .tooManyEpochs(from: epoch, to: last) }
        throw .unavailable(
            "there is no certified block above the genesis in reach, so nothing can be proved",
            retryAfterSeconds: 1)
    }

    func epochs(from epoch: Epoch) throws(ServiceFailure) -> ProofBundle? {
        try read { (view) throws(StorageFailure) in try StateProofs.epochs(from: epoch, view, proofParts) }
    }

    func contractInterfaces() async throws(ServiceFailure) -> String {
        "[" + ContractSuite.release.contracts.map(\.interfaceJSON).joined(separator: ",") + "]"
    }

    func contractInterface(_ instance: Address) async throws(ServiceFailure) -> String? {
        try read { (view) throws(StorageFailure) in
            try node.application.contract(
                of: instance, context: RuntimeService.context(view, genesis), state: view.state)?.interfaceJSON
        }
    }

    func query(
        _ instance: Address, _ number: UInt16, arguments: [UInt8]
    ) async throws(ServiceFailure) -> QueryAnswer? {
        try read { (view) throws(StorageFailure) in
            let context = RuntimeService.context(view, genesis)
            guard try node.application.contract(of: instance, context: context, state: view.state) != nil else {
                return nil
            }
            let answer = try node.application.query(
                instance, number, arguments: arguments, context: context, state: view.state)
            switch answer {
            case .success(let bytes): return QueryAnswer(height: view.tip.height, outcome: .value(bytes))
            case .failure(let rejection): return QueryAnswer(height: view.tip.height, outcome: .refused(rejection))
            }
        }
    }

    /// A reader may hold a state that a checkpoint overtakes; then a newer one serves.
    func read<Value>(_ body: (ChainView) throws(StorageFailure) -> Value) throws(ServiceFailure) -> Value {
        do {
            return try body(node.view)
        } catch {
            do { return try body(node.view) } catch { throw .storage(error) }
        }
    }
}

private struct RuntimeState: FinalState {
    let height: Height
    let time: Timestamp
    let state: StateSnapshot

    func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try state.value(key) }
}
