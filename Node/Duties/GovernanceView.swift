internal import Chain
internal import ContractKit
internal import Governance
internal import LedgerCrypto
internal import LedgerState
internal import Primitives
internal import Replica

/// Governance as the newest final block left it, read for what this node owes it.
struct GovernanceView {
    let network: Digest
    let height: Height
    /// Of the block.
    let time: Timestamp
    let validators: ValidatorSet
    private let state: StateSnapshot

    init(_ view: ChainView, network: Digest) {
        self.network = network
        height = view.tip.height
        time = view.tip.time
        validators = view.validators
        state = view.state
    }

    private func read<Key, Value>(
        _ storage: StorageMap<Key, Value>, _ key: Key
    ) throws(StorageFailure) -> Value? {
        try decoded(storage.stateKey(key, at: WellKnown.governance))
    }

    private func decoded<Value: BCSDecodable>(_ key: [UInt8]) throws(StorageFailure) -> Value? {
        guard let bytes = try state.value(key) else { return nil }
        do { return try Value(bcs: bytes) } catch {
            throw StorageFailure("Governance's record \(Hex.encode(key)) does not decode: \(error)")
        }
    }

    func partner(_ id: String) throws(StorageFailure) -> Partner? { try read(Directory.partners, id) }

    /// Whether the partner may send transactions with the key.
    func acts(_ partner: String, with key: PublicKey) throws(StorageFailure) -> Partner? {
        guard let found = try self.partner(partner), !found.isSuspended, found.keys.contains(key) else {
            return nil
        }
        return found
    }

    func parameters() throws(StorageFailure) -> NetworkParameters {
        try decoded(Directory.parameters.stateKey(at: WellKnown.governance)) ?? NetworkParameters()
    }

    func holds(_ evidence: Evidence) throws(StorageFailure) -> Bool {
        let vote = evidence.first
        return try read(Governance.evidence, Pair(vote.epoch, Pair(vote.view.value, vote.signer))) != nil
    }

    /// Whether the version is above the active one, and the partner has not reported these sources.
    func wants(_ version: ContractVersion, of partner: String) throws(StorageFailure) -> Bool {
        if let active = try read(Directory.activeVersions, version.name) {
            guard version.version > max(active.current, active.next) else { return false }
        }
        let key = Pair(version.name, Pair(version.version, partner))
        return try read(Governance.versionReports, key) != version.sources
    }

    func proposalCount() throws(StorageFailure) -> UInt64 {
        let count: Height? = try decoded(Governance.proposalCount.stateKey(at: WellKnown.governance))
        return count?.value ?? 0
    }

    func proposal(_ number: UInt64) throws(StorageFailure) -> Proposal? { try read(Governance.proposals, number) }

    /// The partner's validator, of the present set or of the next epoch's.
    func validator(of partner: String) throws(StorageFailure) -> Validator? {
        try read(Governance.validators, partner)
    }

    /// The height that the partner last reported, nil when it never did.
    func syncReport(of partner: String) throws(StorageFailure) -> Height? {
        try read(Governance.syncReports, partner)
    }
}

extension Proposal {
    /// Whether it can still be carried out.
    var isAlive: Bool {
        switch status {
        case .open, .approved: true
        case .enacted, .failed, .expired, .withdrawn: false
        }
    }
}
