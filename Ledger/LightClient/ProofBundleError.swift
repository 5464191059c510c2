package import Primitives

/// Which check a proof bundle failed.
package enum ProofBundleError: Error, Hashable, Sendable {
    case tooLarge
    case network(Digest)
    /// The header is of an epoch before the trusted one: its validators may have lost their keys since.
    case epochBeforeTrusted(Epoch, trusted: Epoch)
    /// An epoch stands at the wrong place, or twice.
    case epochOrder(Epoch)
    /// The end of this epoch is missing.
    case epochMissing(Epoch)
    /// A header given as the last one of its epoch does not change the validators.
    case notAnEpochEnd(Epoch)
    /// A header or preimage has another validator set than the one that was certified for this epoch.
    case validatorSet(epoch: Epoch)
    /// A header does not follow the one before it by parent digest and height.
    case headerOrder(height: Height)
    case notAFinalization(height: Height)
    case certificateEpoch(height: Height)
    case certificateView(height: Height)
    case certificateDigest(height: Height)
    /// Signers are not strictly ascending, or outside the set.
    case signers(height: Height)
    case tooFewSigners(height: Height, found: Int, needed: Int)
    case signature(height: Height)
    /// Two final headers at one height: the verifier trusts another one. Somebody's validators signed both.
    case contradictsTrusted(height: Height)
    case fromTheFuture(time: Timestamp, now: Timestamp)
    case tooOld(milliseconds: UInt64, max: UInt64)
    /// The ICS-23 proof of this key does not lead to the header's state root, or to another value.
    case proof(key: [UInt8])
}

extension ProofBundleError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge: "the bundle has more entries, headers or epochs than the format allows"
        case .network(let found): "a header belongs to another network (\(found.short)): was the genesis file right?"
        case .epochBeforeTrusted(let found, let trusted):
            "the header is of epoch \(found), before the trusted epoch \(trusted): ask for a newer proof"
        case .epochOrder(let epoch): "epoch \(epoch) stands where another one belongs"
        case .epochMissing(let epoch):
            "the end of epoch \(epoch) is missing: ask for a bundle from your trusted epoch on"
        case .notAnEpochEnd(let epoch): "the header given as end of epoch \(epoch) does not end it"
        case .validatorSet(let epoch): "the validators of epoch \(epoch) are not the certified ones"
        case .headerOrder(let height): "the header at height \(height) does not follow the one before it"
        case .notAFinalization(let height): "the certificate for height \(height) is no finalization"
        case .certificateEpoch(let height): "the finalization for height \(height) is of another epoch"
        case .certificateView(let height): "the finalization for height \(height) is of another view"
        case .certificateDigest(let height): "the finalization for height \(height) is about another block"
        case .signers(let height): "the signers for height \(height) are not distinct members in ascending order"
        case .tooFewSigners(let height, let found, let needed):
            "\(found) validators signed for height \(height), \(needed) are needed"
        case .signature(let height): "a signature for height \(height) is wrong"
        case .contradictsTrusted(let height):
            "height \(height) has another final header than the trusted one: keep both and tell the consortium"
        case .fromTheFuture(let time, let now): "the header's time \(time) lies ahead of this clock (\(now))"
        case .tooOld(let age, let max): "the header is \(age) ms old, at most \(max) ms were asked for"
        case .proof(let key): "the proof of key \(Hex.encode(key)) does not fit the header's state root"
        }
    }
}
