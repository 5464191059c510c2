internal import Chain
internal import LedgerCrypto
internal import NIOConcurrencyHelpers
internal import Replica

/// Parsed keys of lately seen senders: parsing takes an eighth of a signature check, and few keys send nearly
/// everything. Two generations of at most `countMax`; only keys that signed rightly enter, so that a flood of made-up
/// senders does not push the others out.
final class SenderKeys: Sendable {
    private static let countMax = 4_096

    private struct Generations {
        var young: [PublicKey: Secp256k1.VerifyingKey] = [:]
        var old: [PublicKey: Secp256k1.VerifyingKey] = [:]
    }

    private let box = NIOLockedValueBox(Generations())

    /// Checks the signature; nil when it is wrong.
    func verify(_ transaction: Transaction) -> SignedTransaction? {
        let sender = transaction.body.sender
        guard sender.scheme == .secp256k1 else { return SignedTransaction(verifying: transaction) }
        if let known = box.withLockedValue({ $0.young[sender] }) {
            return SignedTransaction(verifying: transaction, by: known)
        }
        guard let key = box.withLockedValue({ $0.old[sender] }) ?? Secp256k1.VerifyingKey(sender),
            let signed = SignedTransaction(verifying: transaction, by: key)
        else { return nil }
        box.withLockedValue { generations in
            generations.young[sender] = key
            guard generations.young.count >= SenderKeys.countMax else { return }
            generations.old = generations.young
            generations.young = [:]
        }
        return signed
    }
}
