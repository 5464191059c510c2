package import Chain
internal import Consensus
package import LedgerCrypto
package import LedgerState
package import Primitives
package import Replica
package import Storage

/// Makes the chain of a single validator in virtual time: thousands of real blocks, each proposed, executed, voted and
/// stored, in seconds. The journal is not kept: what is not stored at the end is lost.
package final class ChainBuilder {
    /// What the chain wrote so far.
    package struct Written: Sendable, Codable {
        package var journalBytes = 0
        /// Records of the store and their keys' and values' bytes.
        package var storedRecords = 0
        package var storedBytes = 0
        package var checkpoints = 0
    }

    private let store: KeyValueStore
    package let genesis: Genesis
    package let key: Secp256k1.SecretKey
    private var replica: Replica
    private var effects: [ReplicaEffect] = []
    private var milliseconds: UInt64 = 1
    private var wake: UInt64?
    private var salt: UInt64 = 0
    private var receipts: [Receipt] = []
    package private(set) var written = Written()

    /// A chain whose only validator has `key` and `transportKey`. Its blocks lie `spanMilliseconds` before `now` and go on
    /// from there.
    package static func genesis(
        key: Secp256k1.SecretKey, transportKey: Digest, now: Timestamp, blocks: UInt64, heartbeatMilliseconds: UInt32,
        application: [UInt8] = []
    ) throws -> Genesis {
        var parameters = ChainParameters()
        parameters.heartbeatMilliseconds = heartbeatMilliseconds
        let span = blocks * UInt64(heartbeatMilliseconds)
        return Genesis(
            name: "workload", time: Timestamp(now.value - min(now.value, span)), parameters: parameters,
            validators: try ValidatorSet([
                Validator(partner: "only", consensusKey: key.publicKey, transportKey: transportKey)
            ]), application: application)
    }

    /// Makes the journal of the validator whose chain was made: its first record, as a node has it that ran. A node with an
    /// empty one would take it for lost, and abstain.
    package static func prepareJournal(in path: String, owner: JournalOwner) throws {
        let folder = try DiskFolder(path)
        try Journal.prepareFresh(folder, owner: owner)
        let (journal, _) = try Journal.open(folder, owner: owner)
        try journal.append([JournalEntry(sequence: 1, payload: Replica.freshMarker())])
        journal.close()
    }

    /// Opens the chain in `store`, or begins it.
    package static func open(
        _ application: some Application, store: KeyValueStore, genesis: Genesis, key: Secp256k1.SecretKey
    ) throws -> ChainBuilder {
        let configuration = ReplicaConfiguration(
            genesis: genesis, peer: genesis.validators.validators[0].transportKey, key: key)
        var started = try Replica.start(
            application: application, configuration: configuration, reader: store,
            journal: [JournalRecord(sequence: 1, bytes: Replica.freshMarker())],
            at: Instant(monotonic: 1, wall: genesis.time))
        let effects = started.drain()
        let builder = ChainBuilder(started, effects, store: store, genesis: genesis, key: key)
        try builder.settle()
        return builder
    }

    private init(
        _ replica: consuming Replica, _ effects: [ReplicaEffect], store: KeyValueStore, genesis: Genesis,
        key: Secp256k1.SecretKey
    ) {
        self.store = store
        self.genesis = genesis
        self.key = key
        self.replica = replica
        self.effects = effects
    }

    package var height: Height { replica.view.tip.height }
    /// Newest stored block.
    package var storedHeight: Height { replica.view.recent.first?.height.previous ?? height }
    package var time: Timestamp { replica.view.tip.time }
    /// What the clock of the wall shows.
    package var now: Timestamp { instant.wall }
    package var state: StateSnapshot { replica.view.state }

    /// One block with these transactions, final and handed to the store; its receipts.
    @discardableResult
    package func commit(_ transactions: [SignedTransaction]) throws -> [Receipt] {
        let before = height
        salt += 1
        effects += try replica.step(.submitted(transactions, ticket: salt), at: instant)
        try settle()
        while height == before { try advance() }
        return receipts
    }

    package func advance(milliseconds span: UInt64) { milliseconds += span }

    private var instant: Instant {
        Instant(monotonic: milliseconds, wall: genesis.time.adding(milliseconds: milliseconds))
    }

    /// Empty blocks until the stored chain has this height.
    package func advance(toStored blocks: UInt64) throws {
        while storedHeight.value < blocks { try advance() }
    }

    private func advance() throws {
        milliseconds = max(milliseconds + 1, wake ?? 0)
        wake = nil
        effects += try replica.step(.tick, at: instant)
        try settle()
    }

    /// Performs what is wanted until nothing is.
    private func settle() throws {
        while !effects.isEmpty {
            let taken = effects
            effects = []
            var journaled: UInt64?
            for effect in taken {
                switch effect {
                case .journal(let bytes, let sequence, _):
                    journaled = sequence
                    written.journalBytes += bytes.count
                case .store(let work, let sequence):
                    let batch = try work.batch()
                    written.checkpoints += 1
                    written.storedRecords += batch.count
                    written.storedBytes += batch.byteCount
                    try store.write(batch, durable: false)
                    effects += try replica.step(.stored(upTo: sequence), at: instant)
                case .finalized(let final): receipts = final.receipts
                case .wake(let at): wake = at
                case .halt(let why): throw StorageFailure(why)
                default: break
                }
            }
            if let journaled { effects += try replica.step(.journaled(upTo: journaled), at: instant) }
        }
    }
}

extension ChainBuilder {
    /// Blocks that fill keys `0..<count`, and then empty ones up to this height, stored.
    package func build(keys count: UInt64, blocks: UInt64) throws {
        var first: UInt64 = 0
        var number: UInt64 = 0
        while first < count {
            let size = UInt32(min(UInt64(WorkloadApplication.keysMax), count - first))
            number += 1
            let body = TransactionBody(
                network: genesis.network, sender: key.publicKey,
                expiry: instant.wall.adding(milliseconds: 300_000), salt: number,
                calls: [WorkloadApplication.fill(from: first, count: size)])
            let transaction = try Transaction(signing: body, with: key)
            guard let signed = SignedTransaction(verifying: transaction) else {
                throw StorageFailure("an own signature is wrong")
            }
            try commit([signed])
            first += UInt64(size)
        }
        try advance(toStored: blocks)
    }
}
