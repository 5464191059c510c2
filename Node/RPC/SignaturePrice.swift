internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What checking the signatures of submitted transactions costs a client, by the keys' schemes.
///
/// The unit is one check of secp256k1. The others are upper bounds of what libcrypto takes beside it, the decompression of a key that
/// comes for the first time included: such a batch of P-256 took seven times as long as one of secp256k1.
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
