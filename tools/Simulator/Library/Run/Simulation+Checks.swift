internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import LedgerState
internal import Primitives
internal import Replica

/// The promises, checked with every effect of every honest node.
extension Simulation {
    /// Votes that leave an honest node, its own signature in certificates included.
    mutating func checkVotes(_ message: PeerMessage, of number: Int) throws(Violation) {
        guard case .consensus(let content, _) = message else { return }
        switch content {
        case .vote(let vote): try check(vote, of: number)
        case .proposal(let proposal):
            try check(proposal.vote, of: number)
            for certificate in [proposal.parent].compactMap(\.self) + proposal.nullifications { try check(certificate) }
        case .certificate(let certificate): try check(certificate)
        case .certificates(let certificates): for certificate in certificates { try check(certificate) }
        case .status(let status):
            for certificate in [status.entry, status.finalization].compactMap(\.self) { try check(certificate) }
        case .statusRequest, .certificatesRequest, .proposalRequest: break
        }
        let position = votes.position
        if healing.isHealed, healing.position < position {
            healing.views += position.views(since: healing.position)
            healing.position = position
        }
    }

    private mutating func check(_ vote: Vote, of number: Int) throws(Violation) {
        guard let signer = validator(vote.signer, epoch: vote.epoch), let key = nodes[number].key,
            signer.consensusKey == key.publicKey
        else { return }
        try votes.sent(vote, by: number, key: signer.transportKey)
        try watch(vote, of: number)
        if healing.isHealed { healing.voted.insert(number) }
    }

    /// Whatever carries the valid signature of an honest node was voted by it.
    private mutating func check(_ certificate: Certificate) throws(Violation) {
        for entry in certificate.entries {
            guard let signer = validator(entry.signer, epoch: certificate.epoch),
                let number = nodes.firstIndex(where: { $0.peer == signer.transportKey }), nodes[number].isHonest
            else { continue }
            let vote = Vote(
                epoch: certificate.epoch, kind: certificate.kind, view: certificate.view, digest: certificate.digest,
                signer: entry.signer, signature: entry.signature)
            guard !votes.knows(vote, key: signer.transportKey) else { continue }
            guard let set = set(certificate.epoch), vote.verify(network: network, set: set) else { continue }
            try votes.sent(vote, by: number, key: signer.transportKey)
        }
    }

    func set(_ epoch: Epoch) -> ValidatorSet? {
        let index = Int(clamping: epoch.value)
        return chain.sets.indices.contains(index) ? chain.sets[index] : nil
    }

    func validator(_ signer: UInt16, epoch: Epoch) -> Validator? {
        guard let set = set(epoch), set.validators.indices.contains(Int(signer)) else { return nil }
        return set.validators[Int(signer)]
    }

    mutating func finalized(_ final: FinalizedBlock, by number: Int) throws {
        guard nodes[number].isHonest else {
            if final.height > chain.height { unheard[final.block.digest] = final }
            return
        }
        trace.event(now, 8, number, final.block.digest)
        trace.line(
            now,
            "\(name(number)) final: height \(final.height) \(final.block.digest.short), \(final.block.transactions.count)"
                + " transactions")
        try chain.finalized(final.block, receipts: final.receipts, certificate: final.finalization, by: number)
        unheard[final.block.digest] = nil
        guard final.state.root == final.block.header.stateRoot else {
            throw Violation(
                .roots, "\(name(number)) holds another state than the header of height \(final.height) names")
        }
        guard final.validators.digest == final.block.header.nextValidatorSet else {
            throw Violation(
                .roots, "\(name(number)) holds another next validator set than height \(final.height) names")
        }
        if let last = nodes[number].lastReported, final.height != last.next {
            throw Violation(
                .acknowledged,
                "\(name(number)) reports height \(final.height) after height \(last) in one run of its process")
        }
        stopwatch?.final(final.block, at: number, time: now)
        nodes[number].lastReported = final.height
        nodes[number].height = final.height
        samples?.note(final.receipts)
        if final.block.header.closesEpoch { rotateKey(number, final.validators) }
    }

