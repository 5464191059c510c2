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

/// What is known of a sender in this block.
struct KnownSender {
    let caller: Result<Caller, Rejection>
    /// Place in `quotas`, once it was needed.
    var quota: Int?
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
        let sender = try sender(of: transaction)
        admitted.append(sender)
        switch senders[sender].caller {
        case .failure(let rejection): return rejection
        case .success(let caller): return try quotaProblem(of: caller, sender)
        }
    }

    /// The partner that the key acts for, with the roles that it has now: its place in `senders`.
    private func sender(of transaction: Transaction) throws(StorageFailure) -> Int {
        let sender = SenderKey(key: transaction.body.sender, actor: transaction.body.actor)
        if let known = senderPlaces[sender] { return known }
        let result: Result<Caller, Rejection>
        do throws(Rejection) {
            result = .success(try resolve(sender))
        } catch {
            if let failure { throw failure }
            result = .failure(error)
        }
        senders.append(KnownSender(caller: result))
        senderPlaces[sender] = senders.count - 1
        return senders.count - 1
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
        let isDelegate = holder?.partner != id
        if isDelegate {
            let path = Directory.delegations.stateKey(Pair(id, sender.key), at: WellKnown.identity)
            let replacedPath = Directory.keysReplaced.stateKey(id, at: WellKnown.governance)
            let replaced: Timestamp? = try decoded(readUncharged(replacedPath))
            guard let delegation: Delegation = try decoded(readUncharged(path)),
                delegation.isValid(at: block.time, keysReplaced: replaced)
            else {
                throw HostRejection.senderUnknown()
            }
            roles.formIntersection(delegation.roles)
        }
        guard !roles.isEmpty else { throw HostRejection.senderUnknown() }
        return Caller(origin: .transaction, key: sender.key, partner: id, roles: roles, isDelegate: isDelegate)
    }

    // MARK: Quotas

    private func quotaProblem(of caller: Caller, _ sender: Int) throws(StorageFailure) -> Rejection? {
        let partner = caller.partner ?? ""
        let place = if let known = senders[sender].quota { known } else { try quota(of: partner) }
        senders[sender].quota = place
        let isOpen =
            quotas[place].use.transactions < parameters.quotaTransactions
            && quotas[place].use.work < parameters.quotaWork
        return isOpen ? nil : HostRejection.quotaExceeded(partner)
    }

    /// The place of a partner in `quotas`.
    private func quota(of partner: String) throws(StorageFailure) -> Int {
        if let known = quotaPlaces[partner] { return known }
        let window = block.time.value / max(1, parameters.quotaWindowMilliseconds)
        var use = QuotaUse(window: window)
        do throws(Rejection) {
            let key = HostState.quotas.stateKey(partner, at: WellKnown.host)
            if let stored: QuotaUse = try decoded(readUncharged(key)), stored.window == window { use = stored }
        } catch {
            throw failure ?? StorageFailure("the quota of \(partner) in the state is damaged: \(error.text)")
        }
        quotas.append((partner, use))
        quotaPlaces[partner] = quotas.count - 1
        return quotas.count - 1
    }

    private func count(_ work: UInt64, against place: Int) {
        let (sum, overflow) = quotas[place].use.work.addingReportingOverflow(work)
        quotas[place].use.transactions &+= 1
        quotas[place].use.work = overflow ? .max : sum
    }

    /// Writes what partners used in this block; rejected transactions count too.
    func storeQuotas() throws(StorageFailure) {
        meter = WorkMeter(limit: .max)
        do throws(Rejection) {
            try asHost { (host) throws(Rejection) in
                for quota in self.quotas.sorted(by: { $0.partner < $1.partner }) where quota.use.transactions > 0 {
                    try HostState.quotas.set(quota.partner, quota.use, in: host)
                }
            }
        } catch {
            throw failure ?? StorageFailure("quotas cannot be stored: \(error.text)")
        }
    }

    // MARK: Running

    /// `position` says which of the admitted transactions this one is.
    func run(_ transaction: Transaction, at position: Int, workLeft: UInt64) throws(StorageFailure) -> Receipt {
        self.transaction = transaction.digest
        // An earlier transaction of this block may have taken the role away, or used up the quota.
        let sender = position < admitted.count ? admitted[position] : try sender(of: transaction)
        let caller: Caller
        switch senders[sender].caller {
        case .failure(let rejection): return Receipt(subject: transaction.digest, rejection: rejection, workUsed: 0)
        case .success(let found): caller = found
        }
        if let problem = try quotaProblem(of: caller, sender) {
            return Receipt(subject: transaction.digest, rejection: problem, workUsed: 0)
        }
        // The place of the sender may be another one when the calls have run.
        let quota = senders[sender].quota
        let receipt = try runAsOne(subject: transaction.digest, base: Work.transaction, workLeft: workLeft) {
            () throws(Rejection) in
            var outputs: [[UInt8]] = []
            outputs.reserveCapacity(transaction.body.calls.count)
            for call in transaction.body.calls {
                outputs.append(
                    try self.invoke(
                        call.instance, method: call.method, arguments: call.arguments, caller: caller, depth: 0))
            }
            return outputs
        }
        if let quota { count(receipt.workUsed, against: quota) }
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
