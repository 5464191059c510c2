package import ContractKit
package import LedgerCrypto
package import Primitives

/// A version of an object was written: event, and result of the calls that write one.
package struct ObjectNotice: Hashable, Sendable, ContractValue {
    package static let urlBytesMax = 512

    /// DID, or DID URL without query.
    package let url: String
    package let kind: ObjectKind
    package let version: UInt32
    package let content: Digest

    init(url: String, kind: ObjectKind, version: UInt32, content: Digest) {
        self.url = url
        self.kind = kind
        self.version = version
        self.content = content
    }

    package static let shape = Shape.fields(
        "ObjectNotice", ("url", .text(max: urlBytesMax)), ("kind", ObjectKind.shape), ("version", .u32),
        ("content", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(url)
        encoder.value(kind)
        encoder.u32(version)
        encoder.fixed(content)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        url = try decoder.string(max: ObjectNotice.urlBytesMax)
        kind = try ObjectKind(from: &decoder)
        version = try decoder.u32()
        content = try decoder.digest()
    }
}

package struct EndorsementNotice: Hashable, Sendable, ContractValue {
    package let did: Digest
    package let endorser: String
    package let isValid: Bool

    init(did: Digest, endorser: String, isValid: Bool) {
        self.did = did
        self.endorser = endorser
        self.isValid = isValid
    }

    package static let shape = Shape.fields(
        "EndorsementNotice", ("did", .digest), ("endorser", .text(max: Partner.idBytesMax)), ("isValid", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.string(endorser)
        encoder.bool(isValid)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        endorser = try decoder.string(max: Partner.idBytesMax)
        isValid = try decoder.bool()
    }
}

package struct GrantNotice: Hashable, Sendable, ContractValue {
    package let did: Digest
    package let key: PublicKey
    /// Empty: the grant ended.
    package let rights: GrantRights
    package let expiry: Timestamp

    init(did: Digest, key: PublicKey, rights: GrantRights, expiry: Timestamp) {
        self.did = did
        self.key = key
        self.rights = rights
        self.expiry = expiry
    }

    package static let shape = Shape.fields(
        "GrantNotice", ("did", .digest), ("key", .publicKey), ("rights", GrantRights.shape), ("expiry", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.value(key)
        encoder.value(rights)
        encoder.value(expiry)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        key = try PublicKey(from: &decoder)
        rights = try GrantRights(from: &decoder)
        expiry = try Timestamp(from: &decoder)
    }
}

package struct VoteNotice: Hashable, Sendable, ContractValue {
    package let did: Digest
    package let partner: String
    package let reason: UInt16
    /// Whether this vote decided.
    package let isDecided: Bool

    init(did: Digest, partner: String, reason: UInt16, isDecided: Bool) {
        self.did = did
        self.partner = partner
        self.reason = reason
        self.isDecided = isDecided
    }

    package static let shape = Shape.fields(
        "VoteNotice", ("did", .digest), ("partner", .text(max: Partner.idBytesMax)), ("reason", .u16),
        ("isDecided", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(did)
        encoder.string(partner)
        encoder.u16(reason)
        encoder.bool(isDecided)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        did = try decoder.digest()
        partner = try decoder.string(max: Partner.idBytesMax)
        reason = try decoder.u16()
        isDecided = try decoder.bool()
    }
}
