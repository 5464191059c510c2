internal import CSecp256k1
package import Primitives

/// ECDSA over secp256k1 through libsecp256k1: deterministic nonces (RFC 6979), low-s signatures out.
package enum Secp256k1 {
    // The context is read-only after its creation, which makes it safe to share between threads.
    private nonisolated(unsafe) static let context: OpaquePointer = secp256k1_context_create(
        UInt32(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY))

    /// A secret scalar; never printed, compared or hashed.
    package struct SecretKey: Sendable, CustomStringConvertible {
        package let bytes: [UInt8]
        package let publicKey: PublicKey

        /// 32 bytes in [1, n - 1], else nil.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count == 32 else { return nil }
            var point = secp256k1_pubkey()
            guard secp256k1_ec_pubkey_create(context, &point, bytes) == 1 else { return nil }
            var compressed = [UInt8](repeating: 0, count: 33)
            var length = 33
            secp256k1_ec_pubkey_serialize(context, &compressed, &length, &point, UInt32(SECP256K1_EC_COMPRESSED))
            guard let key = PublicKey(scheme: .secp256k1, bytes: compressed) else { return nil }
            self.bytes = bytes
            publicKey = key
        }

        package var description: String { "secret key of \(publicKey)" }

        /// Low-s signature over a 32-byte digest.
        package func sign(_ digest: Digest) -> Signature {
            var raw = secp256k1_ecdsa_signature()
            var out = [UInt8](repeating: 0, count: Signature.byteCount)
            // Signing fails only for a secret key out of range, which `init` excludes.
            digest.withUnsafeBytes { message in
                _ = secp256k1_ecdsa_sign(context, &raw, message.baseAddress!, bytes, nil, nil)
            }
            secp256k1_ecdsa_signature_serialize_compact(context, &out, &raw)
            return Signature(out)!
        }
    }

    /// A parsed point. Parsing takes some 4 µs, so callers that see a key often keep this.
    package struct VerifyingKey: @unchecked Sendable {
        private let point: secp256k1_pubkey
        package let publicKey: PublicKey

        /// Nil when the bytes are no point of the curve or another scheme.
        package init?(_ key: PublicKey) {
            guard key.scheme == .secp256k1 else { return nil }
            var parsed = secp256k1_pubkey()
            guard secp256k1_ec_pubkey_parse(context, &parsed, key.bytes, key.bytes.count) == 1 else { return nil }
            point = parsed
            publicKey = key
        }

        /// The ledger's rule: valid, and low-s. Takes some 28 µs.
        package func verify(_ signature: Signature, _ digest: Digest) -> Bool {
            verify(signature, digest, acceptHighS: false)
        }

        /// The standard's rule: (r, s) and (r, n - s) are both valid.
        package func verifyRaw(_ signature: Signature, _ digest: Digest) -> Bool {
            verify(signature, digest, acceptHighS: true)
        }

        private func verify(_ signature: Signature, _ digest: Digest, acceptHighS: Bool) -> Bool {
            var raw = secp256k1_ecdsa_signature()
            guard secp256k1_ecdsa_signature_parse_compact(context, &raw, signature.bytes) == 1 else { return false }
            if acceptHighS {
                var low = secp256k1_ecdsa_signature()
                secp256k1_ecdsa_signature_normalize(context, &low, &raw)
                raw = low
            }
            // libsecp256k1 itself refuses high-s.
            return digest.withUnsafeBytes { message in
                withUnsafePointer(to: point) { secp256k1_ecdsa_verify(context, &raw, message.baseAddress!, $0) == 1 }
            }
        }
    }
}
