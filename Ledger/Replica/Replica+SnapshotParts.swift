internal import Chain
internal import Consensus
internal import LedgerState
internal import Primitives

// The parts of a state that is being taken over: whom they are asked of, and what comes.

extension Replica {
    mutating func askForPart(_ transfer: SnapshotTransfer) {
        guard !fetches.isFetchingSnapshotPart, snapshot.batchesInFlight.count < Snapshot.batchesMax else { return }
        // Links come back.
        guard !peers.connected.isEmpty else { return }
        if transfer.isStalled(at: now.monotonic) { return abandonSnapshot("no right part of it has come for a while") }
        if transfer.isTooSlow(at: now.monotonic), hasOtherOffers(than: transfer.offerer) {
            return abandonSnapshot("its parts come so slowly that it would take hours")
        }
        let able = ([transfer.source].compactMap { $0 } + validatorPeers() + peers.connected).filter { peer in
            peers.isConnected(peer) && peer != configuration.peer && !transfer.lacking.contains(peer)
                && !snapshot.liars.contains(peer)
        }
        guard !able.isEmpty else {
            // Who are in step have the blocks, and a link that broke comes back.
            if transfer.hasAllLeaves || !peers.isConnected(transfer.offerer) { return askAllAgainLater(transfer) }
            return abandonSnapshot("no connected peer has the state of block \(transfer.header.height) any more")
        }
        let ready = able.filter { peers[$0].map { $0.pausedUntil <= now.monotonic } ?? false }
        guard let peer = transfer.fastEnough(of: ready) else { return }
        var transfer = transfer
        transfer.source = peer
        snapshot.stage = .receiving(transfer)
        // Leaves first: states are pruned after minutes, and one whose leaves are asked for is held; blocks are kept.
        if !transfer.hasAllLeaves {
            send(.leaves(after: transfer.rebuilder.last), to: peer)
        } else if let ancestor = transfer.nextAncestor {
            send(.ancestors(ancestor), to: peer)
        }
    }

    /// Nobody has the next part just now.
    private mutating func askAllAgainLater(_ transfer: SnapshotTransfer) {
        var transfer = transfer
        transfer.askAllAgain()
        transfer.vainParts += 1
        snapshot.stage = .receiving(transfer)
        let until = now.monotonic + CatchUp.pauseMilliseconds
        for peer in peers.connected { peers.update(peer) { $0.pausedUntil = max($0.pausedUntil, until) } }
    }

    /// The peer has sent enough for now. How long it took to say so counts.
    mutating func snapshotPartMustWait(_ fetch: FetchTable.Fetch) {
        guard case .receiving(var transfer) = snapshot.stage else { return }
        transfer.noteWait(fetch.age(at: now.monotonic), of: fetch.peer)
        transfer.vainParts += 1
        snapshot.stage = .receiving(transfer)
    }

    /// The peer said something false: nothing more is asked of it for a snapshot as long as this node runs.
    mutating func expose(_ peer: PeerID, _ what: String) {
        snapshot.remember(liar: peer)
        note(.warning, "peer \(peer.short) is not asked for a state again: \(what)")
    }

    /// No answer in time, a lost link, or one that says no.
    mutating func snapshotPartFailed(_ fetch: FetchTable.Fetch, isRefusal: Bool) {
        guard case .receiving(var transfer) = snapshot.stage else { return }
        if !isRefusal { transfer.note(fetch.subject.timeoutMilliseconds, of: fetch.peer) }
        transfer.vainParts += 1
        let failures = (transfer.failures[fetch.peer] ?? 0) + 1
        transfer.failures[fetch.peer] = failures
        // Only who says so lacks it.
        if isRefusal, transfer.lacking.count < PeerTable.countMax, peers.isConnected(fetch.peer) {
            transfer.lacking.append(fetch.peer)
        }
        let isGivenUp = isRefusal || failures >= Snapshot.failuresMax || !peers.isConnected(fetch.peer)
        if isGivenUp, transfer.source == fetch.peer { transfer.source = nil }
        snapshot.stage = .receiving(transfer)
    }

