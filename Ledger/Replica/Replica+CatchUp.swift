internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

/// Bounds of catching up with peers.
enum CatchUp {
    /// A peer this many blocks ahead is asked for a range; less comes through the consensus itself.
    static let lagBlocks: UInt64 = 8
    /// How long the consensus may look for a final block on its own.
    static let patienceMilliseconds: UInt64 = 500
    /// How long a peer that did not help is left alone.
    static let pauseMilliseconds: UInt64 = 1_000
    /// How often a node that is behind looks for somebody to ask.
    static let retryMilliseconds: UInt64 = 200
    /// A peer is greeted again at most this often.
    static let greetingMilliseconds: UInt64 = 1_000
}

extension Replica {
    mutating func connect(_ peer: PeerID) {
        guard peer != configuration.peer, peers.connect(peer, at: now.monotonic) else { return }
        sayHello(to: peer)
        inputs.append(.connected(peer))
        guard isValidator(peer) else { return }
        // What comes later is passed on when it comes.
        peers.owe(peer, 0..<pool.nextNumber)
        continueGreetings()
    }

    mutating func disconnect(_ peer: PeerID) {
        peers.disconnect(peer)
        snapshot.lackingBlocks.removeAll { $0 == peer }
        expireFetches()
    }

    mutating func sayHello(to peer: PeerID) {
        let time = now.monotonic
        guard let state = peers[peer], state.greetedAt.map({ time >= $0 + CatchUp.greetingMilliseconds }) ?? true else {
            return
        }
        peers.update(peer) { $0.greetedAt = time }
        let hello = Hello(network: network, height: view.tip.height, tip: view.tip.digest, epoch: view.epoch)
        effects.append(.send(.hello(hello), to: [peer]))
    }

    mutating func greet(_ hello: Hello, from peer: PeerID) {
        guard hello.network == network else {
            // The link's own hello named this one.
            return shun(peer, "it greets for another network (\(hello.network.short))")
        }
        peers.update(peer) {
            $0.height = hello.height
            $0.claimed = hello.height
            $0.epoch = max($0.epoch, hello.epoch)
        }
        snapshot.claimMax = max(snapshot.claimMax, hello.height)
    }

    /// Whether final blocks are known, or claimed by peers, that are not here.
    var isSyncing: Bool {
        fetches.isFetching(.range) || snapshot.suspendsExecution || isFinalizationLate
            || peers.connected.contains { isAhead($0) }
    }

    /// What to tell the operator, and what those go by who act only when they are in step. Claims are unproved: up to f
    /// validators, which may be faulty, make nobody believe that it is behind, unless this node has links to no others.
    var isSaidToBeBehind: Bool {
        if snapshot.suspendsExecution || isFinalizationLate { return true }
        let validators = peers.connected.filter { isValidator($0) }
        let ahead = peers.connected.filter { isAhead($0) }
        if validators.isEmpty { return !ahead.isEmpty }
        return ahead.count { isValidator($0) } >= min(view.validators.faultsMax + 1, validators.count)
    }

    private var isFinalizationLate: Bool {
        awaitedFinalization != nil
            && (isCatchingUp || now.monotonic >= awaitedSince + CatchUp.patienceMilliseconds)
    }

    private func isAhead(_ peer: PeerID) -> Bool {
        guard let state = peers[peer] else { return false }
        return state.epoch > view.epoch || state.height > view.tip.height.advanced(by: CatchUp.lagBlocks)
    }

    /// Asks a peer for the blocks above the tip when this node is behind.
    mutating func catchUpIfBehind() {
        guard !fetches.isFetching(.range), !fetches.isFetching(.snapshot), !snapshot.isBusy else { return }
        let able = peers.connected.filter { peer in
            (peers[peer].map { $0.pausedUntil <= now.monotonic } ?? false) && (isAhead(peer) || isFinalizationLate)
        }
        guard let peer = able.min(by: { isAskedBefore($0, $1) }) else { return }
        peers.noteTurn(peer, at: now.monotonic)
        ask(.range, preferring: [peer], asked: [])
    }

    /// Peers take turns, whatever they answered, so that a few that are silent, slow or give little do not keep a node from
    /// the others; among those that were never asked, the one that claims most comes first.
    private func isAskedBefore(_ one: PeerID, _ other: PeerID) -> Bool {
        let turns = (peers.turn(one), peers.turn(other))
        if turns.0 != turns.1 { return turns.0 < turns.1 }
        return (peers[one]?.height ?? Height(0)) > (peers[other]?.height ?? Height(0))
    }

    /// A peer sent final blocks. Nothing is executed before a quorum's signatures over their end were checked.
    mutating func take(_ range: BlockRange, from peer: PeerID) throws(StorageFailure) {
        guard !snapshot.suspendsExecution else { return }
        guard let blocks = verified(range), let last = blocks.last else { return disbelieve(peer) }
        for block in blocks where tree[block.digest] == nil {
            guard try executeFinal(block) else { return }
        }
        for block in blocks { inputs.append(.executed(block.header, transactions: block.transactions.map(\.digest))) }
        inputs.append(.message(.certificate(range.finalization), from: peer))
        try finalizeChain(to: last.digest, certificate: range.finalization)
        snapshot.lackingBlocks = []
        isCatchingUp = awaitedFinalization != nil
    }

    /// The peer did not show what it claimed to have: it is left alone until it says something new.
    mutating func disbelieve(_ peer: PeerID) {
        let tip = view.tip.height
        let epoch = view.epoch
        let until = now.monotonic + CatchUp.pauseMilliseconds
        peers.update(peer) {
            $0.height = min($0.height, tip)
            $0.epoch = min($0.epoch, epoch)
            $0.pausedUntil = until
        }
    }

    /// The blocks of the range that are above the tip; nil when they are not proven to continue the chain.
    private func verified(_ range: BlockRange) -> [Block]? {
        var blocks: [Block] = []
        for bytes in range.blocks {
            guard let block = try? Block(bcs: bytes) else { return nil }
            // The chain may have moved on while the answer was on its way.
            if block.header.height <= view.tip.height { continue }
            blocks.append(block)
        }
        var parent = view.tip
        for header in blocks.map(\.header) + range.headers {
            guard header.network == network, header.height == parent.height.next, header.parent == parent.digest,
                header.epoch == view.epoch, header.validatorSet == view.validators.digest, header.time > parent.time,
                !parent.closesEpoch || parent.digest == view.tip.digest
            else { return nil }
            parent = header
        }
        let finalization = range.finalization
        guard !blocks.isEmpty, finalization.kind == .finalize, finalization.epoch == view.epoch,
            finalization.digest == parent.digest, finalization.verify(network: network, set: view.validators)
        else { return nil }
        return blocks
    }

    /// Executes a block that a quorum finalized. Its transactions' signatures are not checked again: at least one honest
    /// validator did that before it voted. False when this node must halt.
    private mutating func executeFinal(_ block: Block) throws(StorageFailure) -> Bool {
        let header = block.header
        guard let parent = parent(header.parent) else { return false }
        let context = context(
            height: header.height, time: header.time, parent: header.parent, proposer: header.proposer)
        guard let execution = try execute(block.transactions, context: context, over: parent.state) else {
            halt("block \(header.height) (\(header.digest)) is final, but the application of this node refuses it")
            return false
        }
        if let wrong = mismatch(execution, header) {
            halt(
                "block \(header.height) (\(header.digest)) is final, but executes to another result here: \(wrong). This "
                    + "node's software or state differs from the network's.\n" + WriteSet.describe(execution.result))
            return false
        }
        keep(block, execution)
        return true
    }
}
