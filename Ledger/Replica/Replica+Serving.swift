internal import Chain
internal import Consensus
internal import LedgerState
internal import LightClient
internal import Primitives

/// Bounds of what peers are sent on request. A megabyte that is sent takes some four milliseconds of processor time: reading,
/// copying, TLS, the kernel.
enum Serving {
    /// A peer may be sent so much at once,
    static let creditBytesMax = 24 * 1024 * 1024
    /// and this much per millisecond in the long run: several times what a chain grows by, also for who has one peer only.
    static let creditBytesPerMillisecond = 16 * 1024
    /// What a part of the state costs: its leaves are many records. So no peer gets more than half of the parts that all may have.
    static let leavesBytes = 2 * StateChunk.leafBytesMax
    /// What a request costs at least: an answer of a few bytes takes a packet.
    static let requestBytesMin = 8 * 1024
    /// Without credit a peer hears so often that it must wait, and then nothing: honest ones pause when they hear it.
    static let refusalsMax = 16
    /// A peer with so much debt gets no answers to questions of the consensus, which are few and small, either. More than one usual answer
    /// leaves behind.
    static let questionDebtBytesMax = 12 * 1024 * 1024
    /// Transactions that no block here has, before blocks are no longer searched: one that asks names those of one block.
    static let missesMax = 16
}

/// What answering a request took, beside the bytes of the answer. Counted in bytes of credit, so that a request costs its
/// peer what it costs here however little is found.
struct ServingWork {
    /// A record of the store: some ten microseconds.
    static let readBytes = 2_048
    /// A key in a table in memory: some 0.1 microseconds.
    static let probeBytes = 32

    var reads = 0
    var probes = 0

    var bytes: Int { reads * ServingWork.readBytes + probes * ServingWork.probeBytes }
}

extension Replica {
    /// Answers a peer's request, within its credit.
    mutating func serve(_ request: FetchRequest, id: UInt64, to peer: PeerID) throws(StorageFailure) {
        var response = FetchResponse.busy
        var work = ServingWork()
        if peers.credit(of: peer, at: now.monotonic) > 0 {
            if case .leaves(let version, let after) = request, snapshot.served.mayServe(peer, at: now.monotonic) {
                peers.charge(peer, Serving.leavesBytes)
                let read = SnapshotRead(
                    version: version, after: after, leavesMax: configuration.snapshotLeavesMax, id: id)
                effects.append(.serve(read, to: peer))
                return
            }
            response = try answer(request, &work)
        } else if !peers.mayRefuse(peer) {
            return
        }
        peers.charge(peer, max(Serving.requestBytesMin, size(of: response) + work.bytes))
        effects.append(.send(.response(response, id: id), to: [peer]))
    }

    /// False for a question of the consensus from a peer with too much debt; else it costs the peer what the answer may take. A node
    /// that is behind asks a few a second, and some are asked once only: fetching blocks must not use up what they need.
    mutating func mayAsk(_ message: ConsensusMessage, _ peer: PeerID) -> Bool {
        let certificateBytes = 64 + 68 * view.validators.quorum
        let most = UInt64(ConsensusMessage.certificatesMax)
        var certificates: UInt64
        switch message {
        case .certificatesRequest(_, let first, let last):
            // A view may have two.
            certificates = 2 * min(last.value - min(first.value, last.value), most) + 2
        case .proposalRequest: certificates = UInt64(Proposal.nullificationsMax)
        case .statusRequest: certificates = 2
        default: return true
        }
        certificates = min(certificates, most)
        guard peers.credit(of: peer, at: now.monotonic) > -Serving.questionDebtBytesMax else { return false }
        peers.charge(peer, max(Serving.requestBytesMin, Int(certificates) * certificateBytes))
        return true
    }

    private func size(of response: FetchResponse) -> Int {
        switch response {
        case .unavailable, .busy: 0
        case .transactions(let transactions): transactions.reduce(0) { $0 + $1.bytes.count }
        case .block(let bytes): bytes.count
        case .range(let range): range.blocks.reduce(range.headers.count * 320) { $0 + $1.count }
        case .snapshot(let bundle): bundle.epochEnds.reduce(1_024) { $0 + 512 + 192 * $1.nextValidators.count }
        case .ancestors(let blocks): blocks.reduce(0) { $0 + $1.count }
        case .leaves(let chunk): chunk.leafBytes
        }
    }

