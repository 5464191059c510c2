internal import Chain
internal import Consensus
internal import LedgerState
internal import LightClient
internal import Primitives

// Far behind: the state of a certified block comes from peers instead of all blocks. What is trusted is what this node
// holds already, its tip or the genesis; from there the ends of epochs lead to the snapshot's header. Leaves are checked
// against its state root chunk by chunk, blocks of the replay window by their digests: one honest peer is enough, and a
// false one is known by its first answer.

extension Replica {
    /// Takes the next step, when one is possible.
    mutating func driveSnapshot() throws(StorageFailure) {
        switch snapshot.stage {
        case .idle: askForOffer()
        case .erasing(let version, let isLast):
            if !isLast, snapshot.batchesInFlight.isEmpty { try erase(version) }
        case .receiving(let transfer):
            if transfer.nextAncestor == nil, transfer.hasAllLeaves {
                try adopt(transfer)
            } else {
                askForPart(transfer)
            }
        case .adopting: break
        case .clearing(let clearing):
            if !clearing.isLast, snapshot.batchesInFlight.isEmpty { try continueClearing(clearing) }
        }
    }

    mutating func emit(snapshot batch: KeyValueBatch) {
        emit(StoreWork { () throws(StorageFailure) in batch })
        snapshot.batchesInFlight.append(storeSequence)
    }

    // MARK: the offer

    /// At or below this height a snapshot is of no use.
    private var snapshotFloor: Height {
        var floor = view.tip.height.advanced(by: CatchUp.lagBlocks)
        for digest in tree.order { floor = max(floor, tree[digest]?.header.height ?? floor) }
        return floor
    }

    /// Whether the blocks above the tip are gone at the peers: more than f validators, or all who are there, say so.
    private var areBlocksGone: Bool {
        guard !snapshot.lackingBlocks.isEmpty else { return false }
        return snapshot.lackingBlocks.count { isValidator($0) } > view.validators.faultsMax
            || peers.connected.allSatisfy { snapshot.lackingBlocks.contains($0) }
    }

    private mutating func askForOffer() {
        guard snapshot.claimMax > view.tip.height.advanced(by: CatchUp.lagBlocks), !fetches.isFetching(.snapshot) else {
            return
        }
        let lag = areBlocksGone ? CatchUp.lagBlocks : max(CatchUp.lagBlocks, configuration.snapshotLagBlocks)
        let ahead = view.tip.height.advanced(by: lag)
        let candidates = peers.connected.filter { peer in
            (peers[peer]?.claimed ?? Height(0)) > ahead && !snapshot.liars.contains(peer)
                && (snapshot.pauses[peer] ?? 0) <= now.monotonic
        }
        let highest = candidates.max { (peers[$0]?.claimed ?? Height(0)) < (peers[$1]?.claimed ?? Height(0)) }
        guard let highest else { return }
        snapshot.pause(highest, until: now.monotonic + Snapshot.offerPauseMilliseconds)
        send(.snapshot, to: highest)
    }

    /// The request that belongs to the subject; nil for other subjects than those of snapshots.
    func snapshotRequest(_ subject: FetchTable.Subject) -> FetchRequest? {
        switch subject {
        case .snapshot: return .snapshot(above: snapshotFloor, epoch: view.epoch)
        case .ancestors(let digest): return .ancestors(of: digest)
        case .leaves(let after):
            guard case .receiving(let transfer) = snapshot.stage else { return nil }
            return .leaves(version: transfer.header.height, after: after)
        case .transactions, .block, .range: return nil
        }
    }

    private mutating func send(_ subject: FetchTable.Subject, to peer: PeerID) {
        guard let request = snapshotRequest(subject),
            let id = fetches.add(subject, peer: peer, asked: [], at: now.monotonic)
        else { return }
        effects.append(.send(.request(request, id: id), to: [peer]))
    }

