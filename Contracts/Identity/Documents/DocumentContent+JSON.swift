package import Encodings
internal import LedgerCrypto
package import Primitives

extension DocumentContent {
    package static let contexts = [
        "https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1",
        "https://w3id.org/security/suites/jws-2020/v1",
    ]

    /// The DID document of `subject`. Members that would be empty are left out.
    package func json(subject: String, network: String) -> JSON {
        var members: [JSON.Member] = [
            .init("@context", .strings(DocumentContent.contexts)), .init("id", .string(subject)),
        ]
        if !aliases.isEmpty { members.append(.init("alsoKnownAs", .strings(aliases))) }
        if !controllers.isEmpty {
            let others = controllers.map { DID(network: network, digest: $0).description }
            members.append(.init("controller", .strings(others)))
        }
        if !keys.isEmpty { members.append(.init("verificationMethod", .array(keys.map { $0.json(subject) }))) }
        for (name, purpose) in KeyPurposes.named {
            let ids = keys.filter { $0.purposes.contains(purpose) }.map { "\(subject)#\($0.label)" }
            if !ids.isEmpty { members.append(.init(name, .strings(ids))) }
        }
        if !services.isEmpty { members.append(.init("service", .array(services.map { $0.json(subject) }))) }
        return .object(members)
    }

    /// The canonical text of the document (RFC 8785), whose digest the registry keeps.
    package func document(of did: DID) -> [UInt8] {
        json(subject: did.description, network: did.network).canonical() ?? []
    }

    /// What the identifier is the digest of: the canonical text of the create operation. In its document the DID is
    /// written with an empty `<id>`.
    package func createOperation(network: String, nextKey: Digest?) -> [UInt8] {
        var members: [JSON.Member] = [
            .init("document", json(subject: DID.prefix(network), network: network)),
            .init("operation", .string("create")),
        ]
        if let nextKey { members.append(.init("nextKey", .string(Multihash.text(nextKey)))) }
        return JSON.object(members).canonical() ?? []
    }

    /// The DID that this document and commitment have.
    package func did(network: String, nextKey: Digest?) -> DID {
        DID(network: network, digest: SHA256.hash(createOperation(network: network, nextKey: nextKey)))
    }
}

extension DocumentKey {
    func json(_ subject: String) -> JSON {
        var members: [JSON.Member] = [
            .init("id", .string("\(subject)#\(label)")), .init("controller", .string(subject)),
        ]
        switch material {
        case .signing(let key):
            members.append(.init("type", "Multikey"))
            members.append(.init("publicKeyMultibase", .string(Multicodec.multikey(key))))
        case .agreement(let bytes):
            members.append(.init("type", "JsonWebKey2020"))
            let key: [JSON.Member] = [
                .init("crv", "X25519"), .init("kty", "OKP"), .init("x", .string(Base64URL.encode(bytes.bytes))),
            ]
            members.append(.init("publicKeyJwk", .object(key)))
        }
        return .object(members)
    }
}

extension DocumentService {
    func json(_ subject: String) -> JSON {
        var place: JSON = .string(endpoint)
        if !accept.isEmpty || !routingKeys.isEmpty {
            var members: [JSON.Member] = [.init("uri", .string(endpoint))]
            if !accept.isEmpty { members.append(.init("accept", .strings(accept))) }
            if !routingKeys.isEmpty { members.append(.init("routingKeys", .strings(routingKeys))) }
            place = .object(members)
        }
        return .object([
            .init("id", .string("\(subject)#\(label)")), .init("type", .string(type)), .init("serviceEndpoint", place),
        ])
    }
}
