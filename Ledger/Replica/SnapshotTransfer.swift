internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives

/// A state that is being taken over: what a quorum certified, and what came so far.
struct SnapshotTransfer: Sendable {
    let header: BlockHeader
    let finalization: Certificate
    let epochEnds: [ProofBundle.EpochEnd]
    /// Newest height here whose transactions are in the store: the replay window needs nothing below it.
    let floor: Height

    var rebuilder: StateRebuilder
    var hasAllLeaves = false
    /// BCS of the snapshot's own block.
    var block: [UInt8]?
    /// The next block of the replay window; nil when the window is complete.
    var nextAncestor: Digest?
    var nextHeight: Height
    var leafCount: UInt64 = 0
    var byteCount: UInt64 = 0
    /// Smaller answers than these, in leaves and blocks, count like late ones: else a peer could send one by one.
    static let leavesMin = 64
    static let blocksMin = 16
    /// A part that takes longer, in milliseconds, lets other peers have a try.
    static let partMillisecondsMax: UInt64 = 1_000
    /// Who offered it.
    let offerer: PeerID
    let begunAt: UInt64
    /// When the last right part came, and how often one was asked for in vain since.
    var progressAt: UInt64
    var vainParts = 0
    /// Who sends; another one only when it fails or is slow.
    var source: PeerID?
    /// Connected peers that do not have this version, or later not the blocks before it.
    var lacking: [PeerID] = []
    /// Timeouts and tiny parts in a row. Looked up by key, never iterated.
    var failures: [PeerID: Int] = [:]
    /// Milliseconds that a part takes from each peer that was asked, averaged over some parts. Looked up by key, never iterated.
    private var pace: [PeerID: UInt64] = [:]

    /// `bundle` was verified from `epoch` on: what it says of epochs before was not looked at, and is left out.
    init(_ bundle: ProofBundle, epoch: Epoch, floor: Height, source: PeerID, at time: UInt64) {
        header = bundle.header
        finalization = bundle.finalization
        epochEnds = bundle.epochEnds.filter { $0.header.epoch >= epoch }
        self.floor = floor
        self.source = source
        offerer = source
        begunAt = time
        progressAt = time
        rebuilder = StateRebuilder(version: bundle.header.height)
        nextAncestor = bundle.header.digest
        nextHeight = bundle.header.height
    }

    /// All leaves are here. Who lacked them, or was slow with them, may well have the blocks of the replay window.
    mutating func beginWindow() {
        hasAllLeaves = true
        askAllAgain()
    }

    mutating func askAllAgain() {
        (lacking, failures, pace) = ([], [:], [:])
    }

    func isStalled(at time: UInt64) -> Bool {
        let patience = hasAllLeaves ? Snapshot.windowStallMilliseconds : Snapshot.stallMilliseconds
        return time > progressAt + patience && vainParts >= Snapshot.vainPartsMax
    }

    /// Whether the leaves would take too long at the pace at which they come. Their keys are hashes, so the last one tells what part of
    /// them is here, in 65,536ths.
    func isTooSlow(at time: UInt64) -> Bool {
        let elapsed = time - min(begunAt, time)
        guard !hasAllLeaves, elapsed > Snapshot.stallMilliseconds, let last = rebuilder.last else { return false }
        let done = (0..<4).reduce(UInt64(1)) { $0 + UInt64(last.nibble($1)) << UInt64(12 - 4 * $1) }
        return elapsed * 65_536 / done > Snapshot.transferMillisecondsMax
    }

    /// Notes how long the peer took for a part, or for saying nothing.
    mutating func note(_ milliseconds: UInt64, of peer: PeerID) {
        if pace.count >= PeerTable.countMax { pace = [:] }
        pace[peer] = pace[peer].map { ($0 + milliseconds) / 2 } ?? milliseconds
    }

    /// As `note`, for an answer that is none: however quick, it makes nobody faster.
    mutating func noteWait(_ milliseconds: UInt64, of peer: PeerID) {
        note(max(milliseconds, pace[peer] ?? 0), of: peer)
    }

    /// Who is asked for the next part: the first of `peers`, or when that one is slow the fastest of them. One that was not
    /// asked yet counts as fast, so each has its try.
    func fastEnough(of peers: [PeerID]) -> PeerID? {
        guard let first = peers.first, (pace[first] ?? 0) > SnapshotTransfer.partMillisecondsMax else {
            return peers.first
        }
        return peers.min { (pace[$0] ?? 0) < (pace[$1] ?? 0) }
    }

    /// Leaves come in the order of a digest, so the last one tells how far they are.
    var percent: Int {
        hasAllLeaves ? 100 : rebuilder.last.map { (Int($0.nibble(0)) * 16 + Int($0.nibble(1))) * 100 / 256 } ?? 0
    }
}
