internal import COpenSSL
package import Primitives

/// Ed25519 (RFC 8032) through libcrypto, made strict: small-order and non-canonical points are refused for the key
/// and for R, so that one signature verifies everywhere or nowhere.
package enum Ed25519 {
    // y of the points of order 1, 2, 4 and 8 on edwards25519, little-endian, without the sign bit.
    private static let smallOrder: Set<[UInt8]> = Set(
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ].compactMap(Hex.decode))

    package static func verify(_ signature: Signature, by key: PublicKey, message: [UInt8]) -> Bool {
        guard key.scheme == .ed25519, isSafePoint(key.bytes), isSafePoint(Array(signature.bytes[..<32])) else {
            return false
        }
        guard let parsed = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key.bytes, key.bytes.count) else {
            return false
        }
        defer { EVP_PKEY_free(parsed) }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, parsed) == 1 else { return false }
        return EVP_DigestVerify(context, signature.bytes, signature.bytes.count, message, message.count) == 1
    }

    /// Signature over `message` by the 32-byte seed; nil when the seed has another length.
    package static func sign(_ message: [UInt8], seed: [UInt8]) -> Signature? {
        guard seed.count == 32, let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, 32) else {
            return nil
        }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var out = [UInt8](repeating: 0, count: Signature.byteCount)
        var length = out.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &out, &length, message, message.count) == 1
        else { return nil }
        return Signature(out)
    }

    package static func publicKey(seed: [UInt8]) -> PublicKey? {
        guard seed.count == 32, let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, 32) else {
            return nil
        }
        defer { EVP_PKEY_free(key) }
        var out = [UInt8](repeating: 0, count: 32)
        var length = 32
        guard EVP_PKEY_get_raw_public_key(key, &out, &length) == 1 else { return nil }
        return PublicKey(scheme: .ed25519, bytes: out)
    }

    private static func isSafePoint(_ encoded: [UInt8]) -> Bool {
        guard encoded.count == 32 else { return false }
        var y = encoded
        y[31] &= 0x7f
        if smallOrder.contains(y) { return false }
        // Canonical means y < 2^255 - 19.
        let allHigh = y[31] == 0x7f && y[1..<31].allSatisfy { $0 == 0xff }
        return !(allHigh && y[0] >= 0xed)
    }
}

/// ECDSA over P-256 with SHA-256 digests, through libcrypto.
package enum P256 {
    /// (n - 1) / 2, big-endian: the largest s that the ledger accepts.
    private static let halfOrder =
        Hex.decode("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8") ?? []

    /// The ledger's rule: valid, and low-s.
    package static func verify(_ signature: Signature, by key: PublicKey, over digest: Digest) -> Bool {
        let s = signature.bytes[32...]
        guard !halfOrder.lexicographicallyPrecedes(s) else { return false }
        return verifyRaw(signature, by: key, over: digest)
    }

    /// The standard's rule (FIPS 186-5).
    package static func verifyRaw(_ signature: Signature, by key: PublicKey, over digest: Digest) -> Bool {
        guard key.scheme == .p256, let parsed = parse(key.bytes) else { return false }
        defer { EVP_PKEY_free(parsed) }
        guard let der = der(signature), let context = EVP_PKEY_CTX_new(parsed, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_verify_init(context) == 1 else { return false }
        return EVP_PKEY_verify(context, der, der.count, digest.bytes, Digest.byteCount) == 1
    }

    private static func parse(_ point: [UInt8]) -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_fromdata_init(context) == 1, let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        OSSL_PARAM_BLD_push_utf8_string(builder, "group", "prime256v1", 0)
        OSSL_PARAM_BLD_push_octet_string(builder, "pub", point, point.count)
        guard let parameters = OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata(context, &key, CW_EVP_PKEY_PUBLIC_KEY, parameters) == 1 else { return nil }
        return key
    }

    /// ASN.1 DER of (r, s), the form that libcrypto takes; nil for a zero number.
    private static func der(_ signature: Signature) -> [UInt8]? {
        guard let r = derInteger(signature.bytes[..<32]), let s = derInteger(signature.bytes[32...]) else {
            return nil
        }
        return [0x30, UInt8(r.count + s.count)] + r + s
    }

    private static func derInteger(_ big: ArraySlice<UInt8>) -> [UInt8]? {
        var digits = Array(big.drop { $0 == 0 })
        guard let first = digits.first else { return nil }
        if first >= 0x80 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