    /// Blocks from the one that was asked for downwards. Their digests are certified, so their transactions are.
    mutating func take(ancestors blocks: [[UInt8]], _ fetch: FetchTable.Fetch) throws(StorageFailure) {
        guard case .receiving(var transfer) = snapshot.stage, case .ancestors(let asked) = fetch.subject,
            asked == transfer.nextAncestor
        else { return }
        var batch = KeyValueBatch()
        guard !blocks.isEmpty else { return snapshotPartFailed(fetch, isRefusal: true) }
        for bytes in blocks {
            guard let expected = transfer.nextAncestor else { break }
            guard let block = try? Block(bcs: bytes), block.digest == expected,
                block.header.height == transfer.nextHeight
            else { return expose(fetch.peer, "it sent another block than \(expected.short) of the replay window") }
            if transfer.block == nil { transfer.block = bytes }
            batch.put(ChainStore.signed(block.header.height), SignedEntries(block).bcs)
            try advance(&transfer, below: block.header)
            if halted != nil { return }
        }
        snapshot.stage = .receiving(transfer)
        emit(snapshot: batch)
        snapshotPartCame(
            fetch,
            isMeagre: transfer.nextAncestor != nil && blocks.count < SnapshotTransfer.blocksMin
                && blocks.reduce(0) { $0 + $1.count } < BlockRange.blockBytesMax / 4)
    }

    /// What is needed below a block of the window: nothing once it is older than any transaction that may still run, or
    /// when the blocks meet those here.
    private mutating func advance(_ transfer: inout SnapshotTransfer, below header: BlockHeader) throws(StorageFailure)
    {
        transfer.nextAncestor = nil
        let end = header.time.adding(milliseconds: Transaction.lifetimeMillisecondsMax)
        guard end >= transfer.header.time, let below = header.height.previous else { return }
        if below <= transfer.floor {
            let own = try view.header(at: below)?.digest
            guard own == nil || own == header.parent else {
                return halt(
                    "block \(header.parent) of height \(below) is final by the signatures of a quorum, and so is another one "
                        + "here: more than f validators are faulty or this node's storage is damaged. Stop and compare."
                )
            }
            return
        }
        transfer.nextAncestor = header.parent
        transfer.nextHeight = below
    }

    /// Leaves above those that are here already.
    mutating func take(_ chunk: StateChunk, _ fetch: FetchTable.Fetch) throws(StorageFailure) {
        guard case .receiving(var transfer) = snapshot.stage, !transfer.hasAllLeaves,
            fetch.subject == .leaves(after: transfer.rebuilder.last)
        else { return }
        // A copy: what a false chunk did to it is dropped.
        var rebuilder = transfer.rebuilder
        guard !chunk.leaves.isEmpty, let batch = try? rebuilder.add(chunk.leaves) else {
            return expose(fetch.peer, "it sent malformed leaves of the state of block \(transfer.header.height)")
        }
        switch rebuilder.check(chunk.siblings, root: transfer.header.stateRoot) {
        case .wrong:
            return expose(
                fetch.peer, "it sent leaves that are not those of the state of block \(transfer.header.height)")
        case .part: break
        case .whole: transfer.beginWindow()
        }
        transfer.rebuilder = rebuilder
        transfer.leafCount += UInt64(chunk.leaves.count)
        transfer.byteCount += UInt64(chunk.leafBytes)
        snapshot.stage = .receiving(transfer)
        emit(snapshot: batch)
        snapshotPartCame(
            fetch,
            isMeagre: !transfer.hasAllLeaves && chunk.leaves.count < SnapshotTransfer.leavesMin
                && chunk.leafBytes < StateChunk.leafBytesMax / 8)
    }

    /// A right part: earlier failures of the peer are forgotten, unless the part was so small that it only costs time.
    private mutating func snapshotPartCame(_ fetch: FetchTable.Fetch, isMeagre: Bool) {
        if isMeagre { return snapshotPartFailed(fetch, isRefusal: false) }
        guard case .receiving(var transfer) = snapshot.stage else { return }
        transfer.failures[fetch.peer] = nil
        (transfer.progressAt, transfer.vainParts) = (now.monotonic, 0)
        transfer.note(fetch.age(at: now.monotonic), of: fetch.peer)
        snapshot.stage = .receiving(transfer)
    }
}
