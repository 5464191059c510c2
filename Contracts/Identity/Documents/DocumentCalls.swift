package import ContractKit
package import LedgerCrypto
package import Primitives

/// A signature by a key that may act for a DID.
package struct Authorisation: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package let signature: Signature

    package init(key: PublicKey, signature: Signature) {
        self.key = key
        self.signature = signature
    }

    package static let shape = Shape.fields("Authorisation", ("key", .publicKey), ("signature", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

/// What is signed for each operation: `SHA-256(domain || network id || parts)`.
package enum OperationDigest {
    /// Parts: the canonical create operation.
    package static func create(network: Digest, operation: [UInt8]) -> Digest {
        digest("commonwatt/did-create/1", network, operation)
    }

    /// Parts: `<id>`, u32 previous versionId, digest of the new canonical document, option of the next commitment.
    package static func update(
        network: Digest, did: Digest, previous: UInt32, document: Digest, nextKey: Digest?
    ) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(did)
        encoder.u32(previous)
        encoder.fixed(document)
        encoder.option(nextKey)
        return digest("commonwatt/did-update/1", network, encoder.bytes)
    }

    /// Parts: `<id>`, u32 previous versionId.
    package static func deactivate(network: Digest, did: Digest, previous: UInt32) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(did)
        encoder.u32(previous)
        return digest("commonwatt/did-deactivate/1", network, encoder.bytes)
    }

    /// Parts: `<id>`, u64 sequence, key, u8 rights (0 ends the grant), u64 expiry.
    package static func grant(
        network: Digest, did: Digest, sequence: UInt64, key: PublicKey, _ grant: GrantRights, _ expiry: Timestamp
    )
        -> Digest
    {
        var encoder = BCSEncoder()
        encoder.fixed(did)
        encoder.u64(sequence)
        encoder.value(key)
        encoder.value(grant)
        encoder.value(expiry)
        return digest("commonwatt/did-grant/1", network, encoder.bytes)
    }

    /// Parts: digest of the object's DID URL, u32 previous version (0 for none), digest of the canonical content.
    package static func object(network: Digest, object: Digest, previous: UInt32, content: Digest) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(object)
        encoder.u32(previous)
        encoder.fixed(content)
        return digest("commonwatt/did-object/1", network, encoder.bytes)
    }

    /// SHA-256 of the BCS of a key: the commitment to it.
    package static func commitment(to key: PublicKey) -> Digest { SHA256.hash(key.bcs) }

    private static func digest(_ domain: String, _ network: Digest, _ parts: [UInt8]) -> Digest {
        SigningDomain.digest(Array(domain.utf8), network.bytes + parts)
    }
}

