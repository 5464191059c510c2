internal import Chain
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// What clients did and wait for.
struct Clients {
    var salt: UInt64 = 0
    var ticket: UInt64 = 0
    /// How many answers each open ticket is owed.
    var open: [UInt64: Int] = [:]
    var idleUntil: UInt64 = 0
    /// Earlier transactions, sent again at times.
    var sent: [SignedTransaction] = []
    /// The validator set change on its way.
    var change: SignedTransaction?

    var lastRefusals: [TransactionRefusal?] = []

    static let sentMax = 64
}

/// Clients and their transactions.
extension Simulation {
    mutating func submitNext() throws {
        guard !healing.isHealed else { return }
        let gap = clientRandom.within(1...(2 * scenario.submissionMicroseconds))
        queue.schedule(.submission, at: now + gap)
        try retryChange()
        guard now >= clients.idleUntil else { return }
        if let busy = scenario.busyNode { return try fillPool(of: busy) }
        let draw = clientRandom.below(100)
        if draw < 8, let again = clientRandom.pick(clients.sent) {
            return try submit([again], to: randomNode())
        }
        let burst = draw < 20 ? 1 + clientRandom.below(6) : 1
        var transactions: [SignedTransaction] = []
        for _ in 0..<burst {
            if let transaction = try makeTransfer(isStrange: draw > 92) { transactions.append(transaction) }
        }
        clients.sent.append(contentsOf: transactions)
        if clients.sent.count > Clients.sentMax { clients.sent.removeFirst(clients.sent.count - Clients.sentMax) }
        try submit(transactions, to: randomNode())
        if clientRandom.chance(250) { try submit(transactions, to: randomNode()) }
    }

    private mutating func fillPool(of number: Int) throws {
        while let count = nodes[number].replica?.status.poolTransactions, count < Scenario.busyTransactions,
            let transaction = try makeTransfer(isStrange: false)
        {
            try submit([transaction], to: number)
            guard nodes[number].replica?.status.poolTransactions != count else { return }
        }
    }

    private mutating func randomNode() -> Int? {
        clientRandom.pick(nodes.indices.filter { nodes[$0].isUp && nodes[$0].isHonest })
    }

    /// `isStrange`: more money than anyone has, a sender without an account, or an expiry that is almost over.
    mutating func makeTransfer(isStrange: Bool, lifetimeMillisecondsMin: UInt64 = 0) throws -> SignedTransaction? {
        let sender = clientRandom.below(Simulation.accountCount)
        let receiver = (sender + 1 + clientRandom.below(Simulation.accountCount - 1)) % Simulation.accountCount
        let strangeness = isStrange ? clientRandom.below(3) : 3
        let transfer = Transfer(
            receiver: UInt64(receiver), money: strangeness == 0 ? 1 << 40 : Int64(clientRandom.below(40)),
            energy: Int64(clientRandom.below(100)))
        let key = strangeness == 1 ? Identity.consensusKey(0) : Identity.accountKey(sender)
        let lifetime = strangeness == 2 ? clientRandom.within(1...400) : clientRandom.within(2_000...60_000)
        return try sign(.transfer, transfer.bcs, key, lifetimeMilliseconds: max(lifetime, lifetimeMillisecondsMin))
    }

    private mutating func sign(
        _ method: LedgerApplication.Method, _ arguments: [UInt8], _ key: Secp256k1.SecretKey,
        lifetimeMilliseconds: UInt64
    ) throws -> SignedTransaction? {
        clients.salt += 1
        let body = TransactionBody(
            network: network, sender: key.publicKey,
            expiry: Simulation.start.adding(milliseconds: now / 1_000 + lifetimeMilliseconds), salt: clients.salt,
            calls: [Call(instance: LedgerApplication.instance, method: method.rawValue, arguments: arguments)])
        return SignedTransaction(verifying: try Transaction(signing: body, with: key))
    }

    mutating func submit(_ transactions: [SignedTransaction], to number: Int?) throws {
        guard let number, nodes[number].isUp, !transactions.isEmpty else { return }
        clients.ticket += 1
        clients.open[clients.ticket] = transactions.count
        outcome.transactions += transactions.count
        stopwatch?.submitted(transactions.map(\.digest), to: number, at: now)
        for transaction in transactions { trace.event(now, 7, number, transaction.digest) }
        trace.line(now, "client -> \(name(number)): transactions \(transactions.map(\.digest.short))")
        let incarnation = nodes[number].incarnation
        let ticket = clients.ticket
        try step(number, .submitted(transactions, ticket: ticket))
        if nodes[number].incarnation == incarnation, clients.open[ticket] != nil {
            throw Violation(.formats, "\(name(number)) did not answer a submission in the step that brought it")
        }
        clients.open[ticket] = nil
    }

    mutating func answered(_ number: Int, ticket: UInt64, _ refusals: [TransactionRefusal?]) throws {
        guard let owed = clients.open.removeValue(forKey: ticket), owed == refusals.count else {
            throw Violation(.formats, "\(name(number)) answered a submission with \(refusals.count) entries")
        }
        clients.lastRefusals = refusals
    }

    // MARK: Validator set changes

    mutating func submitChange(_ set: ValidatorSet) throws {
        let administrator = Identity.accountKey(Simulation.accountCount)
        clients.change = try sign(.setValidators, set.bcs, administrator, lifetimeMilliseconds: 120_000)
        try retryChange()
    }

    /// The administrator sends it again, to another node, until it is final.
    mutating func retryChange() throws {
        guard let change = clients.change else { return }
        if chain.executed[change.transaction.signedDigest] != nil {
            clients.change = nil
        } else {
            try submit([change], to: randomNode())
        }
    }
}
