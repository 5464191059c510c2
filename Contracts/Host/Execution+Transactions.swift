internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

/// Who signed, and for whom.
struct SenderKey: Hashable {
    let key: PublicKey
    let actor: String?

    /// By the key's bytes at once; equality still compares everything.
    func hash(into hasher: inout Hasher) { key.bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
}

extension Execution {
    // MARK: Admission

    /// Nil when a valid block may hold the transaction over the state as it is now.
    func admission(of transaction: Transaction) throws(StorageFailure) -> Rejection? {
        let body = transaction.body
        guard body.network == block.network else { return HostRejection.wrongNetwork() }
        guard body.expiry >= block.time,
            body.expiry <= block.time.adding(milliseconds: Transaction.lifetimeMillisecondsMax)
        else { return HostRejection.expired() }
        switch try sender(SenderKey(key: body.sender, actor: body.actor)) {
        case .failure(let rejection): return rejection
        case .success(let caller): return try quotaProblem(of: caller.partner ?? "")
        }
    }

    /// The partner that the key acts for, with the roles that it has now.
    func sender(_ sender: SenderKey) throws(StorageFailure) -> Result<Caller, Rejection> {
        if let known = senders[sender] { return known }
        let result: Result<Caller, Rejection>
        do throws(Rejection) {
            result = .success(try resolve(sender))
        } catch {
            if let failure { throw failure }
            result = .failure(error)
        }
        senders[sender] = result
        return result
    }

    private func resolve(_ sender: SenderKey) throws(Rejection) -> Caller {
        let keyPath = Directory.keys.stateKey(sender.key, at: WellKnown.governance)
        let holder: KeyHolder? = try decoded(readUncharged(keyPath))
        guard let id = sender.actor ?? holder?.partner else { throw HostRejection.senderUnknown() }
        let partnerPath = Directory.partners.stateKey(id, at: WellKnown.governance)
        guard let partner: Partner = try decoded(readUncharged(partnerPath)), !partner.isSuspended else {
            throw HostRejection.senderUnknown()
        }
        var roles = partner.roles
        if holder?.partner != id {
            let path = Directory.delegations.stateKey(Pair(id, sender.key), at: WellKnown.identity)
            guard let delegation: Delegation = try decoded(readUncharged(path)), delegation.expiry >= block.time else {
                throw HostRejection.senderUnknown()
            }
            roles.formIntersection(delegation.roles)
        }
        guard !roles.isEmpty else { throw HostRejection.senderUnknown() }
        return Caller(origin: .transaction, key: sender.key, partner: id, roles: roles)
    }

    // MARK: Quotas

    private func quotaProblem(of partner: String) throws(StorageFailure) -> Rejection? {
        let use = try quota(of: partner)
        let isOpen = use.transactions < parameters.quotaTransactions && use.work < parameters.quotaWork
        return isOpen ? nil : HostRejection.quotaExceeded(partner)
    }

    private func quota(of partner: String) throws(StorageFailure) -> QuotaUse {
        if let known = quotas[partner] { return known }
        let window = block.time.value / max(1, parameters.quotaWindowMilliseconds)
        var use = QuotaUse(window: window)
        do throws(Rejection) {
            let key = HostState.quotas.stateKey(partner, at: WellKnown.host)
            if let stored: QuotaUse = try decoded(readUncharged(key)), stored.window == window { use = stored }
        } catch {
            throw failure ?? StorageFailure("the quota of \(partner) in the state is damaged: \(error.text)")
        }
        quotas[partner] = use
        return use
    }

    private func count(_ work: UInt64, against partner: String) {
        guard quotas[partner] != nil else { return }
        let (sum, overflow) = quotas[partner, default: QuotaUse(window: 0)].work.addingReportingOverflow(work)
        quotas[partner]?.transactions &+= 1
        quotas[partner]?.work = overflow ? .max : sum
    }

    /// Writes what partners used in this block; rejected transactions count too.
    func storeQuotas() throws(StorageFailure) {
        meter = WorkMeter(limit: .max)
        do throws(Rejection) {
            try asHost { (host) throws(Rejection) in
                for partner in self.quotas.keys.sorted() {
                    guard let use = self.quotas[partner], use.transactions > 0 else { continue }
                    try HostState.quotas.set(partner, use, in: host)
                }
            }
        } catch {
            throw failure ?? StorageFailure("quotas cannot be stored: \(error.text)")
        }
    }

    // MARK: Running

    func run(_ transaction: Transaction, workLeft: UInt64) throws(StorageFailure) -> Receipt {
        let body = transaction.body
        self.transaction = transaction.digest
        let receipt: Receipt
        var partner: String?
        // An earlier transaction of this block may have taken the role away, or used up the quota.
        switch try sender(SenderKey(key: body.sender, actor: body.actor)) {
        case .failure(let rejection):
            receipt = Receipt(subject: transaction.digest, rejection: rejection, workUsed: 0)
        case .success(let caller):
            partner = caller.partner
            if let problem = try quotaProblem(of: caller.partner ?? "") {
                return Receipt(subject: transaction.digest, rejection: problem, workUsed: 0)
            }
            receipt = try runAsOne(subject: transaction.digest, base: Work.transaction, workLeft: workLeft) {
                () throws(Rejection) in
                var outputs: [[UInt8]] = []
                outputs.reserveCapacity(body.calls.count)
                for call in body.calls {
                    outputs.append(
                        try self.invoke(
                            call.instance, method: call.method, arguments: call.arguments, caller: caller, depth: 0))
                }
                return outputs
            }
        }
        if let partner { count(receipt.workUsed, against: partner) }
        return receipt
    }

    /// Runs `body` so that it succeeds or fails as one, and makes its receipt.
    func runAsOne(
        subject: Digest, base: UInt64, workLeft: UInt64 = .max, _ body: () throws(Rejection) -> [[UInt8]]
    ) throws(StorageFailure) -> Receipt {
        overlay.commit()
        transaction = subject
        events.removeAll(keepingCapacity: true)
        createdCount = 0
        scheduledCount = 0
        meter = WorkMeter(limit: min(parameters.transactionWorkMax, workLeft))
        let point = savepoint()
        do throws(Rejection) {
            try spend(base)
            let outputs = try body()
            return Receipt(subject: subject, rejection: nil, events: events, outputs: outputs, workUsed: meter.used)
        } catch {
            if let failure { throw failure }
            rollBack(to: point)
            return Receipt(subject: subject, rejection: error, workUsed: meter.used)
        }
    }
}
