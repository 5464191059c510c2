internal import Chain
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Evidence that a node submitted to Governance.
struct Report {
    let node: Int
    /// A crash loses the pool and the report with it; a traitor that goes on is reported again.
    let incarnation: Int
    let time: UInt64
    let key: [UInt8]
}

extension Simulation {
    static let reportMicroseconds: UInt64 = 500
    static let reportLifetimeMilliseconds: UInt64 = 300_000

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
        try report(evidence, by: number)
    }

    /// A transaction of the node's operator, apart from the step that found the evidence.
    private mutating func report(_ evidence: Evidence, by number: Int) throws {
        clients.salt += 1
        let key = Identity.operatorKey(number)
        let body = TransactionBody(
            network: network, sender: key.publicKey,
            expiry: Simulation.start.adding(milliseconds: now / 1_000 + Simulation.reportLifetimeMilliseconds),
            salt: clients.salt, calls: [LedgerApplication.report(evidence)])
        guard let signed = SignedTransaction(verifying: try Transaction(signing: body, with: key)) else { return }
        let incarnation = nodes[number].incarnation
        reports.append(
            Report(node: number, incarnation: incarnation, time: now, key: LedgerApplication.evidenceKey(evidence)))
        queue.schedule(
            .report(node: number, incarnation: incarnation, signed), at: now + Simulation.reportMicroseconds)
    }

    /// Whether what was reported before the healing, by nodes that have run since, is in the final state.
    var isEvidenceOnChain: Bool {
        guard let healed = healing.time else { return false }
        return reports.allSatisfy { report in
            report.time >= healed || nodes[report.node].incarnation != report.incarnation
                || chain.values[report.key] != nil
        }
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
