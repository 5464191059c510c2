internal import Chain
internal import Consensus
internal import Logging
internal import Primitives
internal import Replica
internal import Transport

/// Takes what peers send: decodes it, checks signatures of transactions ahead of the replica, and puts it into the
/// inbox. Small things are done at once on the transport's loop; what takes long goes to the pool. A peer whose bytes are no
/// message is shunned.
final class Intake: PeerNetworkReceiver {
    /// Larger messages are decoded in the pool.
    private static let inlineBytesMax = 16 * 1024
    /// More signatures than this are checked in the pool; fewer take less time than the way there.
    private static let inlineSignaturesMax = 4

    let inbox: Inbox
    let book: PeerBook
    let seen: SeenSignatures
    let counters: CounterBox
    let pool: WorkPool
    let services: PeerServices

    init(
        inbox: Inbox, book: PeerBook, seen: SeenSignatures, counters: CounterBox, pool: WorkPool,
        services: PeerServices
    ) {
        self.inbox = inbox
        self.book = book
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
        guard message.channel == 0 else { return services.received(message) }
        if message.bytes.count > Intake.inlineBytesMax {
            pool.add { [self] in
                if let decoded = decode(message) { deliver(decoded, message) }
            }
            return
        }
        guard let decoded = decode(message) else { return }
        // A proposal that names much comes after the gossip that brings it.
        if case .consensus(.proposal(let proposal), let inline) = decoded, inline.isEmpty,
            !proposal.transactions.isEmpty, pool.isBusy
        {
            return pool.add { [self] in deliver(decoded, message) }
        }
        let unchecked = decoded.uncheckedTransactions
        if unchecked.count <= Intake.inlineSignaturesMax || seen.unknown(unchecked).count <= Intake.inlineSignaturesMax
        {
            deliver(decoded, message)
        } else {
            pool.add { [self] in deliver(decoded, message) }
        }
    }

    private func decode(_ message: ReceivedMessage) -> PeerMessage? {
        do {
            let decoded = try PeerMessage.decode(message.bytes)
            book.observe(decoded, from: message.peer)
            return decoded
        } catch {
            counters.add { $0.malformedMessages += 1 }
            services.shun(message.peer, "it sent bytes that are no message: \(error)")
            return nil
        }
    }

    /// Checks the signatures that are not known to be right and hands over.
    private func deliver(_ decoded: PeerMessage, _ message: ReceivedMessage) {
        let unknown = seen.unknown(decoded.uncheckedTransactions)
        let signed = seen.verify(unknown)
        if !unknown.isEmpty {
            counters.add {
                $0.signaturesChecked += UInt64(unknown.count)
                $0.signaturesWrong += UInt64(unknown.count - signed.count)
            }
        }
        if case .transactions = decoded {
            // Those known already came from another peer or are in the chain.
            guard !signed.isEmpty else { return }
            return inbox.add(
                Admission(peer: message.peer, transactions: signed, answer: nil, credit: message.credit))
        }
        var events: [ReplicaEvent] = []
        if !signed.isEmpty { events.append(.checked(signed)) }
        events.append(.message(decoded, from: message.peer))
        inbox.add(events, message.credit)
    }
}
