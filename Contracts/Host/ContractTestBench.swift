package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// Runs contracts in memory, one block per call, so that an author tests a rule in seconds without a network.
///
///     var bench = try ContractTestBench(
///         contracts: [ContractDefinition(Registry.self, sources: .zero)],
///         partners: ["aurora": [.participant], "borealis": [.council, .validator]],
///         instances: [GenesisInstance(WellKnown.registry, Registry.name)])
///     try bench.send(Registry.put, to: WellKnown.registry, RegistryPut(name: "a", value: [1]), as: "aurora")
///     bench.advance(milliseconds: 3_600_000)
///     let entry = try bench.ask(Registry.get, of: WellKnown.registry, RegistryName(owner: "aurora", name: "a"))
///
/// A refused call throws its rejection; `lastReceipt` holds what the chain would hold.
package struct ContractTestBench {
    package let application: ContractApplication
    package let network: Digest
    package private(set) var state: MemoryState
    package private(set) var height = Height(0)
    package private(set) var epoch = Epoch(0)
    package private(set) var validators: ValidatorSet
    package private(set) var lastReceipt: Receipt?
    /// Receipts of the scheduled calls of the last block.
    package private(set) var scheduledReceipts: [Receipt] = []
    package private(set) var lastChanges: [StateChange] = []
    /// Time of the last block. Each block moves it by `blockMilliseconds`; add what you like between blocks.
    package private(set) var time: Timestamp
    package var blockMilliseconds: UInt64 = 1_000
    package var parameters: ChainParameters
    /// Signatures cost time and the host does not look at them: off unless a test wants whole transactions.
    package var signs = false
    private var salt: UInt64 = 0

    /// A whole genesis, e.g. `ContractTestBench(application: ContractSuite.application, genesis: genesis)`.
    package init(application: ContractApplication, genesis: Genesis) throws(Rejection) {
        self.application = application
        network = genesis.network
        state = MemoryState()
        validators = genesis.validators
        parameters = genesis.parameters
        time = genesis.time
        state.apply(try application.genesisState(genesis))
    }

    /// Contracts alone: partners stand in the directory as governance would have put them there. Those with the
    /// validator role validate; one of them is needed.
    package init(
        contracts: [ContractDefinition], partners: [String: Roles], instances: [GenesisInstance]
    ) throws(Rejection) {
        let ids = partners.keys.sorted()
        let genesis = try ContractTestBench.genesis(
            validators: ids.filter { partners[$0]?.contains(.validator) ?? false }, application: [])
        let versions = contracts.map(\.contractVersion)
        application = ContractApplication(release: Release(contracts)) { _ throws(Rejection) in
            GenesisPlan(versions: versions, instances: instances)
        }
        network = genesis.network
        validators = genesis.validators
        parameters = genesis.parameters
        time = genesis.time
        state = MemoryState()
        for id in ids {
            let key = ContractTestBench.key(of: id).publicKey
            let partner = Partner(id: id, name: id, roles: partners[id] ?? [], keys: [key])
            state.set(Directory.partners.stateKey(id, at: WellKnown.governance), partner.bcs)
            state.set(Directory.keys.stateKey(key, at: WellKnown.governance), KeyHolder(partner: id).bcs)
        }
        let changes = try application.genesisState(genesis, above: state)
        state.apply(changes)
    }

    // MARK: Keys and genesis of tests

    /// The key that stands for a partner (or anything else with a name) in tests. Never use it elsewhere.
    package static func key(of name: String) -> Secp256k1.SecretKey {
        var seed = SHA256.hash(Array("bench/\(name)".utf8))
        // A digest outside the range of the curve's scalars is as likely as a collision.
        while true {
            if let key = Secp256k1.SecretKey(seed.bytes) { return key }
            seed = SHA256.hash(seed.bytes)
        }
    }

    /// Consensus key of a partner's validator in tests.
    package static func consensusKey(of name: String) -> Secp256k1.SecretKey { key(of: "\(name)/consensus") }

    package static func validator(_ partner: String) -> Validator {
        Validator(
            partner: partner, consensusKey: consensusKey(of: partner).publicKey,
            transportKey: SHA256.hash(Array("bench/\(partner)/transport".utf8)))
    }

    package static func genesis(validators: [String], application: [UInt8]) throws(Rejection) -> Genesis {
        do throws(BCSError) {
            return Genesis(
                name: "bench", time: Timestamp(1_750_000_000_000), parameters: ChainParameters(),
                validators: try ValidatorSet(validators.sorted().map(validator)), application: application)
        } catch {
            throw HostRejection.malformedArguments(error.description)
        }
    }

    // MARK: Time

    package mutating func advance(milliseconds: UInt64) { time = time.adding(milliseconds: milliseconds) }

    /// The block that comes next.
    package var nextBlock: BlockContext {
        BlockContext(
            network: network, height: height.next, epoch: epoch,
            time: time.adding(milliseconds: blockMilliseconds), parent: .zero, proposer: 0, validators: validators,
            parameters: parameters)
    }

    // MARK: Calls

    /// A transaction by the partner's bench key, or by `key`.
    package mutating func transaction(
        _ calls: [Call], as partner: String, key: Secp256k1.SecretKey? = nil, actor: String? = nil
    ) throws(Rejection) -> Transaction {
        salt += 1
        let key = key ?? ContractTestBench.key(of: partner)
        let body = TransactionBody(
            network: network, sender: key.publicKey, actor: actor,
            expiry: nextBlock.time.adding(milliseconds: 60_000), salt: salt, calls: calls)
        do throws(BCSError) {
            if signs { return try Transaction(signing: body, with: key) }
            return try Transaction(bytes: body.bcs + [UInt8](repeating: 0, count: Signature.byteCount))
        } catch {
            throw HostRejection.malformedArguments("no such transaction can be written: \(error.description)")
        }
    }

    /// One call in a block of its own.
    @discardableResult
    package mutating func send<Arguments, Output>(
        _ method: Method<Arguments, Output>, to instance: Address, _ arguments: Arguments, as partner: String,
        key: Secp256k1.SecretKey? = nil, actor: String? = nil
    ) throws(Rejection) -> Output {
        let call = method.call(on: instance, arguments)
        let outputs = try send([call], as: partner, key: key, actor: actor)
        do throws(BCSError) {
            return try method.output(outputs.first ?? [])
        } catch {
            throw HostRejection.malformedState(error.description)
        }
    }

    /// Several calls as one transaction in a block of its own.
    @discardableResult
    package mutating func send(
        _ calls: [Call], as partner: String, key: Secp256k1.SecretKey? = nil, actor: String? = nil
    ) throws(Rejection) -> [[UInt8]] {
        let transaction = try transaction(calls, as: partner, key: key, actor: actor)
        if let refusal = try admission(of: transaction) { throw refusal }
        let receipts = try runBlock([transaction])
        guard let receipt = receipts.last else { throw HostRejection.localFailure() }
        lastReceipt = receipt
        if let rejection = receipt.rejection { throw rejection }
        return receipt.outputs
    }

    /// Writes a record as no contract would, e.g. to leave a block no work.
    package mutating func overwrite(_ key: [UInt8], _ value: [UInt8]?) { state.set(key, value) }

    package func admission(of transaction: Transaction) throws(Rejection) -> Rejection? {
        do throws(StorageFailure) {
            return try application.admission(of: transaction, context: nextBlock, state: state)
        } catch {
            throw HostRejection.localFailure(error.description)
        }
    }

    /// Runs a block and keeps what it leaves. Returns the receipts of the transactions; nil transactions make an empty
    /// block, which still runs scheduled calls. Throws when the block would be invalid.
    @discardableResult
    package mutating func runBlock(_ transactions: [Transaction] = []) throws(Rejection) -> [Receipt] {
        let block = nextBlock
        let result: ExecutionResult?
        do throws(StorageFailure) {
            result = try application.execute(context: block, transactions: transactions, state: state)
        } catch {
            throw HostRejection.localFailure(error.description)
        }
        guard let result else { throw HostRejection.notPermitted("the block holds a transaction that is not admitted") }
        state.apply(result.changes)
        lastChanges = result.changes
        height = block.height
        time = block.time
        if let next = result.nextValidators {
            validators = next
            epoch = epoch.next
        }
        let scheduled = result.receipts.count - transactions.count
        scheduledReceipts = Array(result.receipts.prefix(scheduled))
        return Array(result.receipts.dropFirst(scheduled))
    }

    /// Answers a query over the present state.
    package func ask<Arguments, Answer>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) throws(Rejection) -> Answer {
        let answer: Result<[UInt8], Rejection>
        do throws(StorageFailure) {
            answer = try application.query(
                instance, query.number, arguments: arguments.bcs, context: nextBlock, state: state)
        } catch {
            throw HostRejection.localFailure(error.description)
        }
        let bytes = try answer.get()
        do throws(BCSError) { return try Answer(bcs: bytes) } catch {
            throw HostRejection.malformedState(error.description)
        }
    }

    /// For the typed collections: `try Anchors.dataSets.get(key, in: bench.reading(WellKnown.anchors))`.
    package func reading(_ instance: Address) -> Context {
        application.reading(instance, context: nextBlock, state: state)
    }
}

/// A state in memory, for tests and benches.
package struct MemoryState: StateReader, Sendable {
    package private(set) var values: [[UInt8]: [UInt8]] = [:]

    package init() {}

    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { values[key] }
    package mutating func set(_ key: [UInt8], _ value: [UInt8]?) { values[key] = value }
    package mutating func apply(_ changes: [StateChange]) {
        for change in changes { values[change.key] = change.value }
    }

    /// Digest over all pairs in order of key: equal states have equal digests.
    package var digest: Digest {
        var encoder = BCSEncoder()
        for key in values.keys.sorted(by: KeyOrder.precedes) {
            encoder.blob(key)
            encoder.blob(values[key] ?? [])
        }
        return SHA256.hash(encoder.bytes)
    }
}
