package import ContractKit
package import LedgerCrypto
package import Primitives

/// What the subject of a DID chooses of its document. Everything is typed, so that a document has no place for free
/// text; identifier, contexts and order are the method's. Bounds of the texts are those of `DocumentRules`.
package struct DocumentContent: Hashable, Sendable, ContractValue {
    package static let keysMax = 16
    package static let controllersMax = 4
    package static let aliasesMax = 4
    package static let servicesMax = 16

    package let keys: [DocumentKey]
    /// Other DIDs of this network whose control keys may change the document, too: `<id>` as a digest.
    package let controllers: [Digest]
    package let aliases: [String]
    package let services: [DocumentService]

    package init(
        keys: [DocumentKey], controllers: [Digest] = [], aliases: [String] = [], services: [DocumentService] = []
    ) {
        self.keys = keys
        self.controllers = controllers
        self.aliases = aliases
        self.services = services
    }

    package static let shape = Shape.fields(
        "DocumentContent", ("keys", .list(DocumentKey.shape, max: keysMax)),
        ("controllers", .list(.digest, max: controllersMax)),
        ("aliases", .list(.text(max: DocumentRules.urlBytesMax), max: aliasesMax)),
        ("services", .list(DocumentService.shape, max: servicesMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(keys)
        encoder.vector(controllers)
        encoder.vector(aliases) { $0.string($1) }
        encoder.vector(services)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        keys = try decoder.vector(max: DocumentContent.keysMax)
        controllers = try decoder.vector(max: DocumentContent.controllersMax)
        aliases = try decoder.texts(max: DocumentContent.aliasesMax, bytesMax: DocumentRules.urlBytesMax)
        services = try decoder.vector(max: DocumentContent.servicesMax)
    }
}

/// A verification method: its fragment, its key, and what the key may be used for.
package struct DocumentKey: Hashable, Sendable, ContractValue {
    package static let labelBytesMax = 32

    package enum Material: Hashable, Sendable {
        /// A `Multikey`.
        case signing(PublicKey)
        /// 32 bytes of X25519, written as `JsonWebKey2020`, which is what agents of today read.
        case agreement(Digest)
    }

    /// The fragment of its id.
    package let label: String
    package let material: Material
    package let purposes: KeyPurposes

    package init(_ label: String, _ material: Material, _ purposes: KeyPurposes) {
        self.label = label
        self.material = material
        self.purposes = purposes
    }

    package var signing: PublicKey? { if case .signing(let key) = material { key } else { nil } }

    package static let shape = Shape.fields(
        "DocumentKey", ("label", .text(max: labelBytesMax)),
        (
            "material",
            .choice(
                "KeyMaterial",
                [
                    Shape.Case(0, "signing", [Shape.Field("key", .publicKey)]),
                    Shape.Case(1, "agreement", [Shape.Field("x25519", .digest)]),
                ])
        ), ("purposes", KeyPurposes.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(label)
        switch material {
        case .signing(let key):
            encoder.uleb(0)
            encoder.value(key)
        case .agreement(let bytes):
            encoder.uleb(1)
            encoder.fixed(bytes)
        }
        encoder.value(purposes)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        label = try decoder.string(max: DocumentKey.labelBytesMax)
        switch try decoder.uleb() {
        case 0: material = .signing(try PublicKey(from: &decoder))
        case 1: material = .agreement(try decoder.digest())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
        purposes = try KeyPurposes(from: &decoder)
    }
}

/// Verification relationships; bits are part of the format.
package struct KeyPurposes: OptionSet, Hashable, Sendable, ContractValue {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let authentication = KeyPurposes(rawValue: 1)
    package static let assertionMethod = KeyPurposes(rawValue: 2)
    /// Control: such a key changes the document and registers objects.
    package static let capabilityInvocation = KeyPurposes(rawValue: 4)
    package static let capabilityDelegation = KeyPurposes(rawValue: 8)
    package static let keyAgreement = KeyPurposes(rawValue: 16)

    package static let all = KeyPurposes(rawValue: 31)
    /// In order of their names.
    package static let named: [(name: String, purpose: KeyPurposes)] = [
        ("assertionMethod", .assertionMethod), ("authentication", .authentication),
        ("capabilityDelegation", .capabilityDelegation), ("capabilityInvocation", .capabilityInvocation),
        ("keyAgreement", .keyAgreement),
    ]

    package static let shape = Shape.u8
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rawValue = try decoder.u8()
        guard rawValue & ~KeyPurposes.all.rawValue == 0 else { throw decoder.failure(.invalid("unknown purpose bit")) }
    }
}

/// A service endpoint. With `accept` or `routingKeys` the endpoint is written as an object, as DIDComm v2 asks.
package struct DocumentService: Hashable, Sendable, ContractValue {
    package static let typeBytesMax = 64
    package static let acceptMax = 8
    package static let acceptBytesMax = 40
    package static let routingKeysMax = 4
    package static let routingKeyBytesMax = 192

    /// The fragment of its id.
    package let label: String
    package let type: String
    /// HTTPS.
    package let endpoint: String
    package let accept: [String]
    package let routingKeys: [String]

    package init(
        _ label: String, type: String, endpoint: String, accept: [String] = [], routingKeys: [String] = []
    ) {
        self.label = label
        self.type = type
        self.endpoint = endpoint
        self.accept = accept
        self.routingKeys = routingKeys
    }

    package static let shape = Shape.fields(
        "DocumentService", ("label", .text(max: DocumentKey.labelBytesMax)), ("type", .text(max: typeBytesMax)),
        ("endpoint", .text(max: DocumentRules.urlBytesMax)),
        ("accept", .list(.text(max: acceptBytesMax), max: acceptMax)),
        ("routingKeys", .list(.text(max: routingKeyBytesMax), max: routingKeysMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(label)
        encoder.string(type)
        encoder.string(endpoint)
        encoder.vector(accept) { $0.string($1) }
        encoder.vector(routingKeys) { $0.string($1) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        label = try decoder.string(max: DocumentKey.labelBytesMax)
        type = try decoder.string(max: DocumentService.typeBytesMax)
        endpoint = try decoder.string(max: DocumentRules.urlBytesMax)
        accept = try decoder.texts(max: DocumentService.acceptMax, bytesMax: DocumentService.acceptBytesMax)
        routingKeys = try decoder.texts(
            max: DocumentService.routingKeysMax, bytesMax: DocumentService.routingKeyBytesMax)
    }
}

extension BCSDecoder {
    mutating func texts(max: Int, bytesMax: Int) throws(BCSError) -> [String] {
        try vector(max: max) { (decoder: inout BCSDecoder) throws(BCSError) -> String in
            try decoder.string(max: bytesMax)
        }
    }
}
