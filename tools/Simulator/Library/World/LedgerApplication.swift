package import Chain
internal import ContractHost
package import ContractKit
package import LedgerCrypto
package import Primitives

/// The application of a simulated network: accounts that hold money and energy, and a validator set that an
/// administrator changes. Small, so that a run spends its time in consensus; complete enough that a lost, doubled or
/// reordered transaction shows in the state.
///
/// Evidence goes to the real Governance contract, in `LedgerApplication+Governance.swift`.
///
/// State: `a || account` (8 bytes big-endian) holds `money || energy || transfers sent` (little-endian), `s` the digest
/// of the validator set; the rest is of contracts.
package struct LedgerApplication: Application {
    package static let instance: Address =
        Address(text: "ledger") ?? Address(createdBy: .zero, index: 0)

    package enum Method: UInt16, Sendable {
        /// Moves money one way and energy the other way.
        case transfer = 0
        /// Replaces the validator set.
        case setValidators = 1
    }

    package enum Refusal {
        package static let unknownSender: UInt16 = 100
        package static let malformed: UInt16 = 101
        package static let insufficient: UInt16 = 102
        package static let notAdministrator: UInt16 = 103
    }

    package static let openingMoney: Amount = 1_000
    package static let openingEnergy: Energy = 5_000

    /// Public keys of the accounts, by number; the last one is the administrator.
    private let accounts: [PublicKey]
    let contracts: ContractApplication

    package init(accounts: [PublicKey], partners: [Partner]) {
        self.accounts = accounts
        contracts = LedgerApplication.contracts(partners: partners)
    }

    package static func accountKey(_ number: Int) -> [UInt8] {
        [0x61] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    package static let setKey: [UInt8] = [0x73]

    package func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange] {
        let holders = accounts.indices.map { number in
            StateChange(
                key: LedgerApplication.accountKey(number),
                value: Holding(money: Self.openingMoney, energy: Self.openingEnergy, sent: 0).bcs)
        }
        let set = StateChange(key: LedgerApplication.setKey, value: genesis.validators.digest.bytes)
        return LedgerApplication.ordered(try contracts.genesisState(genesis) + holders + [set])
    }

    package func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection? {
        if transaction.isForContracts {
            return try contracts.admission(of: transaction, context: context, state: state)
        }
        return accounts.contains(transaction.body.sender)
            ? nil : Rejection(Refusal.unknownSender, "the sender has no account; open one before sending")
    }

    /// The transfers of a block; those for contracts are not among them.
    func executeLedger(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        var overlay: [[UInt8]: [UInt8]] = [:]
        var receipts: [Receipt] = []
        var next: ValidatorSet?
        for transaction in transactions {
            if try admission(of: transaction, context: context, state: state) != nil { return nil }
            var attempt = overlay
            var attemptNext = next
            var events: [Event] = []
            var refusal: Rejection?
            for call in transaction.body.calls where refusal == nil {
                refusal = try run(
                    call, from: transaction.body.sender, context: context, state: state, &attempt, &attemptNext,
                    &events)
            }
            if refusal == nil {
                overlay = attempt
                next = attemptNext
            }
            receipts.append(
                Receipt(
                    subject: transaction.digest, rejection: refusal, events: refusal == nil ? events : [],
                    workUsed: UInt64(transaction.body.calls.count)))
        }
        if next?.digest == context.validators.digest { next = nil }
        if let next { LedgerApplication.tellGovernance(of: next, epoch: context.epoch.next, &overlay) }
        let changes = overlay.keys.sorted { $0.lexicographicallyPrecedes($1) }.map {
            StateChange(key: $0, value: overlay[$0])
        }
        return ExecutionResult(changes: changes, receipts: receipts, nextValidators: next)
    }

    private func run(
        _ call: Call, from sender: PublicKey, context: BlockContext, state: some StateReader,
        _ overlay: inout [[UInt8]: [UInt8]], _ next: inout ValidatorSet?, _ events: inout [Event]
    ) throws(StorageFailure) -> Rejection? {
        guard call.instance == LedgerApplication.instance, let method = Method(rawValue: call.method) else {
            return Rejection(Refusal.malformed, "no such method; the ledger application has transfer and setValidators")
        }
        guard let number = accounts.firstIndex(of: sender) else {
            return Rejection(Refusal.unknownSender, "the sender has no account")
        }
        switch method {
        case .transfer:
            guard let transfer = try? Transfer(bcs: call.arguments) else {
                return Rejection(Refusal.malformed, "the arguments are no transfer")
            }
            return try self.transfer(transfer, from: number, state: state, &overlay, &events)
        case .setValidators:
            guard number == accounts.count - 1 else {
                return Rejection(Refusal.notAdministrator, "only the administrator changes the validator set")
            }
            guard let set = try? ValidatorSet(bcs: call.arguments) else {
                return Rejection(Refusal.malformed, "the arguments are no validator set")
            }
            overlay[LedgerApplication.setKey] = set.digest.bytes
            next = set
            return nil
        }
    }

    private func transfer(
        _ transfer: Transfer, from sender: Int, state: some StateReader, _ overlay: inout [[UInt8]: [UInt8]],
        _ events: inout [Event]
    ) throws(StorageFailure) -> Rejection? {
        guard let receiver = Int(exactly: transfer.receiver), accounts.indices.contains(receiver), receiver != sender,
            transfer.money >= 0, transfer.energy >= 0
        else { return Rejection(Refusal.malformed, "the receiver or an amount of the transfer is not allowed") }
        func holding(_ number: Int) throws(StorageFailure) -> Holding? {
            let key = LedgerApplication.accountKey(number)
            if let bytes = overlay[key] { return try? Holding(bcs: bytes) }
            guard let bytes = try state.value(key) else { return nil }
            return try? Holding(bcs: bytes)
        }
        guard var from = try holding(sender), var to = try holding(receiver) else {
            return Rejection(Refusal.unknownSender, "an account of the transfer is missing")
        }
        guard from.money >= transfer.money, to.energy >= transfer.energy else {
            return Rejection(Refusal.insufficient, "an account holds less than the transfer moves")
        }
        from.money -= transfer.money
        to.money += transfer.money
        to.energy -= transfer.energy
        from.energy += transfer.energy
        from.sent += 1
        overlay[LedgerApplication.accountKey(sender)] = from.bcs
        overlay[LedgerApplication.accountKey(receiver)] = to.bcs
        events.append(Event(instance: LedgerApplication.instance, kind: 0, payload: transfer.bcs))
        return nil
    }
}
