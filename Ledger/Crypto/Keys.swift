package import Primitives

/// Signature schemes by their wire tag.
package enum SignatureScheme: UInt8, Hashable, Sendable, CaseIterable {
    /// ECDSA over secp256k1 with SHA-256; the default, and the only one of consensus votes.
    case secp256k1 = 0
    /// Ed25519 (RFC 8032), strict: canonical encodings only, no small-order points.
    case ed25519 = 1
    /// ECDSA over P-256 with SHA-256.
    case p256 = 2

    /// Bytes of a public key: compressed points, or the 32 bytes of RFC 8032.
    package var publicKeyByteCount: Int { self == .ed25519 ? 32 : 33 }
}

/// A public key as it is written in transactions and genesis: scheme tag, then the key's bytes.
package struct PublicKey: Hashable, Sendable {
    package let scheme: SignatureScheme
    package let bytes: [UInt8]

    /// Nil when the length does not fit the scheme. The point itself is checked when a signature is.
    package init?(scheme: SignatureScheme, bytes: [UInt8]) {
        guard bytes.count == scheme.publicKeyByteCount else { return nil }
        self.scheme = scheme
        self.bytes = bytes
    }

    /// The bytes at once; an array's own hash takes them one by one.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(scheme.rawValue)
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension PublicKey: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.uleb(UInt32(scheme.rawValue))
        encoder.fixed(bytes)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let tag = try decoder.uleb()
        guard let small = UInt8(exactly: tag), let scheme = SignatureScheme(rawValue: small) else {
            throw decoder.failure(.unknownTag(tag))
        }
        self.scheme = scheme
        self.bytes = try decoder.fixed(scheme.publicKeyByteCount)
    }
}

extension PublicKey: CustomStringConvertible {
    /// `<scheme>:<hex>`, the form of files, commands and JSON.
    package var description: String { "\(scheme):\(Hex.encode(bytes))" }

    /// Parses `<scheme>:<hex>`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let scheme = SignatureScheme.allCases.first(where: { "\($0)" == parts[0] }),
            let bytes = Hex.decode(parts[1])
        else { return nil }
        self.init(scheme: scheme, bytes: bytes)
    }
}

/// 64 bytes: `r || s` big-endian for ECDSA, `R || S` for Ed25519.
package struct Signature: Hashable, Sendable {
    package static let byteCount = 64
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Signature.byteCount else { return nil }
        self.bytes = bytes
    }
}

extension Signature: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) { encoder.fixed(bytes) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { bytes = try decoder.fixed(Signature.byteCount) }
}

/// Text that separates what a signature means, so that one made for a vote can never pass as a transaction.
package enum SigningDomain {
    package static let transaction = Array("commonwatt/tx/1".utf8)
    package static let vote = Array("commonwatt/vote/1".utf8)
    package static let attestation = Array("commonwatt/attest/1".utf8)
    package static let batch = Array("commonwatt/batch/1".utf8)
    package static let genesisPart = Array("commonwatt/genesis-part/1".utf8)
    package static let peer = Array("commonwatt/peer/1".utf8)

    /// `SHA-256(domain || message)`.
    package static func digest(_ domain: [UInt8], _ message: [UInt8]) -> Digest {
        SHA256.hash(prefix: domain, message)
    }
}
