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
    /// Waiting batches of a provider that an upload looks at when it finds no room: what was anchored meanwhile no longer
    /// counts. `ReadingUpkeep` looks at all of them by and by.
    static let waitingLookedAt = 256

    /// Takes an upload: the provider must be the one that Identity names for the meter, the key one of its valid signing keys,
    /// and this node's partner one that may hold the readings. Gives what to anchor; until it is anchored it takes up room.
    /// While its chain is behind, a node takes those of its own partner only, which may have them whatever happened since.
    package func accept(_ upload: BatchUpload) throws -> BatchEntry {
        let chain = try view()
        if upload.provider != partner { try requireFresh(chain) }
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
        guard let span = batch.span, try mayHave(batch.meter, from: span.from, to: span.to, partner, chain) else {
            throw LakeRefusal(
                .notPermitted,
                "partner \(partner) may not hold readings of meter \(batch.meter): hand them in at the node of their data provider or of a partner of the member's community"
            )
        }
        return try take(upload, of: batch.meter, chain)
    }

    private func take(_ upload: BatchUpload, of meter: MeterNumber, _ chain: ChainView) throws -> BatchEntry {
        let digest = SHA256.hash(upload.bytes)
        if let anchor = try chain.anchor(digest), try chain.isReadings(anchor, of: meter) {
            if try chain.tombstone(digest, of: meter) != nil {
                throw LakeRefusal(.erased, "the owner declared batch \(digest.short) deleted")
            }
            return try lake.store(upload.bytes)
        }
        try requireRoom(for: upload, chain)
        // A chain that is behind would let the wait end too soon.
        return try lake.store(upload.bytes, waitingFor: upload.provider, since: max(chain.time, now()))
    }

    private func requireRoom(for upload: BatchUpload, _ chain: ChainView) throws {
        let (provider, byteCount) = (upload.provider, upload.bytes.count)
        if room.holds(lake.waitingTotal(of: provider), and: byteCount) { return }
        try lake.strikeAnchored(of: provider, limit: LakeService.waitingLookedAt, chain)
        let total = lake.waitingTotal(of: provider)
        if room.holds(total, and: byteCount) { return }
        throw LakeRefusal(
            .busy,
            "\(total.batches) batches of \(provider) (\(total.bytes) bytes) wait here for their anchors: anchor them, then hand in more; what is not anchored within \(AnchorWait.keptMilliseconds / 86_400_000) days goes by itself"
        )
    }
}
