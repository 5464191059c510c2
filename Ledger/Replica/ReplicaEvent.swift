/// What happens to a replica. The runtime delivers events one at a time, each with the time at which it happened.
package enum ReplicaEvent: Sendable {
    /// The time asked for by `ReplicaEffect.wake` has come (early or extra ticks do no harm).
    case tick
    /// A message that the peer's authenticated link carried. Undecodable bytes never get here: the runtime drops the link.
    /// A `.transactions` message is given as `gossiped` instead, once `SignatureCheck` has looked at it.
    case message(PeerMessage, from: PeerID)
    /// Transactions that a peer gossiped, signatures checked: those before the first wrong one.
    case gossiped([SignedTransaction], from: PeerID)
    /// Transactions whose signatures were checked ahead of their use, those of a proposal or an answer that is about to be
    /// delivered. Only spares the replica the check; they are not pooled.
    case checked([SignedTransaction])
    /// A link to the peer is up; both sides may send.
    case connected(PeerID)
    case disconnected(PeerID)
    /// Transactions from this node's clients. Answered in the same step by `ReplicaEffect.answered` with the same ticket.
    case submitted([SignedTransaction], ticket: UInt64)
    /// Every journal record up to this sequence number survives a power loss.
    case journaled(upTo: UInt64)
    /// Every store batch up to this sequence number survives a power loss.
    case stored(upTo: UInt64)
}
