internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What checking the signatures of submitted transactions costs a client, by the keys' schemes.
///
/// The unit is one check of secp256k1, some 28 µs with a key that the node has seen before. Measured on one core of the
/// reports' machine, for keys that come for the first time: see the weights.
enum SignaturePrice {
    /// Units that one token pays for.
    static let unitsPerToken = 64

    static func units(_ scheme: SignatureScheme) -> Int {
        switch scheme {
        case .secp256k1: 1
        case .ed25519: 4
        case .p256: 7
        }
    }

    /// The same by the bytes of a transaction, of which only network and sender are read; 1 for what is none.
    static func units(of transaction: [UInt8]) -> Int {
        var decoder = BCSDecoder(transaction)
        guard (try? decoder.digest()) != nil, let sender = try? PublicKey(from: &decoder) else { return 1 }
        return units(sender.scheme)
    }
}
