package import LedgerCrypto
package import Primitives

/// Prefixes of the multicodec table (unsigned varints) that identity uses.
package enum Multicodec {
    package static let x25519: [UInt8] = [0xec, 0x01]

    package static func prefix(_ scheme: SignatureScheme) -> [UInt8] {
        switch scheme {
        case .ed25519: [0xed, 0x01]
        case .secp256k1: [0xe7, 0x01]
        case .p256: [0x80, 0x24]
        }
    }

    /// The `publicKeyMultibase` of a Multikey: base58btc of prefix and key.
    package static func multikey(_ key: PublicKey) -> String {
        Multibase.encode(prefix(key.scheme) + key.bytes, base: UInt8(ascii: "z")) ?? ""
    }

    /// The key of a `publicKeyMultibase`; nil for other text or another kind of key.
    package static func key(multikey text: String) -> PublicKey? {
        guard let bytes = Multibase.decode(text), bytes.count > 2 else { return nil }
        let scheme = SignatureScheme.allCases.first { prefix($0) == Array(bytes.prefix(2)) }
        return scheme.flatMap { PublicKey(scheme: $0, bytes: Array(bytes.dropFirst(2))) }
    }
}

/// A SHA-256 digest that says that it is one: `12 20` and 32 bytes; as text base58btc without a multibase prefix.
package enum Multihash {
    private static let prefix: [UInt8] = [0x12, 0x20]
    /// Characters of the text: always so many.
    package static let textBytes = 46

    package static func text(_ digest: Digest) -> String { Base58.encode(prefix + digest.bytes) ?? "" }

    /// Whether `digest` would read the text. Texts of one length are ordered as the numbers that they stand for, since the
    /// alphabet is, so that the ends of the range say it without reading the number.
    package static func isText(_ units: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        units.count == textBytes && units.allSatisfy(Base58.hasDigit) && !units.lexicographicallyPrecedes(least)
            && !greatest.lexicographicallyPrecedes(units)
    }

    private static let least = Array(text(.zero).utf8)
    private static let greatest = Array(text(Digest(words: (.max, .max, .max, .max))).utf8)

    package static func digest(_ text: some StringProtocol) -> Digest? {
        guard text.utf8.count == textBytes, let bytes = Base58.decode(text), bytes.count == 34,
            Array(bytes.prefix(2)) == prefix
        else { return nil }
        return Digest(bytes.dropFirst(2))
    }
}
