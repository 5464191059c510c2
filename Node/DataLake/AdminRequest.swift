internal import Foundation
package import LedgerCrypto
package import Primitives

/// The one process that a request of its operator is for. A node tells its own to whoever asks (`path`); requests are signed
/// over it, so that a copy of one is nothing to another node of the partner, nor to this one after it started again.
package struct AdminAudience: Hashable, BCSCodable, Sendable {
    package static let path = "/v1/admin/audience"

    /// Id of the network.
    package let network: Digest
    /// The node's transport key, its name among its peers.
    package let node: Digest
    /// Chosen at random when the process began.
    package let run: Digest

    package init(network: Digest, node: Digest, run: Digest) {
        self.network = network
        self.node = node
        self.run = run
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(network)
        encoder.fixed(node)
        encoder.fixed(run)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        network = try decoder.digest()
        node = try decoder.digest()
        run = try decoder.digest()
    }
}

/// A request that only this node's own partner may make (settle, statements, member keys): the payload, signed with one
/// of the partner's keys. BCS. Valid for a minute around its time, for one operation and one audience.
package struct AdminRequest: BCSCodable, Sendable {
    package static let payloadBytesMax = 512 * 1024
    package static let ageMillisecondsMax: UInt64 = 60_000
    private static let domain = Array("commonwatt/admin/2".utf8)

    package let time: Timestamp
    package let audience: AdminAudience
    package let key: PublicKey
    package let payload: [UInt8]
    package let signature: Signature

    package init(signing payload: [UInt8], operation: String, audience: AdminAudience, key: Secp256k1.SecretKey) {
        time = Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1_000)))
        self.audience = audience
        self.key = key.publicKey
        self.payload = payload
        signature = key.sign(AdminRequest.digest(payload, operation, audience, time))
    }

    private static func digest(
        _ payload: [UInt8], _ operation: String, _ audience: AdminAudience, _ time: Timestamp
    ) -> Digest {
        var encoder = BCSEncoder()
        encoder.value(audience)
        encoder.string(operation)
        encoder.value(time)
        encoder.blob(payload)
        return SigningDomain.digest(domain, encoder.bytes)
    }

    /// Why the request is not taken; nil when it is. `audience` is the node's own, `keys` are the partner's.
    package func problem(
        operation: String, audience own: AdminAudience, keys: [PublicKey], now: Timestamp
    ) -> String? {
        guard keys.contains(key) else {
            return "the key is none of this node's partner: sign with the partner's operator key"
        }
        guard audience == own else {
            return audience.node == own.node && audience.network == own.network
                ? "it was signed for this node before it started again: ask for \(AdminAudience.path) and sign anew"
                : "it was signed for the node \(audience.node) of network \(audience.network), and this is \(own.node) of \(own.network)"
        }
        let age = max(now.milliseconds, time.milliseconds) - min(now.milliseconds, time.milliseconds)
        guard age <= AdminRequest.ageMillisecondsMax else {
            return "the request was signed \(age / 1000) s from this node's time: check the clocks"
        }
        let digest = AdminRequest.digest(payload, operation, audience, time)
        guard SignatureVerifier.verify(signature, by: key, over: digest) else {
            return "the signature does not fit the request"
        }
        return nil
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(time)
        encoder.value(audience)
        encoder.value(key)
        encoder.blob(payload)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        time = try Timestamp(from: &decoder)
        audience = try AdminAudience(from: &decoder)
        key = try PublicKey(from: &decoder)
        payload = try decoder.blob(max: AdminRequest.payloadBytesMax)
        signature = try Signature(from: &decoder)
    }
}
