internal import Chain
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Evidence that a node's operator reports to Governance.
struct Report {
    let node: Int
    /// A crash loses the pool and the report with it; a traitor that goes on is reported again.
    let incarnation: Int
    let time: UInt64
    let evidence: Evidence
    let key: [UInt8]
    /// The newest one, and the simulated microsecond at which it expires.
    var transaction: SignedTransaction?
    var expiry: UInt64 = 0
}

extension Simulation {
    static let reportMicroseconds: UInt64 = 500
    /// As a daemon's reporter has it (`ReporterTiming`): between two looks, and the life of a report's transaction.
    static let lookMicroseconds: UInt64 = 1_000_000
    static let reportLifetimeMilliseconds: UInt64 = 120_000

    /// Evidence may only name a traitor. It is handed in as a daemon does it.
    mutating func accused(_ evidence: Evidence, by number: Int) throws {
        guard nodes[number].isHonest else { return }
        guard let set = set(evidence.first.epoch), evidence.verify(network: network, set: set),
            let signer = validator(evidence.first.signer, epoch: evidence.first.epoch),
            let accused = nodes.firstIndex(where: { $0.peer == signer.transportKey })
        else { throw Violation(.evidence, "\(name(number)) reports evidence that does not verify") }
        trace.event(now, 9, accused)
        trace.line(now, "\(name(number)) has evidence against \(name(accused))")
        guard !nodes[accused].isHonest else {
            throw Violation(
                .evidence, "\(name(number)) has evidence against \(name(accused)), which is honest: \(evidence)")
        }
        outcome.evidence += 1
        outcome.accused.insert(accused)
        reports.append(
            Report(
                node: number, incarnation: nodes[number].incarnation, time: now, evidence: evidence,
                key: LedgerApplication.evidenceKey(evidence)))
        // Apart from the step that found the evidence.
        queue.schedule(.report(reports.count - 1), at: now + Simulation.reportMicroseconds)
    }

    /// The node's operator submits the same transaction until the chain has the evidence, and a new one when that expired:
    /// a pool tells its peers of a transaction once, so that one that the network lost is as good as never sent. A report that
    /// the chain rejected is not made again, unlike a daemon's: evidence that verifies must be taken the first time.
    mutating func report(_ index: Int) throws {
        let report = reports[index]
        guard nodes[report.node].incarnation == report.incarnation, chain.values[report.key] == nil else { return }
        if report.transaction == nil || report.expiry <= now { try signReport(index) }
        guard let transaction = reports[index].transaction else { return }
        try submit([transaction], to: report.node)
        queue.schedule(.report(index), at: now + Simulation.lookMicroseconds)
    }

    private mutating func signReport(_ index: Int) throws {
        if let last = reports[index].transaction, chain.executed[last.transaction.signedDigest] != nil { return }
        clients.salt += 1
        let key = Identity.operatorKey(reports[index].node)
        let expiry = now / 1_000 + Simulation.reportLifetimeMilliseconds
        let body = TransactionBody(
            network: network, sender: key.publicKey, expiry: Simulation.start.adding(milliseconds: expiry),
            salt: clients.salt, calls: [LedgerApplication.report(reports[index].evidence)])
        reports[index].transaction = SignedTransaction(verifying: try Transaction(signing: body, with: key))
        reports[index].expiry = expiry * 1_000
    }

    /// Nodes whose reports from before the healing the final state lacks, unless they were started again since.
    var reporters: [Int] {
        guard let healed = healing.time else { return [] }
        return reports.filter { report in
            report.time < healed && nodes[report.node].incarnation == report.incarnation
                && chain.values[report.key] == nil
        }.map(\.node)
    }

    /// What the chain says of nodes: no honest one is accused. Every honest node has been found to hold this state.
    mutating func checkEvidence() throws(Violation) {
        for partner in LedgerApplication.accused(in: chain.values) {
            guard let accused = (0..<scenario.nodeCount).first(where: { Identity.partner($0) == partner }),
                !nodes[accused].isHonest
            else { throw Violation(.evidence, "the chain has evidence against \(partner), which is honest") }
            outcome.accusedOnChain.insert(accused)
        }
    }
}
