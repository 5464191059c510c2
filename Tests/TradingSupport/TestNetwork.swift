internal import Anchors
package import Chain
package import ContractHost
package import ContractKit
internal import Governance
internal import Identity
package import LedgerCrypto
package import Primitives
internal import Results
package import Trading

/// A network in one value: the contract host over a dictionary of state, four validators with known keys. Every call is
/// a signed transaction in a block of its own.
package struct TestNetwork: Sendable {
    package struct State: StateReader, Sendable {
        package var values: [[UInt8]: [UInt8]] = [:]
        package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { values[key] }
    }

    package static let partners = ["aurora", "borealis", "corona", "dawn"]
    package static let outsider = "eclipse"

    package let application: ContractApplication
    package let genesis: Genesis
    package var state = State()
    package var height = Height(0)
    package var time = Timestamp(1_700_000_000_000)
    /// Events of each block, by height.
    package private(set) var events: [UInt64: [Event]] = [:]
    var salt: UInt64 = 0

    package static func key(_ partner: String) -> Secp256k1.SecretKey {
        guard let key = Secp256k1.SecretKey(SHA256.hash(Array("key of \(partner)".utf8)).bytes) else {
            preconditionFailure("a digest is a key")
        }
        return key
    }

    /// `withResults` adds the contract of analyses, which most tests do not need.
    package init(withResults: Bool = false) throws {
        let validators = try ValidatorSet(
            Self.partners.map {
                Validator(
                    partner: $0, consensusKey: Self.key($0).publicKey,
                    transportKey: SHA256.hash(Array("transport of \($0)".utf8)))
            })
        let governance = GovernanceGenesis(
            partners: (Self.partners + [Self.outsider]).map {
                Partner(id: $0, name: $0, roles: .all, keys: [Self.key($0).publicKey])
            }, parameters: NetworkParameters())
        let results =
            withResults
            ? [(ContractDefinition(Results.self, sources: .zero), GenesisInstance(WellKnown.results, Results.name))]
            : []
        let definitions =
            [
                ContractDefinition(Anchors.self, sources: .zero), ContractDefinition(Governance.self, sources: .zero),
                ContractDefinition(Identity.self, sources: .zero),
            ] + results.map(\.0) + [ContractDefinition(Community.self, sources: .zero)]
        application = ContractApplication(release: Release(definitions)) { (_) throws(Rejection) in
            GenesisPlan(
                versions: definitions.map(\.contractVersion),
                instances: [
                    GenesisInstance(WellKnown.governance, Governance.name, arguments: governance.bcs),
                    GenesisInstance(
                        WellKnown.identity, Identity.name, arguments: IdentityGenesis(network: "bench", meters: []).bcs),
                    GenesisInstance(WellKnown.anchors, Anchors.name),
                ] + results.map(\.1))
        }
        genesis = Genesis(
            name: "test", time: time, parameters: ChainParameters(), validators: validators, application: [])
        apply(try application.genesisState(genesis))
    }

    private mutating func apply(_ changes: [StateChange]) {
        for change in changes { state.values[change.key] = change.value }
    }

    private var nextBlock: BlockContext {
        BlockContext(
            network: genesis.network, height: height.next, epoch: Epoch(0), time: time, parent: .zero, proposer: 0,
            validators: genesis.validators, parameters: genesis.parameters)
    }

    /// Runs one transaction; its receipt.
    package mutating func run(_ calls: [Call], by partner: String) throws -> Receipt {
        salt += 1
        let key = Self.key(partner)
        let body = TransactionBody(
            network: genesis.network, sender: key.publicKey, expiry: time.adding(milliseconds: 60_000), salt: salt,
            calls: calls)
        let transaction = try Transaction(signing: body, with: key)
        guard let result = try application.execute(context: nextBlock, transactions: [transaction], state: state),
            let receipt = result.receipts.last
        else { throw TestFailure("the block was refused") }
        apply(result.changes)
        height = height.next
        events[height.value] = result.receipts.flatMap(\.events)
        time = time.adding(milliseconds: 1_000)
        return receipt
    }

    /// Runs one call that must succeed; its output.
    @discardableResult
    package mutating func must<Arguments, Output>(
        _ method: Method<Arguments, Output>, on instance: Address, _ arguments: Arguments, by partner: String = "aurora"
    ) throws -> Output {
        let receipt = try run([method.call(on: instance, arguments)], by: partner)
        if let rejection = receipt.rejection { throw rejection }
        guard let output = receipt.outputs.first else { throw TestFailure("no output") }
        return try method.output(output)
    }

    /// Runs one call; the code of its rejection, nil when it succeeds.
    package mutating func code<Arguments, Output>(
        _ method: Method<Arguments, Output>, on instance: Address, _ arguments: Arguments, by partner: String = "aurora"
    ) throws -> UInt16? {
        try run([method.call(on: instance, arguments)], by: partner).rejection?.code
    }

    /// Runs `body` while block time is still before `time`, then goes back to where the clock was.
    package mutating func before<Value>(
        _ time: Timestamp, _ body: (inout TestNetwork) throws -> Value
    ) rethrows -> Value {
        let now = self.time
        self.time = min(now, Timestamp(time.value - 60_000))
        defer { self.time = max(now, self.time) }
        return try body(&self)
    }

    /// An empty block: runs scheduled calls that are due.
    package mutating func emptyBlock() throws -> [Receipt] {
        let result = try application.execute(context: nextBlock, transactions: [], state: state)
        apply(result?.changes ?? [])
        height = height.next
        events[height.value] = result?.receipts.flatMap(\.events) ?? []
        return result?.receipts ?? []
    }

    package func read<Value>(_ storage: StorageValue<Value>, of instance: Address) throws -> Value? {
        try state.values[storage.stateKey(at: instance)].map { try storage.decode($0) }
    }

    package func read<Key, Value>(_ storage: StorageMap<Key, Value>, _ key: Key, of instance: Address) throws -> Value?
    {
        try state.values[storage.stateKey(key, at: instance)].map { try storage.decode($0) }
    }
}

