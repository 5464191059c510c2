package import Chain
package import LedgerCrypto
package import Primitives

/// Names a peer: SHA-256 of the DER SubjectPublicKeyInfo of its TLS certificate, the `transportKey` of a validator.
package typealias PeerID = Digest

/// A transaction whose signature was checked. Only a check makes one, so that nothing unchecked is pooled or executed.
package struct SignedTransaction: Sendable, Hashable {
    package let transaction: Transaction

    /// Checks the signature (some 28 µs for secp256k1); nil when it is wrong. The runtime does it in parallel.
    package init?(verifying transaction: Transaction) {
        guard transaction.verifySignature() else { return nil }
        self.transaction = transaction
    }

    /// The same by a parsed form of the sender's key: parsing takes an eighth of the check.
    package init?(verifying transaction: Transaction, by key: Secp256k1.VerifyingKey) {
        guard transaction.verifySignature(by: key) else { return nil }
        self.transaction = transaction
    }

    /// A transaction of a block that a quorum certified or that this node checked before it was stored.
    init(certified transaction: Transaction) { self.transaction = transaction }

    package var digest: Digest { transaction.digest }
}
