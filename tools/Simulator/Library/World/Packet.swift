internal import LedgerCrypto
package import Primitives
package import Replica

/// A message on its way: the bytes as the sender encoded them, decoded once for all receivers. Decoding is a pure
/// function of the bytes, so that sharing its result changes nothing.
package final class Packet: @unchecked Sendable {
    package let bytes: [UInt8]
    package let digest: Digest
    private var decoded: PeerMessage?

    package init(_ message: PeerMessage) {
        bytes = message.bcs
        digest = SHA256.hash(bytes)
    }

    /// What a receiver reads from the bytes.
    package func message() throws(BCSError) -> PeerMessage {
        if let decoded { return decoded }
        let message = try PeerMessage(bcs: bytes)
        decoded = message
        return message
    }
}
