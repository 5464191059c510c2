import Chain
import Consensus
import LedgerCrypto
import Primitives

/// One node of the test network: what is in memory, and what a crash leaves.
struct Node {
    enum Entry {
        case record(ConsensusRecord, run: Int, sequence: UInt64)
        case body(BlockHeader, [Digest])
    }

    let key: Secp256k1.SecretKey
    let peer: Digest

    // Lost in a crash.
    var machine: ConsensusMachine?
    var ended: ConsensusMachine?
    var executed: Set<Digest> = []
    var wake: UInt64?
    var finalHeight = Height(0)
    var syncScheduled = false
    var recoveredThrough: View?

    // On disk. Journal entries appended after number `durable` are lost in a crash.
    var journal: [(position: Int, entry: Entry)] = []
    var appended = 0
    var durable = 0
    /// A durable marker was written, so that one must be there ever after.
    var hasMarker = true
    var storedHeight = Height(0)
    var storedEpoch = Epoch(0)
    var storedRoot: BlockHeader
    var storedTip: FinalizedTip?
    /// Finalizations of closing blocks, by epoch.
    var closings: [Certificate] = []

    /// Newest finalization of the current epoch whose block is executed, and one whose block is not yet.
    var finalTip: FinalizedTip?
    var pendingFinal: Certificate?
    var generation = 0
    /// Number of the machine: sequence numbers begin anew with each.
    var run = 0

    init(key: Secp256k1.SecretKey, root: BlockHeader) {
        self.key = key
        peer = SHA256.hash(key.publicKey.bytes)
        storedRoot = root
    }

    var isUp: Bool { machine != nil }

    var records: [ConsensusRecord] {
        journal.compactMap { if case .record(let record, _, _) = $0.entry { record } else { nil } }
    }

    mutating func append(_ entry: Entry) {
        appended += 1
        journal.append((appended, entry))
    }
}

extension Network {
    /// Starts from what is on disk.
    mutating func start(_ index: Int, lost: Bool = false) {
        nodes[index].generation += 1
        if lost {
            nodes[index].journal = []
            nodes[index].hasMarker = false
        }
        var executed: Set<Digest> = [nodes[index].storedRoot.digest, fixture.genesis.digest]
        if let tip = nodes[index].storedTip { executed.insert(tip.header.digest) }
        nodes[index].executed = executed
        nodes[index].finalHeight = nodes[index].storedHeight
        nodes[index].finalTip = nodes[index].storedTip
        begin(index, epoch: nodes[index].storedEpoch, root: nodes[index].storedRoot, tip: nodes[index].storedTip)
        if nodes[index].hasMarker, nodes[index].machine?.journalIsTrusted == false {
            failures.append("n\(index) lost its marker")
        }
    }

    /// Makes the machine of an epoch from the journal, and executes again what the journal has.
    mutating func begin(_ index: Int, epoch: Epoch, root: BlockHeader, tip: FinalizedTip?) {
        nodes[index].run += 1
        nodes[index].wake = nil
        nodes[index].pendingFinal = nil
        nodes[index].machine = ConsensusMachine(
            configuration(index, epoch: epoch, root: root), start: .replay(nodes[index].records), tip: tip)
        for (_, entry) in nodes[index].journal {
            if case .body(let header, let transactions) = entry, header.epoch == epoch,
                nodes[index].executed.contains(header.parent)
            {
                nodes[index].executed.insert(header.digest)
                step(index, .executed(header, transactions: transactions))
            }
        }
        step(index, .start)
        if isBusy { step(index, .waiting(true)) }
    }

    /// Loses what was not synced, except the `keeping` oldest entries of it.
    mutating func crash(_ index: Int, keeping: Int = 0) {
        nodes[index].generation += 1
        nodes[index].machine = nil
        nodes[index].ended = nil
        nodes[index].wake = nil
        nodes[index].syncScheduled = false
        let last = nodes[index].durable + keeping
        nodes[index].journal.removeAll { $0.position > last }
        nodes[index].durable = min(last, nodes[index].appended)
        nodes[index].appended = nodes[index].durable
        trace.note(time, index, "crashes")
    }

    func configuration(_ index: Int, epoch: Epoch, root: BlockHeader) -> ConsensusConfiguration {
        var configuration = ConsensusConfiguration(
            network: Fixture.network, epoch: epoch, validators: sets[min(Int(epoch.value), sets.count - 1)],
            parameters: fixture.parameters, root: root, key: nodes[index].key,
            incarnation: UInt64(nodes[index].generation) &* 1_000 + UInt64(index) + 1)
        configuration.mutations = mutations
        return configuration
    }

    /// The closing block is final: stores the end of this epoch and goes on with the next.
    mutating func changeEpoch(_ index: Int, _ header: BlockHeader, _ certificate: Certificate) {
        guard let machine = nodes[index].machine, machine.epoch == header.epoch else { return }
        trace.note(time, index, "epoch \(machine.epoch.next) begins after \(trace[header.digest])")
        nodes[index].ended = machine
        nodes[index].closings.append(certificate)
        nodes[index].finalTip = nil
        nodes[index].storedEpoch = machine.epoch.next
        nodes[index].storedRoot = header
        nodes[index].storedTip = nil
        nodes[index].storedHeight = header.height
        begin(index, epoch: machine.epoch.next, root: header, tip: nil)
    }
}
