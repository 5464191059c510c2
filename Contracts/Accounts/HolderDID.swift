internal import Encodings
package import LedgerCrypto
package import Primitives

/// How holders are named on chain: by SHA-256 of their DID as text. A person's is made for this market alone, so that it
/// leads nowhere else.
package enum HolderDID {
    package static func digest(_ did: some StringProtocol) -> Digest { SHA256.hash(Array(did.utf8)) }

    /// The DIDs of a person that are nothing but this key.
    package static func texts(of key: PublicKey) -> [String] {
        let multikey = Multicodec.multikey(key)
        return ["did:key:\(multikey)", "did:peer:0\(multikey)"]
    }

    /// Whether `key` is all of the personal DID behind `holder`.
    package static func isPerson(_ holder: Digest, with key: PublicKey) -> Bool {
        texts(of: key).contains { digest($0) == holder }
    }
}
