import Chain
import Consensus
import LedgerCrypto
import Primitives

/// What must hold at every step of every run.
extension Network {
    /// Agreement and ancestry: one block per height, each on the final one below it.
    mutating func checkFinal(_ index: Int, _ certificate: Certificate) {
        guard let set = nodes[index].machine?.configuration.validators,
            certificate.verify(network: Fixture.network, set: set), certificate.kind == .finalize
        else { return failures.append("n\(index) takes a finalization that is none") }
        var digest = certificate.digest
        while let block = blocks[digest]?.header {
            if let known = finalAt[block.height] {
                if known != digest {
                    failures.append("height \(block.height): \(trace[known]) and \(trace[digest]) are both final")
                }
                return
            }
            finalAt[block.height] = digest
            if let parent = blocks[block.parent]?.header, parent.closesEpoch, block.epoch == parent.epoch {
                failures.append("height \(block.height): epoch \(block.epoch) goes on above its closing block")
            }
            digest = block.parent
        }
        failures.append("n\(index) calls a block final that nobody built")
    }

    /// No double vote, across restarts; nothing leaves before it is durable.
    mutating func checkSent(_ index: Int, _ message: ConsensusMessage) {
        guard !byzantine.contains(index), let machine = nodes[index].machine else { return }
        var vote: Vote?
        if case .vote(let sent) = message { vote = sent }
        if case .proposal(let proposal) = message { vote = proposal.vote }
        guard let vote, vote.epoch == machine.epoch, vote.signer == machine.own else { return }
        let signer = nodes[index].peer
        func slot(_ kind: VoteKind) -> VoteSlot {
            VoteSlot(signer: signer, epoch: vote.epoch, view: vote.view, kind: kind)
        }
        if let before = sent[slot(vote.kind)], before != vote.digest {
            failures.append("n\(index) votes twice: \(vote.kind) in view \(vote.view)")
        }
        let opposite: VoteKind? = vote.kind == .finalize ? .nullify : vote.kind == .nullify ? .finalize : nil
        if let opposite, sent[slot(opposite)] != nil {
            failures.append("n\(index) sends Finalize and Nullify in view \(vote.view)")
        }
        let isReserved = if case .proposal = message { hasReserved(vote, at: index) } else { false }
        if sent[slot(vote.kind)] == nil, !isReserved, !isDurable(vote, at: index) {
            failures.append("n\(index) sends \(vote.kind) of view \(vote.view) before it is durable")
        }
        sent[slot(vote.kind)] = vote.digest
    }

    private func isDurable(_ vote: Vote, at index: Int) -> Bool {
        hasDurable(at: index) { record in
            switch record {
            case .vote(let written): written == vote
            case .proposal(let proposal): proposal.vote == vote
            default: false
            }
        }
    }

    private func hasReserved(_ vote: Vote, at index: Int) -> Bool {
        hasDurable(at: index, inThisRun: true) { $0 == .reservation(epoch: vote.epoch, view: vote.view) }
    }

    private func hasDurable(at index: Int, inThisRun: Bool = false, _ fits: (ConsensusRecord) -> Bool) -> Bool {
        nodes[index].journal.contains { position, entry in
            guard position <= nodes[index].durable, case .record(let record, let run, _) = entry else { return false }
            return (!inThisRun || run == nodes[index].run) && fits(record)
        }
    }

    /// Evidence names the guilty only.
    mutating func checkEvidence(_ found: Evidence) {
        guard found.first.epoch.value < UInt64(sets.count) else { return failures.append("evidence of no epoch") }
        let set = sets[Int(found.first.epoch.value)]
        if !found.verify(network: Fixture.network, set: set) { failures.append("evidence that proves nothing") }
        let peer = set.validators[Int(found.first.signer)].transportKey
        if let guilty = index(of: peer), !byzantine.contains(guilty) {
            failures.append("evidence against the honest n\(guilty) in view \(found.first.view)")
        }
    }
}
