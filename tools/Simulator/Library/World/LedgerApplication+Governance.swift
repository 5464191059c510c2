package import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Governance
internal import Primitives

/// The Governance contract beside the ledger, run by the real contract host: evidence is reported to it as a daemon does
/// it. Partners are those of the nodes. The validator set is the administrator's; Governance is told of each.
extension LedgerApplication {
    static func contracts(partners: [Partner]) -> ContractApplication {
        let definition = ContractDefinition(Governance.self, sources: ContractSuite.sources(of: "Governance"))
        return ContractApplication(release: Release([definition])) { (_) throws(Rejection) in
            GenesisPlan(
                versions: [definition.contractVersion],
                instances: [
                    GenesisInstance(
                        WellKnown.governance, Governance.name,
                        arguments: GovernanceGenesis(partners: partners, parameters: NetworkParameters()).bcs)
                ])
        }
    }

    /// Ledger and contracts hold different parts of the state, so that each runs its own transactions of a block.
    package func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        let calls = transactions.filter(\.isForContracts)
        let transfers = transactions.filter { !$0.isForContracts }
        guard let ledger = try executeLedger(context: context, transactions: transfers, state: state) else {
            return nil
        }
        guard !calls.isEmpty else { return ledger }
        guard let called = try contracts.execute(context: context, transactions: calls, state: state) else {
            return nil
        }
        var left = ledger.receipts[...]
        var right = called.receipts[...]
        let receipts = transactions.compactMap { $0.isForContracts ? right.popFirst() : left.popFirst() }
        return ExecutionResult(
            changes: LedgerApplication.ordered(ledger.changes + called.changes), receipts: receipts,
            nextValidators: ledger.nextValidators)
    }

    static func ordered(_ changes: [StateChange]) -> [StateChange] {
        changes.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// Writes the set of an epoch where Governance keeps it, as it does when it changes the set itself.
    static func tellGovernance(of set: ValidatorSet, epoch: Epoch, _ overlay: inout [[UInt8]: [UInt8]]) {
        for (index, validator) in set.validators.enumerated() {
            let key = Governance.epochValidators.stateKey(
                Pair(epoch, UInt16(clamping: index)), at: WellKnown.governance)
            overlay[key] = validator.bcs
        }
        var count = BCSEncoder()
        count.u16(UInt16(clamping: set.count))
        overlay[Governance.epochCounts.stateKey(epoch, at: WellKnown.governance)] = count.bytes
    }

    // MARK: Evidence

    static func report(_ evidence: Evidence) -> Call {
        Governance.reportEvidence.call(on: WellKnown.governance, EvidenceReport(evidence))
    }

    /// Where the state holds that the signer contradicted itself in that view.
    static func evidenceKey(_ evidence: Evidence) -> [UInt8] {
        let vote = evidence.first
        return Governance.evidence.stateKey(
            Pair(vote.epoch, Pair(vote.view.value, vote.signer)), at: WellKnown.governance)
    }

    /// Partners that the state has evidence against, by key of the record.
    static func accused(in values: [[UInt8]: [UInt8]]) -> [String] {
        let lowest = Governance.evidence.stateKey(Pair(Epoch(0), Pair(0, 0)), at: WellKnown.governance)
        // Epoch, view and signer follow.
        let prefix = lowest.dropLast(8 + 8 + 2)
        return values.keys.filter { $0.count == lowest.count && $0.starts(with: prefix) }
            .sorted { $0.lexicographicallyPrecedes($1) }
            .compactMap { values[$0].flatMap { try? EvidenceRecord(bcs: $0) }?.partner }
    }
}

extension Transaction {
    var isForContracts: Bool { body.calls.first?.instance == WellKnown.governance }
}
