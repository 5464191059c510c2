package import ContractKit
internal import Encodings
internal import LedgerCrypto
package import Primitives

/// Anchors a version of a Bitstring Status List credential that is hosted elsewhere.
package struct AnchorStatusList: Hashable, Sendable, ContractValue {
    /// What a set bit means.
    package enum Purpose: UInt8, Hashable, Sendable, CaseIterable {
        case revocation = 1
        case suspension = 2
        case message = 3
    }

    package let owner: Digest
    package let name: String
    /// Version that it follows; 0 for the first.
    package let previous: UInt32
    package let purpose: Purpose
    /// Where the credential is hosted (HTTPS).
    package let url: String
    /// SHA-256 of the hosted bytes.
    package let digest: Digest
    /// Over `OperationDigest.object` with the digest of the canonical anchor.
    package let authorisation: Authorisation

    package init(
        owner: Digest, name: String, previous: UInt32, purpose: Purpose, url: String, digest: Digest,
        authorisation: Authorisation
    ) {
        self.owner = owner
        self.name = name
        self.previous = previous
        self.purpose = purpose
        self.url = url
        self.digest = digest
        self.authorisation = authorisation
    }

    /// The canonical text that resolvers give.
    package static func content(did: DID, name: String, purpose: Purpose, url: String, digest: Digest) -> [UInt8] {
        let members: [JSON.Member] = [
            .init("credentialDigest", .string(Multihash.text(digest))),
            .init("id", .string(did.description + ObjectPath.statusList(name: name))),
            .init("issuer", .string(did.description)), .init("statusListCredential", .string(url)),
            .init("statusPurpose", .string("\(purpose)")), .init("type", "BitstringStatusListAnchor"),
        ]
        return JSON.object(members).canonical() ?? []
    }

    package static let shape = Shape.fields(
        "AnchorStatusList", ("owner", .digest), ("name", .text(max: ObjectPath.nameBytesMax)), ("previous", .u32),
        (
            "purpose",
            .code("StatusPurpose", Purpose.allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
        ), ("url", .text(max: DocumentRules.urlBytesMax)), ("digest", .digest), ("authorisation", Authorisation.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(owner)
        encoder.string(name)
        encoder.u32(previous)
        encoder.u8(purpose.rawValue)
        encoder.string(url)
        encoder.fixed(digest)
        encoder.value(authorisation)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.digest()
        name = try decoder.string(max: ObjectPath.nameBytesMax)
        previous = try decoder.u32()
        let code = try decoder.u8()
        guard let purpose = Purpose(rawValue: code) else { throw decoder.failure(.unknownTag(UInt32(code))) }
        self.purpose = purpose
        url = try decoder.string(max: DocumentRules.urlBytesMax)
        digest = try decoder.digest()
        authorisation = try Authorisation(from: &decoder)
    }
}