package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

extension TestNetwork {
    package static func memberKey(_ index: Int) -> Secp256k1.SecretKey { key("member \(index)") }
    package static func meter(_ index: Int) -> MeterNumber { MeterNumber(10_000 + UInt64(index)) }
    package static let firstPeriod = PeriodNumber(408_342)

    package mutating func found(_ rules: CommunityRules, by partner: String = "aurora") throws -> Address {
        try must(
            InstanceService.create, on: WellKnown.instances,
            CreateInstance(contract: Community.name, arguments: rules), by: partner)
    }

    package func admission(
        _ index: Int, to community: Address, attesters: [String] = [], from: PeriodNumber = firstPeriod,
        settings: MemberSettings = .none, plant: PlantTerms? = nil, meters: [MeterNumber]? = nil,
        signer: Secp256k1.SecretKey? = nil
    ) -> Admission {
        let key = signer ?? Self.memberKey(index)
        let terms = MembershipTerms(
            meters: meters ?? [Self.meter(index)], settings: settings, plant: plant, from: from)
        let credential = SHA256.hash(Array("credential \(index)".utf8))
        let digest = terms.signingDigest(
            network: genesis.network, community: community, credential: credential, attesters: attesters)
        return Admission(
            terms: terms,
            consent: Consent(
                credential: credential, key: key.publicKey, attesters: attesters, signature: key.sign(digest)))
    }

    package mutating func registerMeter(_ index: Int, operator: String = "borealis") throws {
        try must(
            Identity.registerMeter, on: WellKnown.identity,
            RegisterMeter(
                meter: Self.meter(index).value, gridOperator: `operator`, dataProvider: "corona",
                holder: Consent.holder(Self.memberKey(index).publicKey)), by: `operator`)
    }

    package mutating func anchor(_ batches: [ReadingBatch], supersedes: Digest? = nil) throws {
        let name = "readings"
        if try read(Anchors.dataSets, Pair("corona", name), of: WellKnown.anchors) == nil {
            try must(
                Anchors.register, on: WellKnown.anchors,
                RegisterDataSet(name: name, schema: ReadingBatch.schema), by: "corona")
        }
        try must(
            Anchors.append, on: WellKnown.anchors,
            AppendBatches(
                dataSet: name,
                batches: batches.map { batch in
                    NewBatch(
                        digest: batch.digest, root: batch.root, count: UInt32(batch.readings.count),
                        from: batch.span?.from ?? Timestamp(0), to: batch.span?.to ?? Timestamp(0),
                        supersedes: supersedes)
                }), by: "corona")
    }

    /// Attestations of `record` for the community by partners, ascending.
    package func attestations(_ record: SettlementRecord, _ community: Address, by partners: [String]) -> [Attestation]
    {
        partners.map {
            Attestation(
                signing: record.digest, network: genesis.network, instance: community, partner: $0, key: Self.key($0))
        }
    }
}
