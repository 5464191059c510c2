internal import Chain
internal import Consensus
internal import Primitives

/// What is known of the connected peers. Bounded by `countMax` peers and their own bounds.
struct PeerTable: Sendable {
    static let countMax = 512
    /// Proposals with bodies kept per peer until the consensus wants them judged.
    static let keptBlocksMax = 4

    struct Peer: Sendable {
        /// What it claims to have.
        var height = Height(0)
        var epoch = Epoch(0)
        /// The height of its last greeting, whether it has shown these blocks or not.
        var claimed = Height(0)
        /// Until when it is not asked for ranges or parts of a state, because it did not help or must wait.
        var pausedUntil: UInt64 = 0
        var greetedAt: UInt64?
        var kept: [Block] = []
    }

    private struct Credit {
        /// Negative for who owes.
        var bytes = Serving.creditBytesMax
        /// When it had that.
        var at: UInt64
        /// How often it was told to wait since it last had some.
        var refusals = 0
    }

    /// Ascending.
    private(set) var connected: [PeerID] = []
    private var states: [PeerID: Peer] = [:]
    /// Who has not been told all of this node's own transactions, and which numbers are left; who was told last is last.
    private(set) var owed: [(peer: PeerID, numbers: Range<UInt64>)] = []
    /// When the first of the links that there are was made.
    private(set) var linkedAt: UInt64 = 0
    /// When each was last asked for blocks; kept across its links, so that a new link is no new turn. Looked up by key.
    private var askedAt: [PeerID: UInt64] = [:]
    /// What each may still be sent; kept across its links likewise. Looked up by key.
    private var credits: [PeerID: Credit] = [:]

    func isConnected(_ peer: PeerID) -> Bool { states[peer] != nil }
    subscript(_ peer: PeerID) -> Peer? { states[peer] }

    /// False when it was connected already or there are too many.
    mutating func connect(_ peer: PeerID, at time: UInt64) -> Bool {
        guard states[peer] == nil, connected.count < PeerTable.countMax else { return false }
        if connected.isEmpty { linkedAt = time }
        states[peer] = Peer()
        let index = connected.firstIndex { $0 > peer } ?? connected.count
        connected.insert(peer, at: index)
        return true
    }

    mutating func disconnect(_ peer: PeerID) {
        states[peer] = nil
        connected.removeAll { $0 == peer }
        owed.removeAll { $0.peer == peer }
    }

    /// Whose turn it is to be asked: smallest first.
    func turn(_ peer: PeerID) -> UInt64 { askedAt[peer] ?? 0 }

    mutating func noteTurn(_ peer: PeerID, at time: UInt64) {
        if askedAt.count >= 2 * PeerTable.countMax { askedAt = [:] }
        askedAt[peer] = time
    }

    /// Bytes that a connected peer may be sent at this time.
    mutating func credit(of peer: PeerID, at time: UInt64) -> Int {
        guard states[peer] != nil else { return 0 }
        guard var credit = credits[peer] else {
            // Those who have gone long ago have all of it anyhow.
            if credits.count >= 2 * PeerTable.countMax { credits = credits.filter { states[$0.key] != nil } }
            credits[peer] = Credit(at: time)
            return Serving.creditBytesMax
        }
        let passed = min(time - min(credit.at, time), 60_000)
        let more = Int(clamping: passed) * Serving.creditBytesPerMillisecond
        credit.bytes = min(Serving.creditBytesMax, credit.bytes + more)
        credit.at = time
        if credit.bytes > 0 { credit.refusals = 0 }
        credits[peer] = credit
        return credit.bytes
    }

    mutating func charge(_ peer: PeerID, _ bytes: Int) { credits[peer]?.bytes -= bytes }

    /// False once the peer was told to wait often enough.
    mutating func mayRefuse(_ peer: PeerID) -> Bool {
        guard let refusals = credits[peer]?.refusals, refusals < Serving.refusalsMax else { return false }
        credits[peer]?.refusals += 1
        return true
    }

    /// Own transactions of these numbers are to be told to the peer.
    mutating func owe(_ peer: PeerID, _ numbers: Range<UInt64>?) {
        owed.removeAll { $0.peer == peer }
        if let numbers, !numbers.isEmpty, states[peer] != nil { owed.append((peer, numbers)) }
    }

    /// The first of those who has much credit left.
    mutating func nextOwed(at time: UInt64) -> (peer: PeerID, numbers: Range<UInt64>)? {
        for next in owed where credit(of: next.peer, at: time) > Serving.creditBytesMax / 2 { return next }
        return nil
    }

    mutating func update(_ peer: PeerID, _ body: (inout Peer) -> Void) {
        guard let index = states.index(forKey: peer) else { return }
        body(&states.values[index])
    }

    mutating func heard(epoch: Epoch, from peer: PeerID) {
        update(peer) { $0.epoch = max($0.epoch, epoch) }
    }

    mutating func keep(_ block: Block, from peer: PeerID) {
        update(peer) { state in
            state.kept.removeAll { $0.digest == block.digest }
            if state.kept.count >= PeerTable.keptBlocksMax { state.kept.removeFirst() }
            state.kept.append(block)
        }
    }

    func kept(_ digest: Digest) -> Block? {
        for peer in connected {
            if let block = states[peer]?.kept.first(where: { $0.digest == digest }) { return block }
        }
        return nil
    }

    /// Drops kept blocks that are too old to be judged.
    mutating func forgetBlocks(through height: Height) {
        for peer in connected { update(peer) { $0.kept.removeAll { $0.header.height <= height } } }
    }
}