package struct CreateDocument: Hashable, Sendable, ContractValue {
    package let content: DocumentContent
    /// Commitment to the key that alone may change the document next.
    package let nextKey: Digest?
    /// By each signing key of the document, in its order, over `OperationDigest.create`.
    package let proofs: [Signature]

    package init(content: DocumentContent, nextKey: Digest?, proofs: [Signature]) {
        self.content = content
        self.nextKey = nextKey
        self.proofs = proofs
    }

    package static let shape = Shape.fields(
        "CreateDocument", ("content", DocumentContent.shape), ("nextKey", .option(.digest)),
        ("proofs", .list(.signature, max: DocumentContent.keysMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(content)
        encoder.option(nextKey)
        encoder.vector(proofs)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        content = try DocumentContent(from: &decoder)
        nextKey = try decoder.option()
        proofs = try decoder.vector(max: DocumentContent.keysMax)
    }
}

package struct UpdateDocument: Hashable, Sendable, ContractValue {
    /// `<id>` of the DID as a digest.
    package let did: Digest
    /// versionId of the document that this one follows.
    package let previous: UInt32
    package let content: DocumentContent
    package let nextKey: Digest?
    package let authorisation: Authorisation
    /// By each signing key that the previous document does not have, in the new document's order.
    package let proofs: [Signature]

    package init(
        did: Digest, previous: UInt32, content: DocumentContent, nextKey: Digest?, authorisation: Authorisation,
        proofs: [Signature]
    ) {
        self.did = did
        self.previous = previous
        self.content = content
        self.nextKey = nextKey
        self.authorisation = authorisation
        self.proofs = proofs
    }

    package static let shape = Shape.fields(
        "UpdateDocument", ("did", .digest), ("previous", .u32), ("content", DocumentContent.shape),
        ("nextKey", .option(.digest)), ("authorisation", Authorisation.shape),
        ("proofs", .list(.signature, max: DocumentContent.keysMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.u32(previous)
        encoder.value(content)
        encoder.option(nextKey)
        encoder.value(authorisation)
        encoder.vector(proofs)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        previous = try decoder.u32()
        content = try DocumentContent(from: &decoder)
        nextKey = try decoder.option()
        authorisation = try Authorisation(from: &decoder)
        proofs = try decoder.vector(max: DocumentContent.keysMax)
    }
}

package struct DeactivateDocument: Hashable, Sendable, ContractValue {
    package let did: Digest
    package let previous: UInt32
    package let authorisation: Authorisation

    package init(did: Digest, previous: UInt32, authorisation: Authorisation) {
        self.did = did
        self.previous = previous
        self.authorisation = authorisation
    }

    package static let shape = Shape.fields(
        "DeactivateDocument", ("did", .digest), ("previous", .u32), ("authorisation", Authorisation.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.u32(previous)
        encoder.value(authorisation)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        previous = try decoder.u32()
        authorisation = try Authorisation(from: &decoder)
    }
}

package struct VoteDeactivation: Hashable, Sendable, ContractValue {
    /// 2 keys lost or stolen, 3 organisation dissolved, 4 order of a court or authority, 5 made in error.
    package static let reasons: ClosedRange<UInt16> = 2...5

    package let did: Digest
    package let reason: UInt16

    package init(did: Digest, reason: UInt16) {
        self.did = did
        self.reason = reason
    }

    package static let shape = Shape.fields("VoteDeactivation", ("did", .digest), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        reason = try decoder.u16()
    }
}

/// A grant, or its end when `rights` is empty.
package struct SetGrant: Hashable, Sendable, ContractValue {
    package let did: Digest
    /// Number of the grants and ends of this DID so far.
    package let sequence: UInt64
    package let key: PublicKey
    package let rights: GrantRights
    package let expiry: Timestamp
    package let authorisation: Authorisation

    package init(
        did: Digest, sequence: UInt64, key: PublicKey, rights: GrantRights, expiry: Timestamp,
        authorisation: Authorisation
    ) {
        self.did = did
        self.sequence = sequence
        self.key = key
        self.rights = rights
        self.expiry = expiry
        self.authorisation = authorisation
    }

    package static let shape = Shape.fields(
        "SetGrant", ("did", .digest), ("sequence", .u64), ("key", .publicKey), ("rights", GrantRights.shape),
        ("expiry", .u64), ("authorisation", Authorisation.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.u64(sequence)
        encoder.value(key)
        encoder.value(rights)
        encoder.value(expiry)
        encoder.value(authorisation)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        sequence = try decoder.u64()
        key = try PublicKey(from: &decoder)
        rights = try GrantRights(from: &decoder)
        expiry = try Timestamp(from: &decoder)
        authorisation = try Authorisation(from: &decoder)
    }
}

/// A DID by the digest in its `<id>`.
package struct DocumentID: Hashable, Sendable, ContractValue {
    package let did: Digest
    package init(did: Digest) { self.did = did }
    package static let shape = Shape.fields("DocumentID", ("did", .digest))
    package func encode(to encoder: inout BCSEncoder) { encoder.fixed(did) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { did = try decoder.digest() }
}
