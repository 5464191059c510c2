package import Primitives

/// Verifies a signature of any scheme by the ledger's strict rules (low-s for both ECDSA curves, strict Ed25519).
package enum SignatureVerifier {
    /// False for bytes that are no key or no signature. Never traps.
    package static func verify(_ signature: Signature, by key: PublicKey, over digest: Digest) -> Bool {
        switch key.scheme {
        case .secp256k1: Secp256k1.VerifyingKey(key)?.verify(signature, digest) ?? false
        case .ed25519: Ed25519.verify(signature, by: key, message: digest.bytes)
        case .p256: P256.verify(signature, by: key, over: digest)
        }
    }
}
