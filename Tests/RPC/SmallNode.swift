import Chain
import Foundation
import LedgerCrypto
import LedgerState
import LightClient
import NodeClient
import Primitives
import RPC
import TestSupport

/// A node with a chain of its own for the tests of its API: real signatures, state, proofs and certificates of four
/// validators whose keys it holds, and no consensus. It makes a block whenever it is told to or its driver runs.
///
/// Every call stores its arguments under `call/<transaction>/<index>` and emits them as an event; method 99 refuses.
actor SmallNode: NodeService {
    nonisolated let genesis: Genesis
    private let secrets: [Secp256k1.SecretKey]
    private let store = MemoryStore()
    private var blocks: [ExecutedBlock] = []
    private var state: StateSnapshot
    /// By height.
    private var states: [StateSnapshot] = []
    private var places: [Digest: Height] = [:]
    private var pool: [Transaction] = []
    /// Written by the next block.
    var given: [StateChange] = []
    /// The ends of all epochs before the present one.
    var ends: [ProofBundle.EpochEnd] = []
    private var validators: ValidatorSet
    private var heightWaiters: [CheckedContinuation<Void, Never>] = []

    var isReady = true
    var poolMax = 10_000
    /// Thrown by every read while set.
    var failure: ServiceFailure?
    /// Every status call takes this long.
    var slowMilliseconds: UInt64 = 0
    /// Only every so many blocks get a certificate of their own.
    let certificateEvery: UInt64 = 2
    /// Blocks below this height are gone.
    var prunedBelow: UInt64 = 0

    static let knownKey = Array("known".utf8)

    /// Milliseconds that stand for now, for pinned answers.
    private let fixedNow: UInt64?

    init(name: String = "small-net", fixedNow: UInt64? = nil) throws {
        self.fixedNow = fixedNow
        secrets = (0..<4).compactMap { Secp256k1.SecretKey(SHA256.hash(Array("validator \($0)".utf8)).bytes) }
        let validators = secrets.enumerated().map { index, secret in
            Validator(
                partner: "partner-\(index)", consensusKey: secret.publicKey,
                transportKey: SHA256.hash(Array("transport \(index)".utf8)))
        }
        let started = Timestamp((fixedNow ?? UInt64(Date().timeIntervalSince1970 * 1_000)) - 60_000)
        genesis = Genesis(
            name: name, time: started, parameters: ChainParameters(), validators: try ValidatorSet(validators),
            application: Array("application".utf8))
        self.validators = genesis.validators
        state = try StateSnapshot.empty(over: store).applying(
            [StateChange(key: SmallNode.knownKey, value: Array("value".utf8))], version: Height(0))
        let header = genesis.header(stateRoot: state.root)
        guard let block = Block(header: header, transactions: []) else { throw StorageFailure("no genesis block") }
        blocks = [ExecutedBlock(block: block, receipts: [])]
        states = [state]
    }

    // MARK: Making blocks

    /// Makes blocks until the task is cancelled: at once when transactions wait, else every `idleMilliseconds`.
    func drive(idleMilliseconds: UInt64) async {
        var idle: UInt64 = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))
            idle += 10
            guard !pool.isEmpty || idle >= idleMilliseconds else { continue }
            idle = 0
            try? makeBlock()
        }
    }

    /// Puts all waiting transactions into a final block; with `next` the last one of its epoch.
    func makeBlock(changingTo next: ValidatorSet? = nil) throws {
        let included = Array(pool.prefix(4_096))
        pool.removeFirst(included.count)
        let parent = blocks[blocks.count - 1].header
        var changes: [StateChange] = []
        var receipts: [Receipt] = []
        for transaction in included { receipts.append(execute(transaction, &changes)) }
        changes += given
        given.removeAll()
        changes.sort { $0.key.lexicographicallyPrecedes($1.key) }
        state = try state.applying(changes, version: parent.height.next)
        let header = BlockHeader(
            network: genesis.network, height: parent.height.next, view: View(parent.view.value + 1), epoch: epoch,
            parent: parent.digest, parentView: parent.view, time: max(parent.time.adding(milliseconds: 1), now),
            proposer: UInt16(parent.height.value % 4), transactionsRoot: Block.transactionsRoot(included.map(\.digest)),
            stateRoot: state.root, receiptsRoot: Receipt.root(receipts), validatorSet: validators.digest,
            nextValidatorSet: (next ?? validators).digest)
        guard let block = Block(header: header, transactions: included) else { throw StorageFailure("a broken block") }
        blocks.append(ExecutedBlock(block: block, receipts: receipts))
        states.append(state)
        for transaction in included { places[transaction.digest] = header.height }
        if let next {
            ends.append(
                ProofBundle.EpochEnd(header: header, finalization: certificate(header), nextValidators: next))
            validators = next
        }
        let waiters = heightWaiters
        heightWaiters.removeAll()
        for waiter in waiters { waiter.resume() }
    }

    var epoch: Epoch { Epoch(UInt64(ends.count)) }

    /// Changes a key of the validators' transport that often.
    func endEpochs(_ count: Int) throws {
        for _ in 0..<count {
            var changed = validators.validators
            changed[0] = Validator(
                partner: changed[0].partner, consensusKey: changed[0].consensusKey,
                transportKey: SHA256.hash(changed[0].transportKey.bytes))
            try makeBlock(changingTo: try ValidatorSet(changed))
        }
        try makeBlock()
    }

    private func execute(_ transaction: Transaction, _ changes: inout [StateChange]) -> Receipt {
        if transaction.body.calls.contains(where: { $0.method == 99 }) {
            let why = Rejection(199, "method 99 always refuses; call another one")
            return Receipt(subject: transaction.digest, rejection: why, workUsed: 5)
        }
        var events: [Event] = []
        for (index, call) in transaction.body.calls.enumerated() {
            let payload = Array(call.arguments.prefix(StateChange.valueBytesMax - 1))
            changes.append(
                StateChange(key: SmallNode.key(of: transaction.digest, index), value: [1] + payload))
            events.append(Event(instance: call.instance, kind: call.method, payload: payload))
        }
        return Receipt(
            subject: transaction.digest, rejection: nil, events: events,
            outputs: transaction.body.calls.map { _ in [1] }, workUsed: UInt64(events.count))
    }

    static func key(of transaction: Digest, _ index: Int) -> [UInt8] { Array("call/\(transaction)/\(index)".utf8) }

    private var now: Timestamp { Timestamp(fixedNow ?? UInt64(Date().timeIntervalSince1970 * 1_000)) }

    func set(isReady: Bool) { self.isReady = isReady }
    func set(failure: ServiceFailure?) { self.failure = failure }
    func set(poolMax: Int) { self.poolMax = poolMax }
    func set(slowMilliseconds: UInt64) { self.slowMilliseconds = slowMilliseconds }
    func set(prunedBelow: UInt64) { self.prunedBelow = prunedBelow }
    var height: Height { blocks[blocks.count - 1].header.height }

    func check() throws(ServiceFailure) {
        if let failure { throw failure }
    }

    // MARK: NodeService

    func submit(_ transactions: [Transaction]) throws(ServiceFailure) -> [Submission] {
        try check()
        return transactions.map { offer($0) }
    }

    private func offer(_ transaction: Transaction) -> Submission {
        if places[transaction.digest] != nil { return .alreadyFinal }
        if pool.contains(transaction) { return .alreadyPending }
        guard transaction.body.network == genesis.network else {
            return .refused(Rejection(2, "the transaction is for another network; sign it for this one"))
        }
        guard transaction.verifySignature() else {
            return .refused(Rejection(1, "the signature does not fit the sender's key; sign it again"))
        }
        guard pool.count < poolMax else { return .poolFull(retryAfterSeconds: 2) }
        pool.append(transaction)
        return .accepted
    }

    func transactionStatus(_ digest: Digest) async throws(ServiceFailure) -> TransactionStatus {
        try check()
        if let height = places[digest] {
            guard height.value >= prunedBelow else { throw .pruned("Block \(height) is pruned at this node.") }
            let final = blocks[Int(height.value)]
            if let receipt = final.receipts.first(where: { $0.subject == digest }) {
                return .final(
                    TransactionResult(
                        height: height, block: final.header.digest, time: final.header.time, receipt: receipt))
            }
        }
        return pool.contains { $0.digest == digest } ? .pending : .unknown
    }

    func transactionStatus(
        _ digest: Digest, waitingMilliseconds: UInt32
    ) async throws(ServiceFailure) -> TransactionStatus {
        let end = ContinuousClock.now + .milliseconds(Int64(waitingMilliseconds))
        while true {
            let status = try await transactionStatus(digest)
            if case .final = status { return status }
            if ContinuousClock.now >= end { return status }
            try? await Task.sleep(for: .milliseconds(5))
            if Task.isCancelled { return status }
        }
    }

    func finalHeight(reaching height: Height, waitingMilliseconds: UInt32) async throws(ServiceFailure) -> Height {
        try check()
        let end = ContinuousClock.now + .milliseconds(Int64(waitingMilliseconds))
        while self.height < height, ContinuousClock.now < end, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return self.height
    }

    func block(_ reference: BlockReference) throws(ServiceFailure) -> ExecutedBlock? {
        try check()
        switch reference {
        case .latest: return blocks.last
        case .height(let height):
            guard height <= self.height else { return nil }
            guard height.value >= prunedBelow else { throw .pruned("Block \(height) is pruned at this node.") }
            return blocks[Int(height.value)]
        case .digest(let digest): return blocks.first { $0.header.digest == digest }
        }
    }

    func header(_ reference: BlockReference) throws(ServiceFailure) -> BlockHeader? {
        try block(reference)?.header
    }

    func finality(_ height: Height) throws(ServiceFailure) -> Finality? {
        try check()
        guard height.value > 0, height <= self.height else { return nil }
        let top = min(self.height.value, (height.value + certificateEvery - 1) / certificateEvery * certificateEvery)
        let descendants = blocks[Int(height.value) + 1..<Int(max(top, height.value)) + 1].map(\.header)
        let header = blocks[Int(height.value)].header
        return Finality(
            header: header, descendants: descendants, certificate: certificate(descendants.last ?? header))
    }

    func certificate(_ header: BlockHeader) -> Certificate {
        let payload = VotePayload(
            network: genesis.network, epoch: header.epoch, kind: .finalize, view: header.view, digest: header.digest)
        return Certificate(
            epoch: header.epoch, kind: .finalize, view: header.view, digest: header.digest,
            entries: (0..<3).map { index in
                Certificate.Entry(signer: UInt16(index), signature: secrets[index].sign(payload.signingDigest))
            })
    }

    /// The state after a block; those below `prunedBelow` are gone.
    func point(_ height: Height?) throws(ServiceFailure) -> (header: BlockHeader, state: StateSnapshot) {
        let wanted = min(height ?? self.height, self.height)
        guard wanted.value >= prunedBelow || height == nil else {
            throw .pruned("This node keeps states from block \(prunedBelow) on.")
        }
        return (blocks[Int(wanted.value)].header, states[Int(wanted.value)])
    }

    func value(_ key: [UInt8], at height: Height?) throws(ServiceFailure) -> StateValue {
        try check()
        let (header, state) = try point(height)
        do {
            return StateValue(height: header.height, value: try state.value(key))
        } catch {
            throw .storage(error)
        }
    }

    func contractInterfaces() throws(ServiceFailure) -> String {
        try check()
        return "{\"contracts\":[\(SmallNode.interface)]}"
    }

    static let interface =
        #"{"name":"echo","version":1,"queries":[{"number":1,"name":"echo"}],"events":[{"number":1,"name":"echoed"},{"number":2,"name":"faded"}]}"#

    func contractInterface(_ instance: Address) throws(ServiceFailure) -> String? {
        try check()
        return ["echo", "governance"].contains(instance.description) ? SmallNode.interface : nil
    }

    func query(_ instance: Address, _ number: UInt16, arguments: [UInt8]) throws(ServiceFailure) -> QueryAnswer? {
        try check()
        guard ["echo", "governance"].contains(instance.description) else { return nil }
        guard number == 1 else {
            return QueryAnswer(height: height, outcome: .refused(Rejection(30, "the contract has no such query")))
        }
        return QueryAnswer(height: height, outcome: .value(arguments))
    }

    func validators(_ epoch: Epoch?) throws(ServiceFailure) -> EpochInfo? {
        try check()
        guard epoch ?? Epoch(0) == Epoch(0) else { return nil }
        return EpochInfo(epoch: Epoch(0), firstHeight: Height(1), validators: genesis.validators)
    }

    private(set) var statusCalls = 0

    func status() async -> NodeStatus {
        statusCalls += 1
        if slowMilliseconds > 0 { try? await Task.sleep(for: .milliseconds(slowMilliseconds)) }
        let tip = blocks[blocks.count - 1].header
        return NodeStatus(
            ready: isReady,
            summary: isReady
                ? "Following the chain at height \(tip.height)."
                : "Catching up: at height \(tip.height) of 900; ready in about a minute.",
            network: genesis.network, networkName: genesis.name, version: "0.1.0", partner: "partner-0",
            validatorIndex: 0, finalHeight: tip.height, finalBlock: tip.digest, finalTime: tip.time,
            stateRoot: tip.stateRoot, epoch: tip.epoch, view: tip.view, networkHeight: tip.height,
            poolTransactions: UInt64(pool.count), uptimeSeconds: 60,
            peers: [
                PeerStatus(name: "partner-1", connected: true, finalHeight: tip.height),
                PeerStatus(name: "partner-2", connected: false, finalHeight: nil),
            ], warnings: [])
    }
}
