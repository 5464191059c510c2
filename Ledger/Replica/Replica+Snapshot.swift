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
            || now.monotonic >= peers.linkedAt + Snapshot.aloneMilliseconds
                && peers.connected.allSatisfy { snapshot.lackingBlocks.contains($0) }
    }

    /// So many blocks behind, a state is taken over rather than all blocks.
    private var snapshotLag: UInt64 {
        areBlocksGone ? CatchUp.lagBlocks : max(CatchUp.lagBlocks, configuration.snapshotLagBlocks)
    }

    /// Who claims to be so far ahead that a state is of use, and may be asked for one now.
    private var offerers: [PeerID] {
        let ahead = view.tip.height.advanced(by: snapshotLag)
        return peers.connected.filter { peer in
            (peers[peer]?.claimed ?? Height(0)) > ahead && !snapshot.liars.contains(peer)
                && (snapshot.pauses[peer] ?? 0) <= now.monotonic
        }
    }

    func hasOtherOffers(than peer: PeerID) -> Bool { offerers.contains { $0 != peer } }

    private mutating func askForOffer() {
        guard snapshot.claimMax > view.tip.height.advanced(by: CatchUp.lagBlocks), !fetches.isFetching(.snapshot) else {
            return
        }
        guard let peer = offerers.min(by: { isAskedForOfferBefore($0, $1) }) else { return }
        snapshot.pause(peer, until: now.monotonic + Snapshot.offerPauseMilliseconds)
        send(.snapshot, to: peer)
    }

    /// Who claims most comes first, but behind all whose offers failed less often: so however many hold this node up, each does it once
    /// before the others have had their turn.
    private func isAskedForOfferBefore(_ one: PeerID, _ other: PeerID) -> Bool {
        let failures = (snapshot.failures(of: one), snapshot.failures(of: other))
        if failures.0 != failures.1 { return failures.0 < failures.1 }
        return (peers[one]?.claimed ?? Height(0)) > (peers[other]?.claimed ?? Height(0))
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

    mutating func send(_ subject: FetchTable.Subject, to peer: PeerID) {
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
        // Claims are not proved. An offer shows that the chain really is far ahead; and it must be near what the peer claims, so that
        // nobody leads this node on in steps.
        let isFarAhead = bundle.header.height >= view.tip.height.advanced(by: snapshotLag / 2)
        let isNearClaim =
            bundle.header.height.advanced(by: max(snapshotLag / 2, Snapshot.offerLagBlocksMax))
            >= (peers[peer]?.claimed ?? Height(0))
        guard bundle.header.height > snapshotFloor, isFarAhead, isNearClaim else { return }
        let stored = view.recent.first?.height.previous ?? view.tip.height
        fetches.cancel(.range)
        snapshot.stage = .receiving(
            SnapshotTransfer(bundle, epoch: view.epoch, floor: stored, source: peer, at: now.monotonic))
        note(
            .info,
            "this node is at block \(view.tip.height): it takes over the state of block \(bundle.header.height), which peer "
                + "\(peer.short) offers and a quorum certified")
        var batch = KeyValueBatch()
        batch.put(ChainStore.marker, SnapshotMarker(version: bundle.header.height, stage: .receiving).bcs)
        emit(snapshot: batch)
    }

    // MARK: giving up

    mutating func abandonSnapshot(_ why: String) {
        guard case .receiving(let transfer) = snapshot.stage else { return }
        note(
            .warning,
            "the taking over of the state of block \(transfer.header.height) ends after \(transfer.leafCount) leaves: \(why). "
                + "They are removed; another state or the blocks will be fetched")
        fetches.cancelSnapshotParts()
        snapshot.noteFailed(offerOf: transfer.offerer, at: now.monotonic)
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
