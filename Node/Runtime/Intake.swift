internal import Chain
internal import Consensus
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica
internal import Transport

/// Takes what peers send: decodes it, checks signatures of transactions ahead of the replica, and puts it into the
/// inbox. Small things are done at once on the transport's loop; what takes long goes to the pool, where proposals and
/// answers go before gossip. A peer whose bytes are no message is shunned.
final class Intake: PeerNetworkReceiver {
    /// Larger messages are decoded in the pool.
    private static let inlineBytesMax = 256 * 1024
    /// More signatures than this are checked in the pool; fewer take less time than the way there.
    private static let inlineSignaturesMax = 4
    /// Signatures in one job of the pool: some two milliseconds.
    private static let jobSignaturesMax = 64

    let inbox: Inbox
    let book: PeerBook
    let room: WaitingRoom
    let seen: SeenSignatures
    let counters: CounterBox
    let pool: WorkPool
    let services: PeerServices

    init(
        inbox: Inbox, book: PeerBook, room: WaitingRoom, seen: SeenSignatures, counters: CounterBox, pool: WorkPool,
        services: PeerServices
    ) {
        self.inbox = inbox
        self.book = book
        self.room = room
        self.seen = seen
        self.counters = counters
        self.pool = pool
        self.services = services
    }

    func linkUp(_ peer: Digest) {
        book.connected(peer)
        inbox.add(.connected(peer))
    }

    func linkDown(_ peer: Digest) {
        book.disconnected(peer)
        services.lost(peer)
        inbox.add(.disconnected(peer))
    }

    func received(_ message: ReceivedMessage) {
        if message.channel != 0 {
            services.received(message)
        } else if message.bytes.count > Intake.inlineBytesMax {
            pool.add(.now) { [self] in take(message) }
        } else {
            take(message)
        }
    }

    private func take(_ message: ReceivedMessage) {
        let decoded: PeerMessage
        do {
            decoded = try PeerMessage.decode(message.bytes)
        } catch {
            counters.add { $0.malformedMessages += 1 }
            return services.shun(message.peer, "it sent bytes that are no message: \(error)")
        }
        book.observe(decoded, from: message.peer)
        switch decoded {
        case .transactions(let transactions): gossip(room.enter(transactions), message)
        case .consensus(.proposal(let proposal), let inline):
            let here = room.unchecked(named: proposal.transactions)
            let names = Set(here.map(\.digest))
            deliver(decoded, message, unchecked: here + seen.unknown(inline).filter { !names.contains($0.digest) })
        default: deliver(decoded, message, unchecked: seen.unknown(decoded.uncheckedTransactions))
        }
    }

    /// Checks what is new and hands it over for admission, in parts.
    private func gossip(_ transactions: [Transaction], _ message: ReceivedMessage) {
        let isSmall = transactions.count <= Intake.inlineSignaturesMax
        for part in Intake.parts(transactions) {
            let work: @Sendable () -> Void = { [self] in
                let signed = room.check(part)
                if signed.count < part.count {
                    let right = Set(signed.map(\.digest))
                    room.leave(part.map(\.digest).filter { !right.contains($0) })
                }
                guard !signed.isEmpty else { return }
                inbox.add(Admission(peer: message.peer, transactions: signed, answer: nil, credit: message.credit))
            }
            if isSmall { work() } else { pool.add(.later, work) }
        }
    }

    /// Hands over a message once the signatures of the transactions in it are checked.
    private func deliver(_ decoded: PeerMessage, _ message: ReceivedMessage, unchecked: [Transaction]) {
        let finish: @Sendable ([SignedTransaction]) -> Void = { [self] signed in
            var events: [ReplicaEvent] = []
            if !signed.isEmpty { events.append(.checked(signed)) }
            events.append(.message(decoded, from: message.peer))
            inbox.add(events, message.credit)
        }
        if unchecked.isEmpty { return finish([]) }
        if unchecked.count <= Intake.inlineSignaturesMax { return finish(room.check(unchecked)) }
        let parts = Intake.parts(unchecked)
        let gathered = NIOLockedValueBox((signed: [SignedTransaction](), missing: parts.count))
        for part in parts {
            pool.add(.now) { [self] in
                let signed = room.check(part)
                let all = gathered.withLockedValue { state -> [SignedTransaction]? in
                    state.signed += signed
                    state.missing -= 1
                    return state.missing == 0 ? state.signed : nil
                }
                if let all { finish(all) }
            }
        }
    }

    private static func parts(_ transactions: [Transaction]) -> [[Transaction]] {
        stride(from: 0, to: transactions.count, by: jobSignaturesMax).map {
            Array(transactions[$0..<min($0 + jobSignaturesMax, transactions.count)])
        }
    }
}
