internal import Accounts
package import Agreements
internal import Anchors
internal import Billing
package import Chain
package import ContractHost
package import ContractKit
internal import Identity
package import LedgerCrypto
internal import LedgerState
package import LightClient
package import NodeClient
package import Primitives
internal import Synchronization

/// A data market in memory: the real contracts over a state, accounts of persons with known keys, a block for each call,
/// and proofs of its state by the four validators of its genesis.
package final class Market: Sendable {
    package static let partners = ["aurora", "borealis", "corona", "dawn"]

    private struct Inner {
        var bench: ContractTestBench
        var blocks: [ExecutedBlock] = []
        var acts: [Digest: UInt64] = [:]
        /// Records that contracts outside this market would have written.
        var given: [[UInt8]: [UInt8]] = [:]

        /// A block around what was executed, so that it can be read as a node reads it.
        mutating func append(_ transactions: [Transaction], _ receipts: [Receipt]) {
            let header = BlockHeader(
                network: bench.network, height: bench.height, view: View(bench.height.value), epoch: Epoch(0),
                parent: blocks.last?.header.digest ?? .zero, parentView: View(0), time: bench.time, proposer: 0,
                transactionsRoot: Block.transactionsRoot(transactions.map(\.digest)), stateRoot: .zero,
                receiptsRoot: Receipt.root(receipts), validatorSet: bench.validators.digest,
                nextValidatorSet: bench.validators.digest)
            guard let block = Block(header: header, transactions: transactions) else { return }
            blocks.append(ExecutedBlock(block: block, receipts: receipts))
        }
    }

    private let inner: Mutex<Inner>
    package let genesis: Genesis
    package var network: Digest { genesis.network }

    package init() throws {
        genesis = try ContractTestBench.genesis(validators: Market.partners, application: [])
        let definitions = [
            ContractDefinition(Accounts.self, sources: .zero), ContractDefinition(Agreements.self, sources: .zero),
            ContractDefinition(Anchors.self, sources: .zero), ContractDefinition(Billing.self, sources: .zero),
            ContractDefinition(Identity.self, sources: .zero),
        ]
        let bench = try ContractTestBench(
            contracts: definitions, partners: Dictionary(uniqueKeysWithValues: Market.partners.map { ($0, Roles.all) }),
            instances: [
                GenesisInstance(WellKnown.accounts, Accounts.name),
                GenesisInstance(WellKnown.agreements, Agreements.name),
                GenesisInstance(WellKnown.anchors, Anchors.name), GenesisInstance(WellKnown.billing, Billing.name),
                GenesisInstance(
                    WellKnown.identity, Identity.name, arguments: IdentityGenesis(network: "bench", meters: []).bcs),
            ])
        inner = Mutex(Inner(bench: bench))
    }

    // MARK: chain

    /// Runs calls as one transaction in a block of its own; its receipt.
    @discardableResult
    package func run(_ calls: [Call], as partner: String = "aurora") throws -> Receipt {
        try inner.withLock { inner in
            let transaction = try inner.bench.transaction(calls, as: partner)
            let receipts = try inner.bench.runBlock([transaction])
            inner.append([transaction], inner.bench.scheduledReceipts + receipts)
            guard let receipt = receipts.last else { throw MarketFailure("no receipt") }
            return receipt
        }
    }

    /// A call that must succeed; its output.
    @discardableResult
    package func must<Arguments, Output>(
        _ method: Method<Arguments, Output>, on instance: Address, _ arguments: Arguments, as partner: String = "aurora"
    ) throws -> Output {
        let receipt = try run([method.call(on: instance, arguments)], as: partner)
        if let rejection = receipt.rejection { throw rejection }
        return try method.output(receipt.outputs.first ?? [])
    }

    /// An empty block, after a while.
    package func pass(milliseconds: UInt64) throws {
        try inner.withLock { inner in
            inner.bench.advance(milliseconds: milliseconds)
            try inner.bench.runBlock()
            inner.append([], inner.bench.scheduledReceipts)
        }
    }

    package var time: Timestamp { inner.withLock { $0.bench.time } }
    package var height: Height { inner.withLock { $0.bench.height } }
    package var state: MemoryState {
        inner.withLock { inner in
            var state = inner.bench.state
            for (key, value) in inner.given { state.set(key, value) }
            return state
        }
    }

    /// Puts a record into the state as nodes and readers see it; contracts do not.
    package func put<Key, Value>(_ storage: StorageMap<Key, Value>, _ key: Key, _ value: Value, of instance: Address) {
        inner.withLock { $0.given[storage.stateKey(key, at: instance)] = value.bcs }
    }
    /// All blocks from 1 on.
    package var blocks: [ExecutedBlock] { inner.withLock { $0.blocks } }

    package func read<Key, Value>(_ storage: StorageMap<Key, Value>, _ key: Key, of instance: Address) throws -> Value?
    {
        try state.values[storage.stateKey(key, at: instance)].map { try storage.decode($0) }
    }

    package func ask<Arguments, Answer>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) throws -> Answer {
        try inner.withLock { try $0.bench.ask(query, of: instance, arguments) }
    }

    /// The state at the newest block, proved by all validators.
    package func prove(_ keys: [[UInt8]]) throws -> ProofBundle {
        let (state, height, time) = (self.state, self.height, self.time)
        return try Market.prove(keys, state, height, time, genesis)
    }

    /// The same for any state, as a node would prove one that it kept.
    package static func prove(
        _ keys: [[UInt8]], _ state: MemoryState, _ height: Height, _ time: Timestamp, _ genesis: Genesis
    ) throws -> ProofBundle {
        let changes = state.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
            StateChange(key: $0.key, value: $0.value)
        }
        let snapshot = try StateSnapshot.empty(over: NoRecords()).applying(changes, version: height)
        let header = BlockHeader(
            network: genesis.network, height: height, view: View(height.value), epoch: Epoch(0),
            parent: SHA256.hash([0]), parentView: View(0), time: time, proposer: 0,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: snapshot.root, receiptsRoot: Receipt.root([]),
            validatorSet: genesis.validators.digest, nextValidatorSet: genesis.validators.digest)
        let payload = VotePayload(
            network: genesis.network, epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest)
        let entries = genesis.validators.validators.enumerated().map { index, validator in
            Certificate.Entry(
                signer: UInt16(index),
                signature: ContractTestBench.consensusKey(of: validator.partner).sign(payload.signingDigest))
        }
        return ProofBundle(
            entries: try keys.compactMap { key in
                try snapshot.prove(key).map { ProofBundle.Entry(key: key, proof: $0) }
            }, header: header, descendants: [],
            finalization: Certificate(
                epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest, entries: entries),
            epochEnds: [])
    }

    // MARK: accounts

    package static func key(_ name: String) -> Secp256k1.SecretKey { ContractTestBench.key(of: "person/\(name)") }
    package static func holder(_ name: String) -> Digest {
        HolderDID.digest(HolderDID.texts(of: key(name).publicKey)[0])
    }

    /// Opens and confirms the account of a person.
    package func account(_ name: String, _ roles: MarketRoles) throws {
        let (key, holder) = (Market.key(name), Market.holder(name))
        let request = OpenAccount(
            holder: holder, kind: .person, credential: SHA256.hash(Array(name.utf8)), roles: roles,
            administrators: [key.publicKey])
        try must(Accounts.open, on: WellKnown.accounts, request)
        let digest = ConfirmContract.signingDigest(
            network: network, holder: holder, number: 0, statement: SHA256.hash(request.bcs))
        try must(
            Accounts.confirm, on: WellKnown.accounts,
            ConfirmContract(holder: holder, number: 0, key: key.publicKey, signature: key.sign(digest)))
    }

    /// A call in the name of a person's account; its output.
    @discardableResult
    package func act<Body, Output>(
        _ method: Method<Signed<Body>, Output>, on instance: Address, _ body: Body, by name: String
    ) throws -> Output {
        let holder = Market.holder(name)
        let sequence = inner.withLock { $0.acts[holder, default: 0] }
        let signer = ActSigner(
            network: network, account: holder, key: Market.key(name).publicKey, sequence: sequence,
            until: time.adding(milliseconds: Act.usualLifetimeMilliseconds)
        ) { _, digest in Market.key(name).sign(digest) }
        guard let signed = signer.sign(body, as: method.number, on: instance) else {
            throw MarketFailure("no signature")
        }
        let output = try must(method, on: instance, signed)
        inner.withLock { $0.acts[holder, default: 0] += 1 }
        return output
    }
}