    /// A node took over the state of a block: it must be a block of the chain, and its state that of the execution.
    mutating func adopted(_ header: BlockHeader, _ validators: ValidatorSet, by number: Int) throws {
        guard nodes[number].isHonest else { return }
        outcome.adoptions += 1
        trace.line(now, "\(name(number)) adopts the state of height \(header.height) \(header.digest.short)")
        try extend(to: header, by: number)
        let index = Int(clamping: header.height.value)
        guard !chain.entries.indices.contains(index) || chain.entries[index].header.digest == header.digest else {
            throw Violation(.agreement, "\(name(number)) adopts another block at height \(header.height)")
        }
        guard let view = nodes[number].replica?.view, view.tip.digest == header.digest,
            view.state.root == header.stateRoot, validators.digest == header.nextValidatorSet
        else { throw Violation(.roots, "\(name(number)) holds another state than the one that it adopts") }
        if let last = nodes[number].lastReported, header.height <= last {
            throw Violation(.acknowledged, "\(name(number)) goes back to height \(header.height)")
        }
        nodes[number].lastReported = header.height
        nodes[number].height = header.height
        rotateKey(number, validators)
    }

    /// A quorum certified the block, which no honest node may have reported yet: a Byzantine member may be first. Its blocks count as
    /// far as the parents of the certified one are, and are checked like all.
    private mutating func extend(to header: BlockHeader, by number: Int) throws {
        var blocks: [FinalizedBlock] = []
        var next = header.digest
        while let block = unheard[next], block.height > chain.height {
            blocks.append(block)
            next = block.block.header.parent
        }
        if next == chain.entries.last?.header.digest {
            for final in blocks.reversed() {
                try chain.finalized(
                    final.block, receipts: final.receipts, certificate: final.finalization, by: number)
            }
        }
        let height = chain.height
        unheard = unheard.filter { $0.value.height > height }
    }

    /// The set names another key of this node: its operator starts it again with that key.
    mutating func rotateKey(_ number: Int, _ set: ValidatorSet) {
        // A node that catches up passes sets that are over.
        guard set == chain.sets.last, let index = set.index(ofPartner: Identity.partner(number)),
            let old = nodes[number].key, set.validators[index].consensusKey != old.publicKey
        else { return }
        let keys = (0...nodes[number].keyGeneration).map { Identity.consensusKey(number, generation: $0) }
        guard let key = keys.first(where: { $0.publicKey == set.validators[index].consensusKey }) else { return }
        nodes[number].key = key
        trace.line(now, "\(name(number)) will start again with its new key")
        queue.schedule(
            .rotate(node: number, incarnation: nodes[number].incarnation), at: now + faultRandom.within(1_000...300_000)
        )
    }

    /// At the end: what each honest node would answer to clients.
    mutating func checkAll() throws {
        for node in nodes where node.isHonest {
            guard let view = node.replica?.view else { continue }
            let who = name(node.number)
            guard view.tip.digest == chain.entries.last?.header.digest, view.state.root == view.tip.stateRoot else {
                throw Violation(.agreement, "\(who) has another tip than the others")
            }
            for (key, value) in chain.values where try view.state.value(key) != value {
                throw Violation(.roots, "\(who) has another value under \(Hex.encode(key)) than execution gives")
            }
            // A node that got a snapshot of the state has no blocks below it.
            let base = try view.base()
            guard base.value > 0 || (!node.hasLostDisk && node.number < scenario.validatorCount) else { continue }
            // A disk so slow that it has at most a part of the first batch yet has no genesis; its node makes that again at each
            // start.
            let first = node.disk.store.contents.values.keys.contains { StorePart(of: $0) == .index } ? 0 : 1
            for (height, entry) in chain.entries.enumerated().dropFirst(first)
            where base.value == 0 || height > Int(base.value) {
                guard try view.header(at: Height(UInt64(height)))?.digest == entry.header.digest else {
                    throw Violation(.acknowledged, "\(who) no longer has the block of height \(height)")
                }
                for (index, digest) in entry.transactions.enumerated() {
                    let place = try view.location(of: digest)
                    guard place?.height == entry.header.height, place?.index == UInt32(index) else {
                        throw Violation(.acknowledged, "\(who) does not find transaction \(digest.short)")
                    }
                }
            }
        }
    }
}
