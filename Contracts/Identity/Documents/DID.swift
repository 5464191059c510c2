internal import Encodings
internal import LedgerCrypto
package import Primitives

/// A DID of this method: `did:cwatt:<network>:<id>`, where `<id>` is the multihash of the create operation. The network's
/// name is that of its genesis.
package struct DID: Hashable, Sendable, CustomStringConvertible {
    package static let method = "cwatt"
    package static let byteCountMax = 128

    package let network: String
    /// SHA-256 of the create operation.
    package let digest: Digest

    package init(network: String, digest: Digest) {
        self.network = network
        self.digest = digest
    }

    /// Nil for anything but a DID of this method in its one form.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count <= DID.byteCountMax, parts.count == 4, JSON.same(parts[0], "did"),
            JSON.same(parts[1], DID.method), DID.isNetwork(parts[2]), let digest = Multihash.digest(parts[3])
        else { return nil }
        self.init(network: String(parts[2]), digest: digest)
    }

    package static func prefix(_ network: String) -> String { "did:\(method):\(network):" }

    /// 1 to 32 characters a-z, 0-9 and hyphen: what a genesis may be called.
    package static func isNetwork(_ text: some StringProtocol) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    package var description: String { DID.prefix(network) + Multihash.text(digest) }

    /// The registry's name of the document.
    package var object: ObjectID { ObjectID(description) }
}

/// What the registry calls an object: SHA-256 of its DID, or of its DID URL without query and fragment.
package struct ObjectID: Hashable, Sendable {
    package let digest: Digest
    package init(_ url: some StringProtocol) { digest = SHA256.hash(Array(url.utf8)) }
    package init(digest: Digest) { self.digest = digest }
}

/// Where the objects of an issuer lie, as paths of its DID.
package enum ObjectPath {
    package static let anoncreds = "/anoncreds/v1/"
    package static let nameBytesMax = 64
    package static let tagBytesMax = 64

    package static func schema(name: String, version: String) -> String { "\(anoncreds)SCHEMA/\(name)/\(version)" }
    /// `schema`: the digest of the schema's content.
    package static func credentialDefinition(schema: Digest, tag: String) -> String {
        "\(anoncreds)CLAIM_DEF/\(Multihash.text(schema))/\(tag)"
    }
    /// `definition`: the digest of the credential definition's content.
    package static func revocationRegistry(definition: Digest, tag: String) -> String {
        "\(anoncreds)REV_REG_DEF/\(Multihash.text(definition))/\(tag)"
    }
    package static func revocationList(definition: Digest, tag: String) -> String {
        "\(anoncreds)REV_LIST/\(Multihash.text(definition))/\(tag)"
    }
    package static func credentialSchema(name: String, version: String) -> String { "/schemas/\(name)/\(version)" }
    package static func statusList(name: String) -> String { "/status/\(name)" }

    /// 1 to 64 characters a-z, A-Z, 0-9, `-`, `.`, `_`: no text for people, and no escape in a URL. Not `.` or `..`.
    package static func isName(_ text: some StringProtocol) -> Bool {
        (1...nameBytesMax).contains(text.utf8.count) && text.utf8.contains { $0 != 46 }
            && text.utf8.allSatisfy(isUnreserved)
    }

    static func isUnreserved(_ unit: UInt8) -> Bool {
        (97...122).contains(unit) || (65...90).contains(unit) || (48...57).contains(unit) || unit == 45 || unit == 46
            || unit == 95
    }
}
