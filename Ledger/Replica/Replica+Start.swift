package import Chain
package import Consensus
internal import LedgerState
package import Primitives

extension Replica {
    /// The record that the genesis ceremony writes as the journal's first: this key has never voted. A journal without
    /// it counts as lost.
    package static func freshMarker() -> [UInt8] {
        JournalEntry.consensus(.marker(epoch: Epoch(0), abstainThrough: View(0))).bytes
    }

    /// Height of the newest block that the store holds, for who must know before the start; nil when it is empty. Throws
    /// when it cannot be read.
    package static func storedHeight(_ reader: any KeyValueReader) throws(StorageFailure) -> Height? {
        guard let bytes = try reader.get(ChainStore.tip) else { return nil }
        let tip: StoredTip = try ChainStore.decode(bytes, "tip")
        return tip.height
    }

    /// Reads the stored chain and replays the journal (ascending by sequence). What is to be done first is asked for by
    /// `drain`: the removal of what a crash left of a batch, on an empty store a batch of the genesis block, then resent
    /// votes and the first wake. Throws when the store is damaged or of another network, or the genesis malformed.
    package static func start(
        application: any Application, configuration: ReplicaConfiguration, reader: any KeyValueReader,
        journal: [JournalRecord],
        at now: Instant
    ) throws(StorageFailure) -> Replica {
        let opened = try StoredChain.open(application: application, genesis: configuration.genesis, reader: reader)
        let (records, bodies) = try read(journal)
        var replica = Replica(
            application: application, configuration: configuration, opened: opened,
            records: configuration.journalLost ? nil : records, bodies: bodies,
            firstSequence: journal.first?.sequence ?? 1, lastSequence: journal.last?.sequence ?? 0, at: now)
        if let leftovers = try opened.leftovers() { replica.emit(leftovers) }
        if let genesis = opened.genesis { replica.emit(genesis.work, genesis.state) }
        try replica.replayJournaledBodies()
        try replica.settle()
        return replica
    }

    private init(
        application: any Application, configuration: ReplicaConfiguration, opened: StoredChain,
        records: [ConsensusRecord]?,
        bodies: [(sequence: UInt64, block: Block)], firstSequence: UInt64, lastSequence: UInt64, at now: Instant
    ) {
        self.application = application
        self.configuration = configuration
        network = opened.network
        parameters = configuration.genesis.parameters
        incarnation = now.wall.value
        view = opened.view
        window = opened.window
        pool = Mempool(limits: configuration.mempool)
        journalSequence = lastSequence
        consensusFloor = firstSequence
        prunedBelow = firstSequence
        replayBodies = bodies
        replayRecords = records ?? []
        self.now = now
        var consensus = ConsensusConfiguration(
            network: opened.network, epoch: opened.view.epoch, validators: opened.view.validators,
            parameters: configuration.genesis.parameters, root: opened.root, key: configuration.key,
            incarnation: now.wall.value)
        consensus.mutations = configuration.mutations
        machine = ConsensusMachine(
            consensus, start: records.map { .replay($0) } ?? .lost,
            tip: opened.view.finalization.flatMap {
                opened.view.tip.digest == opened.root.digest
                    ? nil : FinalizedTip(header: opened.view.tip, certificate: $0)
            })
        inputs = [.start]
        switch opened.marker?.stage {
        case nil: break
        case .receiving: snapshot.stage = .erasing(opened.marker?.version ?? Height(0), isLast: false)
        case .clearing: snapshot.stage = .clearing(SnapshotClearing(version: opened.view.tip.height))
        }
    }

    private static func read(
        _ journal: [JournalRecord]
    ) throws(StorageFailure) -> (records: [ConsensusRecord], bodies: [(sequence: UInt64, block: Block)]) {
        var records: [ConsensusRecord] = []
        var bodies: [(sequence: UInt64, block: Block)] = []
        for record in journal {
            do throws(BCSError) {
                switch try JournalEntry(bytes: record.bytes) {
                case .consensus(let fact): records.append(fact)
                case .body(let bytes): bodies.append((record.sequence, try Block(bcs: bytes)))
                }
            } catch {
                throw StorageFailure(
                    "journal record \(record.sequence) cannot be read (\(error)): a newer release wrote it, or it is damaged. "
                        + "Run that release, or move the journal away and start as after a lost disk, one validator at a time"
                )
            }
        }
        return (records, bodies)
    }

    /// Executes again what the journal holds of the current epoch above the tip.
    mutating func replayJournaledBodies() throws(StorageFailure) {
        // Above a snapshot that is not yet alone: later.
        if snapshot.isClearing { return }
        let epoch = view.epoch
        for (sequence, block) in replayBodies where block.header.epoch == epoch {
            let header = block.header
            guard tree[header.digest] == nil, header.height > view.tip.height, let parent = parent(header.parent) else {
                continue
            }
            let context = context(
                height: header.height, time: header.time, parent: header.parent, proposer: header.proposer)
            let execution = try execute(block.transactions, context: context, over: parent.state)
            guard let execution, mismatch(execution, header) == nil else {
                return halt(
                    "block \(header.height) (\(header.digest)) was valid here before the restart and is not now: the state "
                        + "on this disk or the software has changed. Rebuild the node from its peers.")
            }
            keep(block, execution, journaledAt: sequence)
            inputs.append(.executed(header, transactions: block.transactions.map(\.digest)))
        }
        replayBodies.removeAll { $0.block.header.epoch <= epoch }
    }
}
