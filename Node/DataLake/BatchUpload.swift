internal import Chain
internal import ContractKit
package import LedgerCrypto
package import Primitives
package import Trading

/// A batch as a data provider hands it in at the door: the bytes, signed with a key that the provider has registered in
/// Identity.
package struct BatchUpload: Hashable, Sendable, BCSCodable {
    package let provider: String
    package let bytes: [UInt8]
    package let key: PublicKey
    /// Over `SHA-256("commonwatt/batch/1" || network || SHA-256(bytes))`.
    package let signature: Signature

    package init(provider: String, bytes: [UInt8], key: PublicKey, signature: Signature) {
        self.provider = provider
        self.bytes = bytes
        self.key = key
        self.signature = signature
    }

    package init(signing batch: ReadingBatch, network: Digest, provider: String, key: Secp256k1.SecretKey) {
        let bytes = batch.bcs
        let digest = BatchUpload.signingDigest(network: network, batch: SHA256.hash(bytes))
        self.init(provider: provider, bytes: bytes, key: key.publicKey, signature: key.sign(digest))
    }

    package static func signingDigest(network: Digest, batch: Digest) -> Digest {
        SigningDomain.digest(SigningDomain.batch, network.bytes + batch.bytes)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(provider)
        encoder.blob(bytes)
        encoder.value(key)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        provider = try decoder.string(max: Partner.idBytesMax)
        bytes = try decoder.blob(max: ReadingBatch.byteCountMax)
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

extension LakeService {
    /// Takes an upload: the provider must be the one that Identity names for the meter, and the key one of its valid
    /// signing keys. Gives what to anchor.
    package func accept(_ upload: BatchUpload) throws -> BatchEntry {
        let chain = try view()
        guard let batch = try? ReadingBatch(bcs: upload.bytes) else {
            throw LakeRefusal(.malformed, "the upload is no reading batch; write it as ReadingBatch documents")
        }
        guard let meter = try chain.meter(batch.meter), meter.dataProvider == upload.provider, !meter.isRetired else {
            throw LakeRefusal(
                .notPermitted, "\(upload.provider) does not provide the readings of meter \(batch.meter)")
        }
        if try chain.isSuspended(upload.provider) {
            throw LakeRefusal(.notPermitted, "partner \(upload.provider) is suspended")
        }
        let key: SigningKey? = try chain.read(
            Directory.signingKeys, Pair(upload.provider, upload.key), of: WellKnown.identity)
        let replaced = try chain.read(Directory.keysReplaced, upload.provider, of: WellKnown.governance)
        guard let key, key.isValid(at: chain.time, keysReplaced: replaced) else {
            throw LakeRefusal(.notPermitted, "the key is no valid signing key of \(upload.provider)")
        }
        let digest = BatchUpload.signingDigest(network: chain.network, batch: SHA256.hash(upload.bytes))
        guard SignatureVerifier.verify(upload.signature, by: upload.key, over: digest) else {
            throw LakeRefusal(.notPermitted, "the signature does not fit the batch")
        }
        return try hold(upload.bytes)
    }
}
