internal import Foundation
package import LedgerCrypto
package import Primitives

/// A request that only this node's own partner may make (settle, statements, member keys): the payload, signed with one
/// of the partner's keys. BCS. Valid for a minute around its time, on one network and for one operation.
package struct AdminRequest: BCSCodable, Sendable {
    package static let payloadBytesMax = 512 * 1024
    package static let ageMillisecondsMax: UInt64 = 60_000
    private static let domain = Array("commonwatt/admin/1".utf8)

    package let time: Timestamp
    package let key: PublicKey
    package let payload: [UInt8]
    package let signature: Signature

    package init(signing payload: [UInt8], operation: String, network: Digest, key: Secp256k1.SecretKey) {
        time = Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1_000)))
        self.key = key.publicKey
        self.payload = payload
        signature = key.sign(AdminRequest.digest(payload, operation, network, time))
    }

    private static func digest(_ payload: [UInt8], _ operation: String, _ network: Digest, _ time: Timestamp) -> Digest
    {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encoder.string(operation)
        encoder.value(time)
        encoder.blob(payload)
        return SigningDomain.digest(domain, encoder.bytes)
    }

    /// Why the request is not taken; nil when it is. `keys` are the partner's own.
    package func problem(operation: String, network: Digest, keys: [PublicKey], now: Timestamp) -> String? {
        guard keys.contains(key) else {
            return "the key is none of this node's partner: sign with the partner's operator key"
        }
        let age = max(now.milliseconds, time.milliseconds) - min(now.milliseconds, time.milliseconds)
        guard age <= AdminRequest.ageMillisecondsMax else {
            return "the request was signed \(age / 1000) s from this node's time: check the clocks"
        }
        let digest = AdminRequest.digest(payload, operation, network, time)
        guard SignatureVerifier.verify(signature, by: key, over: digest) else {
            return "the signature does not fit the request"
        }
        return nil
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(time)
        encoder.value(key)
        encoder.blob(payload)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        time = try Timestamp(from: &decoder)
        key = try PublicKey(from: &decoder)
        payload = try decoder.blob(max: AdminRequest.payloadBytesMax)
        signature = try Signature(from: &decoder)
    }
}
