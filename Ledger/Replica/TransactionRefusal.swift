package import Chain
package import Primitives

/// Why a node does not pool a transaction, or dropped it from its pool. A node's own answer, no part of consensus.
package enum TransactionRefusal: Error, Hashable, Sendable {
    case otherNetwork
    case badSignature
    case expired(expiry: Timestamp, now: Timestamp)
    case expiryTooFar(expiry: Timestamp, latest: Timestamp)
    /// In the pool already.
    case pending
    /// The same body with another signature is known by this digest: in the pool, or it ran.
    case signedOtherwise(Digest)
    /// A transaction with the same signed digest is in the chain already.
    case included
    case senderQuota(transactionsMax: Int, bytesMax: Int)
    case poolFull
    /// Larger than a block may be.
    case tooLarge(bytesMax: Int)
    /// The application refuses the sender or the transaction over the current state.
    case notAdmitted(Rejection)
    /// The node is catching up or has a storage failure; another node may take it.
    case unavailable(String)

    /// Why a transaction of this expiry is not pooled for a block at `time`; nil when its expiry is right. How far ahead it may
    /// be goes by the clock.
    package static func ofExpiry(_ expiry: Timestamp, at time: Timestamp, now: Timestamp) -> TransactionRefusal? {
        guard expiry >= time else { return .expired(expiry: expiry, now: time) }
        let latest = now.adding(milliseconds: Transaction.lifetimeMillisecondsMax)
        return expiry <= latest ? nil : .expiryTooFar(expiry: expiry, latest: latest)
    }

    /// Stable name for machines.
    package var code: String {
        switch self {
        case .otherNetwork: "other-network"
        case .badSignature: "bad-signature"
        case .expired: "expired"
        case .expiryTooFar: "expiry-too-far"
        case .pending: "pending"
        case .signedOtherwise: "signed-otherwise"
        case .included: "included"
        case .senderQuota: "sender-quota"
        case .poolFull: "pool-full"
        case .tooLarge: "too-large"
        case .notAdmitted: "not-admitted"
        case .unavailable: "unavailable"
        }
    }
}

extension TransactionRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherNetwork: "the transaction was made for another network: check the genesis that the client uses"
        case .badSignature: "the signature does not fit the transaction and its sender"
        case .expired(let expiry, let now):
            "the transaction expired at \(expiry) ms and it is \(now) ms: sign it again with a later expiry"
        case .expiryTooFar(let expiry, let latest):
            "the expiry of \(expiry) ms lies too far ahead, at most \(latest) ms is taken now: check the clock"
        case .pending: "the same transaction waits in the pool already"
        case .signedOtherwise(let known):
            "the same transaction with another signature is here as \(known): follow that one, it runs once"
        case .included: "the same transaction is in the chain already, by this digest or with another signature"
        case .senderQuota(let transactions, let bytes):
            "the sender has \(transactions) transactions or \(bytes) bytes waiting already: wait until some are final"
        case .poolFull: "the pool of this node is full: try again in a moment"
        case .tooLarge(let bytes): "the transaction is larger than the \(bytes) bytes that fit a block"
        case .notAdmitted(let rejection): "not admitted: \(rejection)"
        case .unavailable(let why): "this node cannot take transactions now: \(why)"
        }
    }
}
