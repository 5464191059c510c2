package import LedgerCrypto
package import Primitives

/// Random material.
package enum Draw {
    package static func digest() -> Digest {
        var generator = SystemRandomNumberGenerator()
        return Digest(words: (generator.next(), generator.next(), generator.next(), generator.next()))
    }

    package static func secretKey() -> Secp256k1.SecretKey {
        // A random 32-byte number is no valid key with probability 2^-128.
        while true { if let key = Secp256k1.SecretKey(digest().bytes) { return key } }
    }
}