extension Market {
    /// A data set of `provider` whose parts the partner aurora anchors under `name`, described and on the market.
    @discardableResult
    package func describe(
        _ name: String, by provider: String = "provider", copies: [String] = [], text: Digest = .zero,
        sharing: SharingClass = .saleOnly, previous: UInt32 = 0
    ) throws -> Digest {
        let description = DataDescription(
            origin: .measured, type: .timeSeries, sharingClass: sharing, privacy: .pseudonymised, velocity: .hourly,
            volume: 1_000_000, authority: .ownership, purposes: [.research, .forecasting], text: text)
        return try act(
            Agreements.describe, on: WellKnown.agreements,
            DescribeDataSet(
                name: name, previous: previous, location: DataLocation(partner: "aurora", anchor: name, copies: copies),
                description: description), by: provider
        ).id
    }

    /// A free agreement for research over `days`, unless `plan` says otherwise; its number.
    @discardableResult
    package func agree(
        _ dataSet: Digest, _ user: String = "user", provider: String = "provider", days: UInt32 = 30,
        plan: PricePlan? = nil
    ) throws -> UInt64 {
        let terms = OfferTerms(
            dataSets: [dataSet], purposes: .research, durationDays: days, expiry: time.adding(days: 1 as UInt16),
            plan: plan ?? PricePlan(.free, currency: Market.euro), text: .zero)
        let offer = try act(Agreements.offer, on: WellKnown.agreements, terms, by: provider)
        return try act(
            Agreements.countersign, on: WellKnown.agreements, Countersign(offer: offer.number, terms: terms.digest),
            by: user
        ).number
    }

    package static var euro: Currency {
        guard let euro = Currency("EUR") else { preconditionFailure("EUR is a currency") }
        return euro
    }
}

package struct MarketFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The store of a state that begins empty.
private struct NoRecords: KeyValueReader {
    func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { nil }
    func scan(
        from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
    ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] { [] }
}
