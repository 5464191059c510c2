internal import COpenSSL
package import Primitives

/// Key agreement on Curve25519 (RFC 7748). The ledger only writes such keys down.
package enum X25519 {
    /// The public key of 32 secret bytes; nil for another length.
    package static func publicKey(secret: [UInt8]) -> Digest? {
        guard secret.count == 32, let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, secret, 32) else {
            return nil
        }
        defer { EVP_PKEY_free(key) }
        var out = [UInt8](repeating: 0, count: 32)
        var length = 32
        guard EVP_PKEY_get_raw_public_key(key, &out, &length) == 1 else { return nil }
        return Digest(out)
    }
}
