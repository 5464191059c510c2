internal import Chain
internal import Consensus
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica
internal import Transport

/// Takes what peers send: decodes it, checks signatures of transactions ahead of the replica, and puts it into the
/// inbox. Small things are done at once on the transport's loop; what takes long goes to the pool, where proposals and
/// answers go before gossip. A peer is shunned whose bytes are no message, or that passes on a transaction with a wrong
/// signature.
final class Intake: PeerNetworkReceiver {
    /// Larger messages are decoded in the pool.
    private static let inlineBytesMax = 256 * 1024
    /// More signatures than this are checked in the pool; fewer take less time than the way there.
    private static let inlineSignaturesMax = 4
    /// Signatures in one job of the pool: some two milliseconds.
    static let jobSignaturesMax = 64

    let inbox: Inbox
    let book: PeerBook
    let room: WaitingRoom
    let seen: SeenSignatures
    let counters: CounterBox
    let pool: WorkPool
    let services: PeerServices
    let rules: RulesExchange
    /// Shunned peers whose links have not ended: what they sent before is not looked at.
    private let unheard = NIOLockedValueBox(Unheard())

    private struct Unheard {
        var peers: Set<Digest> = []
        /// The node ends: nobody is heard.
        var isAll = false
    }

    init(
        inbox: Inbox, book: PeerBook, room: WaitingRoom, seen: SeenSignatures, counters: CounterBox, pool: WorkPool,
        services: PeerServices, rules: RulesExchange
    ) {
        self.inbox = inbox
        self.book = book
        self.room = room
        self.seen = seen
        self.counters = counters
        self.pool = pool
        self.services = services
        self.rules = rules
    }

    func linkUp(_ peer: Digest) {
        unheard.withLockedValue { _ = $0.peers.remove(peer) }
        book.connected(peer)
        inbox.add(Arrival(event: .connected(peer)), of: peer)
        Task { [rules] in await rules.ask(peer) }
    }

    func linkDown(_ peer: Digest) {
        book.disconnected(peer)
        services.lost(peer)
        inbox.add(Arrival(event: .disconnected(peer)), of: peer)
    }

    /// Closes the peer's link for a while, and drops what it sent that nobody has looked at.
    func shun(_ peer: Digest, _ reason: String) {
        unheard.withLockedValue { _ = $0.peers.insert(peer) }
        services.shun(peer, reason)
    }

    /// The node ends: what peers sent and nobody has looked at is let go.
    func close() { unheard.withLockedValue { $0.isAll = true } }

    private func isShunned(_ peer: Digest) -> Bool {
        unheard.withLockedValue { $0.isAll || $0.peers.contains(peer) }
    }

    func received(_ message: ReceivedMessage) {
        if message.channel != 0 {
            services.received(message)
        } else if message.bytes.count > Intake.inlineBytesMax {
            pool.add(.now, of: message.peer) { [self] in take(message) }
        } else {
            take(message)
        }
    }

    private func take(_ message: ReceivedMessage) {
        if isShunned(message.peer) { return }
        let decoded: PeerMessage
        do {
            decoded = try PeerMessage.decode(message.bytes)
        } catch {
            counters.add { $0.malformedMessages += 1 }
            return shun(message.peer, "it sent bytes that are no message: \(error)")
        }
        book.observe(decoded, from: message.peer)
        switch decoded {
        case .transactions(let transactions): gossip(room.enter(transactions), message)
        case .consensus(.proposal(let proposal), let inline):
            let here = room.unchecked(named: proposal.transactions)
            let names = Set(here.map(\.digest))
            deliver(decoded, message, sent: seen.unknown(inline).filter { !names.contains($0.digest) }, here: here)
        default: deliver(decoded, message, sent: seen.unknown(decoded.uncheckedTransactions), here: [])
        }
    }

    /// Checks what is new and hands it over for admission, in parts.
    private func gossip(_ transactions: [Transaction], _ message: ReceivedMessage) {
        let isSmall = transactions.count <= Intake.inlineSignaturesMax
        for part in Intake.parts(transactions) {
            let work: @Sendable () -> Void = { [self] in
                if isShunned(message.peer) { return room.leave(part.map(\.digest)) }
                let checked = room.check(part)
                if let reason = checked.reason {
                    shun(message.peer, reason)
                    room.leave(part.dropFirst(checked.signed.count).map(\.digest))
                }
                guard !checked.signed.isEmpty else { return }
                inbox.add(
                    Admission(peer: message.peer, transactions: checked.signed, answer: nil, credit: message.credit))
            }
            if isSmall { work() } else { pool.add(.later, of: message.peer, work) }
        }
    }

    /// Hands over a message once the signatures of the transactions in it, and of those that it names and that wait `here`,
    /// are checked; not at all when a transaction that it brought is signed wrongly.
    private func deliver(
        _ decoded: PeerMessage, _ message: ReceivedMessage, sent: [Transaction], here: [Transaction]
    ) {
        let peer = message.peer
        let finish: @Sendable ([SignedTransaction]) -> Void = { [self] signed in
            if isShunned(peer) { return }
            inbox.add(
                Arrival(event: .message(decoded, from: peer), checked: signed, credit: message.credit), of: peer)
        }
        let checkSent: @Sendable ([Transaction]) -> [SignedTransaction] = { [self] part in
            if isShunned(peer) { return [] }
            let checked = room.check(part)
            if let reason = checked.reason { shun(peer, reason) }
            return checked.signed
        }
        if sent.isEmpty, here.isEmpty { return finish([]) }
        if sent.count + here.count <= Intake.inlineSignaturesMax {
            return finish(checkSent(sent) + room.checkAll(here))
        }
        let checkHere: @Sendable ([Transaction]) -> [SignedTransaction] = { [self] in room.checkAll($0) }
        let parts = Intake.parts(sent).map { ($0, checkSent) } + Intake.parts(here).map { ($0, checkHere) }
        let gathered = NIOLockedValueBox((signed: [SignedTransaction](), missing: parts.count))
        for (part, check) in parts {
            pool.add(.now, of: peer) {
                let signed = check(part)
                let all = gathered.withLockedValue { state -> [SignedTransaction]? in
                    state.signed += signed
                    state.missing -= 1
                    return state.missing == 0 ? state.signed : nil
                }
                if let all { finish(all) }
            }
        }
    }

    static func parts(_ transactions: [Transaction]) -> [[Transaction]] {
        stride(from: 0, to: transactions.count, by: jobSignaturesMax).map {
            Array(transactions[$0..<min($0 + jobSignaturesMax, transactions.count)])
        }
    }
}
