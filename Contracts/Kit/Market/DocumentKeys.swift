package import Chain
package import LedgerCrypto
package import Primitives

/// Who speaks for a live DID of this network: what other contracts read of Identity's records, which go by SHA-256 of
/// the DID's text. A test keeps this reading in step with Identity's own types.
package struct DocumentKeys: Hashable, Sendable {
    static let keysMax = 16
    static let controllersMax = 4
    /// The bit of `capabilityInvocation`.
    static let controlBit: UInt8 = 4

    /// Signing keys of the newest document that control the DID.
    package let controlKeys: [PublicKey]
}

extension DocumentKeys: BCSDecodable {
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        var keys: [PublicKey] = []
        for _ in 0..<(try decoder.length(max: DocumentKeys.keysMax)) {
            let key = try PublicKey(from: &decoder)
            if try decoder.u8() & DocumentKeys.controlBit != 0 { keys.append(key) }
        }
        controlKeys = keys
        _ = try decoder.vector(of: Digest.self, max: DocumentKeys.controllersMax)
        _ = try decoder.option(Digest.self)
        _ = try decoder.u64()
    }
}

/// Whether a DID is deactivated, from the head of Identity's record.
struct DocumentHead: BCSDecodable {
    let isDeactivated: Bool

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        _ = try decoder.u8()
        _ = try decoder.digest()
        _ = try decoder.u32()
        isDeactivated = try decoder.bool()
        _ = try decoder.digest()
        _ = try decoder.u32()
    }
}

extension Context {
    /// The control keys of a DID by SHA-256 of its text; nil when this network has no such DID, or a deactivated one.
    package func documentKeys(_ did: Digest) throws(Rejection) -> DocumentKeys? {
        let head: DocumentHead? = try read(Directory.documentKey(did, Directory.documentHeads))
        guard let head, !head.isDeactivated else { return nil }
        return try read(Directory.documentKey(did, Directory.documentControls))
    }
}