    /// A peer offers its state. Nothing is fetched before a quorum's signatures over the header, and over the end of every
    /// epoch up to it, were checked.
    mutating func take(_ bundle: ProofBundle, from peer: PeerID) throws(StorageFailure) {
        guard case .idle = snapshot.stage else { return }
        let anchor = TrustAnchor(
            network: network, epoch: view.epoch, validators: view.validators, height: view.tip.height,
            header: view.tip.digest)
        guard bundle.entries.isEmpty, bundle.descendants.isEmpty, !bundle.header.closesEpoch else {
            return expose(peer, "it offered a state without the form of an offer")
        }
        do throws(ProofBundleError) {
            // No clock takes part: the age of the offer is the peer's to choose, its truth is not.
            _ = try bundle.verify(from: anchor, now: Timestamp(.max), ageMillisecondsMax: .max)
        } catch .epochBeforeTrusted {
            // This node went on meanwhile.
            return
        } catch {
            return expose(peer, "it offered a state that is not certified: \(error)")
        }
        guard bundle.header.height > snapshotFloor else { return }
        snapshot.pauses[peer] = nil
        let stored = view.recent.first?.height.previous ?? view.tip.height
        fetches.cancel(.range)
        snapshot.stage = .receiving(SnapshotTransfer(bundle, epoch: view.epoch, floor: stored, source: peer))
        note(
            .info,
            "this node is at block \(view.tip.height): it takes over the state of block \(bundle.header.height), which peer "
                + "\(peer.short) offers and a quorum certified")
        var batch = KeyValueBatch()
        batch.put(ChainStore.marker, SnapshotMarker(version: bundle.header.height, stage: .receiving).bcs)
        emit(snapshot: batch)
    }

    // MARK: its parts

    private mutating func askForPart(_ transfer: SnapshotTransfer) {
        guard !fetches.isFetchingSnapshotPart, snapshot.batchesInFlight.count < Snapshot.batchesMax else { return }
        let able = ([transfer.source].compactMap { $0 } + validatorPeers() + peers.connected).filter { peer in
            peers.isConnected(peer) && peer != configuration.peer && !transfer.lacking.contains(peer)
                && !snapshot.liars.contains(peer)
        }
        // Links come back.
        guard !peers.connected.isEmpty else { return }
        guard !able.isEmpty else {
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

    /// The peer said something false: nothing more is asked of it for a snapshot as long as this node runs.
    mutating func expose(_ peer: PeerID, _ what: String) {
        snapshot.remember(liar: peer)
        note(.warning, "peer \(peer.short) is not asked for a state again: \(what)")
    }

    /// No answer in time, a lost link, or one that says no.
    mutating func snapshotPartFailed(_ fetch: FetchTable.Fetch, isRefusal: Bool) {
        guard case .receiving(var transfer) = snapshot.stage else { return }
        if !isRefusal { transfer.note(fetch.subject.timeoutMilliseconds, of: fetch.peer) }
        let failures = (transfer.failures[fetch.peer] ?? 0) + 1
        transfer.failures[fetch.peer] = failures
        if isRefusal || failures >= Snapshot.failuresMax || !peers.isConnected(fetch.peer) {
            if transfer.lacking.count < PeerTable.countMax, peers.isConnected(fetch.peer) {
                transfer.lacking.append(fetch.peer)
            }
            if transfer.source == fetch.peer { transfer.source = nil }
        }
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
        case .whole: transfer.hasAllLeaves = true
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
        transfer.note(now.monotonic - min(now.monotonic, fetch.sentAt), of: fetch.peer)
        snapshot.stage = .receiving(transfer)
    }

    // MARK: giving up

    mutating func abandonSnapshot(_ why: String) {
        guard case .receiving(let transfer) = snapshot.stage else { return }
        note(
            .warning,
            "the taking over of the state of block \(transfer.header.height) ends after \(transfer.leafCount) leaves: \(why). "
                + "They are removed; another state or the blocks will be fetched")
        fetches.cancelSnapshotParts()
        snapshot.stage = .erasing(transfer.header.height, isLast: false)
    }

    private mutating func erase(_ version: Height) throws(StorageFailure) {
        let step = try StateMaintenance.eraseVersion(view.reader, version, limit: Snapshot.stepRecordsMax)
        var batch = step.batch
        if step.isComplete {
            batch.remove(ChainStore.marker)
            snapshot.stage = .erasing(version, isLast: true)
        }
        emit(snapshot: batch)
    }
}
