import Chain
import Consensus
import LedgerCrypto
import Primitives
import TestSupport

@testable import Replica

/// Keys of one node of the tests.
struct Identity: Sendable {
    let key: Secp256k1.SecretKey
    let peer: PeerID
    let partner: String

    init(_ index: Int) {
        let seed = SHA256.hash(Array("test node \(index)".utf8))
        guard let key = Secp256k1.SecretKey(seed.bytes) else { preconditionFailure("a digest is a valid key") }
        self.key = key
        peer = SHA256.hash(Array("transport \(index)".utf8))
        partner = "partner-\(Character(UnicodeScalar(UInt8(97 + index))))"
    }

    var validator: Validator { Validator(partner: partner, consensusKey: key.publicKey, transportKey: peer) }
}

/// When within the write of a store batch power fails.
enum WriteMoment: CaseIterable, Sendable {
    case before, amidHistory, beforeIndex, after

    /// What of the batch the disk keeps.
    func survivors(of batch: KeyValueBatch) -> KeyValueBatch {
        switch self {
        case .before: return KeyValueBatch()
        case .amidHistory:
            let history = batch.history.entries
            return KeyValueBatch(history.prefix(history.count / 2))
        case .beforeIndex: return batch.history
        case .after: return batch
        }
    }
}

/// A node of the tests: its disk survives `crash`, its replica does not.
final class TestNode {
    let identity: Identity
    let isVoting: Bool
    var application = TestApplication()
    var replica: Replica?
    var store = MemoryStore()
    /// Records that a power loss spares.
    var journal: [JournalRecord] = []
    /// Written, not yet synced.
    var unsynced: [JournalRecord] = []
    var unstored: [(batch: KeyValueBatch, sequence: UInt64)] = []
    var wakeAt: UInt64?
    /// Counts starts, so that what belongs to an earlier run is dropped.
    var run = 0
    var connected: [PeerID] = []

    // What came out, of all runs.
    var finalized: [Height: FinalizedBlock] = [:]
    var notes: [ReplicaNote] = []
    var evidence: [Evidence] = []
    var shunned: [(peer: PeerID, reason: String)] = []
    var answers: [UInt64: [TransactionRefusal?]] = [:]
    var dropped: [(digest: Digest, reason: TransactionRefusal)] = []
    var halted: String?
    /// Power fails at the store batch of this number in a run, before anyone is told of it.
    var crashAtStore: (number: Int, moment: WriteMoment)?
    /// States taken over from peers.
    var adopted: [BlockHeader] = []
    /// Parts of the state sent to peers.
    var served = 0

    var isRunning: Bool { replica != nil }
    // What the running replica shows; nil when it does not run.
    var view: ChainView? { replica?.view }
    var status: ReplicaStatus? { replica?.status }
    var snapshot: SnapshotSync? { replica?.snapshot }
    var windowCount: Int? { replica?.window.count }
    var machineEpoch: Epoch? { replica?.machine.epoch }

    /// Throws when the node does not run.
    func reading<Value>(_ body: (borrowing Replica) throws -> Value) throws -> Value {
        switch replica {
        case .some(let replica): return try body(replica)
        case .none: throw StorageFailure("the node does not run")
        }
    }

    init(_ identity: Identity, isVoting: Bool = true, isFresh: Bool = true) {
        self.identity = identity
        self.isVoting = isVoting
        if isFresh { journal = [JournalRecord(sequence: 1, bytes: Replica.freshMarker())] }
    }

    var tip: Height { replica?.view.tip.height ?? Height(0) }
}
