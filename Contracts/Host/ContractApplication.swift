package import Chain
package import ContractKit
internal import LedgerCrypto
internal import Primitives

/// An instance that genesis makes, with the BCS arguments of its `initialize`.
package struct GenesisInstance: Sendable {
    package let address: Address
    package let contract: String
    package let arguments: [UInt8]

    package init(_ address: Address, _ contract: String, arguments: [UInt8] = []) {
        self.address = address
        self.contract = contract
        self.arguments = arguments
    }
}

/// What a genesis makes of the contracts. It names versions and source digests itself, so that a later release, which
/// carries more versions, computes the same state.
package struct GenesisPlan: Sendable {
    package let versions: [ContractVersion]
    /// Governance first, since the others may look partners up.
    package let instances: [GenesisInstance]

    package init(versions: [ContractVersion], instances: [GenesisInstance]) {
        self.versions = versions
        self.instances = instances
    }
}

/// The application that the ledger drives: dispatches calls to contract instances and keeps what they leave.
package struct ContractApplication: Application {
    package typealias Planner = @Sendable (Genesis) throws(Rejection) -> GenesisPlan

    /// Keys that a transaction usually reads or writes.
    private static let keysUsual = 4

    package let release: Release
    private let plan: Planner

    /// `plan` reads the application part of a genesis; the host adds `instances` itself.
    package init(release: Release, plan: @escaping Planner) {
        self.release = Release(release.contracts + [ContractDefinition(InstanceService.self, sources: .zero)])
        self.plan = plan
    }

    package func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange] {
        try genesisState(genesis, above: EmptyState())
    }

    func genesisState(_ genesis: Genesis, above base: some StateReader) throws(Rejection) -> [StateChange] {
        let block = BlockContext(
            network: genesis.network, height: Height(0), epoch: Epoch(0), time: genesis.time, parent: .zero,
            proposer: 0, validators: genesis.validators, parameters: genesis.parameters)
        let execution = Execution(release: release, block: block, state: base)
        let plan = try plan(genesis)
        let own = ContractVersion(InstanceService.name, InstanceService.version, sources: .zero)
        for version in plan.versions + [own] { try execution.activateAtGenesis(version) }
        for instance in plan.instances + [GenesisInstance(WellKnown.instances, InstanceService.name)] {
            try execution.createAtGenesis(instance)
        }
        do { return try execution.overlay.changes() } catch { throw HostRejection.localFailure(error.description) }
    }

    package func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection? {
        try admissions(of: [transaction], context: context, state: state)[0]
    }

    package func admissions(
        of transactions: [Transaction], context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> [Rejection?] {
        // Admission writes nothing, so what one transaction had looked up holds for the next.
        let execution = Execution(release: release, block: context, state: state)
        var refusals: [Rejection?] = []
        refusals.reserveCapacity(transactions.count)
        for transaction in transactions { refusals.append(try execution.admission(of: transaction)) }
        if let failure = execution.failure { throw failure }
        return refusals
    }

    package func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        let execution = Execution(release: release, block: context, state: state)
        execution.overlay.reserveCapacity(transactions.count * ContractApplication.keysUsual)
        for transaction in transactions where try execution.admission(of: transaction) != nil { return nil }
        var receipts = try execution.runScheduled()
        var workLeft = context.parameters.blockWorkMax
        for receipt in receipts { workLeft -= min(workLeft, receipt.workUsed) }
        receipts.reserveCapacity(receipts.count + transactions.count)
        for (position, transaction) in transactions.enumerated() {
            let receipt = try execution.run(transaction, at: position, workLeft: workLeft)
            workLeft -= min(workLeft, receipt.workUsed)
            receipts.append(receipt)
        }
        try execution.storeQuotas()
        if let failure = execution.failure { throw failure }
        let next = execution.nextValidators.flatMap { $0 == context.validators ? nil : $0 }
        return ExecutionResult(changes: try execution.overlay.changes(), receipts: receipts, nextValidators: next)
    }

    // MARK: Reading

    /// Work units of one query.
    package static let queryWorkMax: UInt64 = 200_000_000

    /// Answers a query over any state; never writes. The rejection is the contract's or the host's refusal.
    package func query(
        _ instance: Address, _ number: UInt16, arguments: [UInt8], context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Result<[UInt8], Rejection> {
        let execution = Execution(release: release, block: context, state: state, isReadOnly: true)
        execution.meter = WorkMeter(limit: ContractApplication.queryWorkMax)
        do throws(Rejection) {
            let target = try execution.resolve(instance)
            guard let query = target.contract.query(number) else { throw HostRejection.unknownQuery() }
            let caller = Caller(origin: .genesis, key: nil, partner: nil, roles: [], isDelegate: false)
            return .success(
                try execution.run(query, of: instance, arguments: arguments, caller: caller, depth: 0))
        } catch {
            if let failure = execution.failure { throw failure }
            return .failure(error)
        }
    }

    /// A read-only context over a state, for the typed collections: `Anchors.dataSets.get(id, in: context)`. A local
    /// read failure shows as rejection 99.
    package func reading(_ instance: Address, context: BlockContext, state: some StateReader) -> Context {
        let execution = Execution(release: release, block: context, state: state, isReadOnly: true)
        execution.meter = WorkMeter(limit: ContractApplication.queryWorkMax)
        let caller = Caller(origin: .genesis, key: nil, partner: nil, roles: [], isDelegate: false)
        return Context(instance: instance, caller: caller, depth: 0, services: execution)
    }
}

/// The state before genesis.
private struct EmptyState: StateReader {
    func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { nil }
}

extension Execution {
    fileprivate func activateAtGenesis(_ version: ContractVersion) throws(Rejection) {
        guard release.contract(version.name, version: version.version) != nil else {
            throw HostRejection.unknownVersion("\(version.name) version \(version.version) is not in this release")
        }
        // Governance keeps the active versions; genesis sets them before its rules apply.
        frames.append(WellKnown.governance)
        defer { frames.removeLast() }
        let active = ActiveVersion(version: version.version, sources: version.sources)
        try write(Directory.activeVersions.stateKey(version.name, at: WellKnown.governance), active.bcs)
    }

    fileprivate func createAtGenesis(_ instance: GenesisInstance) throws(Rejection) {
        let contract: ContractDefinition
        do throws(Rejection) {
            contract = try activeContract(instance.contract)
        } catch {
            throw failure.map { HostRejection.localFailure($0.description) } ?? error
        }
        events.removeAll()
        try store(
            InstanceRecord(
                contract: contract.name, version: contract.version, followsActive: true, creator: "",
                created: block.height, supersedes: nil), at: instance.address)
        let caller = Caller(origin: .genesis, key: nil, partner: nil, roles: [], isDelegate: false)
        try initialize(contract, at: instance.address, arguments: instance.arguments, caller: caller, depth: 0)
    }
}
