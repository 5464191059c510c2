package import Chain
internal import Primitives

/// The rule for transactions in gossip, proposals and answers, for whoever checks signatures ahead of a replica. An honest node
/// pools, proposes and hands out only what it, or a quorum, checked: at the first wrong signature the peer is to be shunned,
/// and what follows is not looked at. So a flood of wrong signatures costs one check each time that the peer may link again.
package struct SignatureCheck: Sendable {
    /// Those before the first wrong signature, in their order.
    package private(set) var signed: [SignedTransaction] = []
    /// The first one with a wrong signature; its sender is to be shunned.
    package private(set) var wrong: Transaction?

    /// `check` gives nil for a wrong signature.
    package init(_ transactions: [Transaction], check: (Transaction) -> SignedTransaction?) {
        for transaction in transactions {
            guard let one = check(transaction) else {
                wrong = transaction
                return
            }
            signed.append(one)
        }
    }

    /// Why the peer is shunned; nil when it is not.
    package var reason: String? {
        wrong.map { "it sent transaction \($0.digest.short) with a wrong signature" }
    }
}