    private func answer(_ request: FetchRequest, _ work: inout ServingWork) throws(StorageFailure) -> FetchResponse {
        switch request {
        case .transactions(let digests): return transactions(digests, &work)
        case .block(let digest):
            if let executed = tree[digest] { return .block(executed.bytes) }
            if let block = held[digest] { return .block(block.bcs) }
            work.reads += 2
            if let height = try view.height(of: digest), let bytes = try view.blockBytes(at: height) {
                return .block(bytes)
            }
            return .unavailable
        case .range(let height): return try range(from: height, &work)
        case .snapshot(let height, let epoch): return try offer(above: height, epoch: epoch, &work)
        case .ancestors(let digest): return try ancestors(of: digest, &work)
        // Read apart from the replica (`SnapshotRead`), unless that is busy enough.
        case .leaves: return .busy
        }
    }

    private func transactions(_ digests: [Digest], _ work: inout ServingWork) -> FetchResponse {
        var found: [Transaction] = []
        var bytes = 0
        var misses = 0
        // Executed blocks hold what the pool may have dropped. Who asks wants those of one block.
        var last: (places: [Digest: UInt32], block: Block)?
        for digest in digests {
            work.probes += 3
            var transaction = pool.transaction(named: digest)?.transaction ?? checked[digest]?.transaction
            if transaction == nil, let block = last, let place = block.places[digest] {
                transaction = block.block.transactions[Int(place)]
            }
            if transaction == nil, misses < Serving.missesMax {
                last = unstoredBlock(with: digest, &work) ?? last
                transaction = last.flatMap { block in
                    block.places[digest].map { block.block.transactions[Int($0)] }
                }
                if transaction == nil { misses += 1 }
            }
            guard let transaction else { continue }
            bytes += transaction.bytes.count
            guard bytes <= FetchResponse.transactionBytesMax else { break }
            found.append(transaction)
        }
        return .transactions(found)
    }

    /// The newest executed block that is not stored yet and has this transaction.
    private func unstoredBlock(
        with transaction: Digest, _ work: inout ServingWork
    ) -> (places: [Digest: UInt32], block: Block)? {
        for digest in tree.order.reversed() {
            work.probes += 1
            if let executed = tree[digest], executed.places[transaction] != nil {
                return (executed.places, executed.block)
            }
        }
        for final in view.recent.reversed() {
            work.probes += 1
            if final.places[transaction] != nil { return (final.places, final.block) }
        }
        return nil
    }

    /// Blocks from `height` on, as far as one answer may go, cut after the last one with an own finalization. When none of
    /// them has one, headers lead to the next.
    private func range(from height: Height, _ work: inout ServingWork) throws(StorageFailure) -> FetchResponse {
        guard height.value > 0, height <= view.tip.height else { return .unavailable }
        var blocks: [[UInt8]] = []
        var bytes = 0
        var proven: (count: Int, certificate: Certificate)?
        var at = height
        while at <= view.tip.height, blocks.count < BlockRange.blocksMax, bytes < BlockRange.blockBytesMax {
            if view.recent(at) == nil { work.reads += 2 }
            guard let block = try view.blockBytes(at: at) else { break }
            blocks.append(block)
            bytes += block.count
            if let certificate = try view.finalization(at: at) { proven = (blocks.count, certificate) }
            // Another set certifies what follows.
            if try ChainView.header(of: block, at: at).closesEpoch { break }
            at = at.next
        }
        if let proven {
            let range = BlockRange(
                blocks: Array(blocks.prefix(proven.count)), headers: [], finalization: proven.certificate)
            return .range(range)
        }
        guard !blocks.isEmpty else { return .unavailable }
        var headers: [BlockHeader] = []
        while at <= view.tip.height, headers.count < BlockRange.headersMax {
            if view.recent(at) == nil { work.reads += 2 }
            guard let header = try view.header(at: at) else { break }
            headers.append(header)
            if let certificate = try view.finalization(at: at) {
                return .range(BlockRange(blocks: blocks, headers: headers, finalization: certificate))
            }
            at = at.next
        }
        return .unavailable
    }
}
