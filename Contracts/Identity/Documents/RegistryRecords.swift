package import ContractKit
package import LedgerCrypto
package import Primitives

/// What kind of object the registry holds under an `ObjectID`. Numbers are part of the format.
package enum ObjectKind: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
    case document = 0
    case schema = 1
    case credentialDefinition = 2
    case revocationRegistry = 3
    case revocationList = 4
    /// A JSON Schema for W3C credentials.
    case credentialSchema = 5
    /// The digest of a Bitstring Status List that is hosted elsewhere.
    case statusList = 6

    package static let shape = Shape.code(
        "ObjectKind", ObjectKind.allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let code = try decoder.u8()
        guard let kind = ObjectKind(rawValue: code) else { throw decoder.failure(.unknownTag(UInt32(code))) }
        self = kind
    }
}

/// The newest state of an object.
package struct ObjectHead: Hashable, Sendable, BCSCodable {
    package let kind: ObjectKind
    /// `<id>` of the DID that it belongs to, as a digest; of the document itself for a document.
    package let owner: Digest
    /// Number of the newest version, from 1.
    package var latest: UInt32
    /// Documents only. Final.
    package var isDeactivated: Bool
    /// The object that it was made for (schema of a credential definition, …); zero for none.
    package let parent: Digest
    /// Revocation registries and lists: number of credentials.
    package let capacity: UInt32

    package init(
        kind: ObjectKind, owner: Digest, latest: UInt32 = 1, isDeactivated: Bool = false, parent: Digest = .zero,
        capacity: UInt32 = 0
    ) {
        self.kind = kind
        self.owner = owner
        self.latest = latest
        self.isDeactivated = isDeactivated
        self.parent = parent
        self.capacity = capacity
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(kind)
        encoder.fixed(owner)
        encoder.u32(latest)
        encoder.bool(isDeactivated)
        encoder.fixed(parent)
        encoder.u32(capacity)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        kind = try ObjectKind(from: &decoder)
        owner = try decoder.digest()
        latest = try decoder.u32()
        isDeactivated = try decoder.bool()
        parent = try decoder.digest()
        capacity = try decoder.u32()
    }
}

/// One version of an object. Written once, kept for ever.
package struct ObjectVersion: Hashable, Sendable, BCSCodable {
    /// SHA-256 of the canonical JSON text that resolvers give; zero in the version that deactivates a DID.
    package let content: Digest
    /// Bytes of that text.
    package let byteCount: UInt32
    /// Block that wrote it: `versionTime`.
    package let time: Timestamp
    package let height: Height
    /// 0 for content and updates by the owner; 1 deactivated by the owner; 2 or above deactivated by the council, the
    /// reason being this number.
    package let ending: UInt16
    /// Documents: the commitment to the only key that may make the next version.
    package let nextKey: Digest?

    package init(
        content: Digest, byteCount: UInt32, time: Timestamp, height: Height, ending: UInt16 = 0, nextKey: Digest? = nil
    ) {
        self.content = content
        self.byteCount = byteCount
        self.time = time
        self.height = height
        self.ending = ending
        self.nextKey = nextKey
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(content)
        encoder.u32(byteCount)
        encoder.value(time)
        encoder.value(height)
        encoder.u16(ending)
        encoder.option(nextKey)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        content = try decoder.digest()
        byteCount = try decoder.u32()
        time = try Timestamp(from: &decoder)
        height = try Height(from: &decoder)
        ending = try decoder.u16()
        nextKey = try decoder.option()
    }
}

/// Who controls a DID now.
package struct ControlRecord: Hashable, Sendable, BCSCodable {
    package struct Key: Hashable, Sendable, BCSCodable {
        package let key: PublicKey
        package let purposes: KeyPurposes

        init(_ key: PublicKey, _ purposes: KeyPurposes) {
            self.key = key
            self.purposes = purposes
        }
        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(key)
            encoder.value(purposes)
        }
        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            key = try PublicKey(from: &decoder)
            purposes = try KeyPurposes(from: &decoder)
        }
    }

    /// The signing keys of the newest document.
    package var keys: [Key]
    package var controllers: [Digest]
    /// SHA-256 of the BCS of the only key that may change the document next.
    package var nextKey: Digest?
    /// Grants and their ends so far: each signed one names the number before it, so that none runs twice.
    package var sequence: UInt64

    init(_ content: DocumentContent, nextKey: Digest?, sequence: UInt64) {
        keys = content.keys.compactMap { key in key.signing.map { Key($0, key.purposes) } }
        controllers = content.controllers
        self.nextKey = nextKey
        self.sequence = sequence
    }

    package func controls(_ key: PublicKey) -> Bool {
        keys.contains { $0.key == key && $0.purposes.contains(.capabilityInvocation) }
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(keys)
        encoder.vector(controllers)
        encoder.option(nextKey)
        encoder.u64(sequence)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        keys = try decoder.vector(max: DocumentContent.keysMax)
        controllers = try decoder.vector(max: DocumentContent.controllersMax)
        nextKey = try decoder.option()
        sequence = try decoder.u64()
    }
}

/// An endorser's statement that a DID belongs to an organisation that it knows.
package struct Endorsement: Hashable, Sendable, BCSCodable {
    package let since: Timestamp
    package var withdrawn: Timestamp?

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(since)
        encoder.option(withdrawn)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        since = try Timestamp(from: &decoder)
        withdrawn = try decoder.option()
    }
    init(since: Timestamp) { self.since = since }
}

/// What a granted key may do in a DID's name, and until when.
package struct GrantRecord: Hashable, Sendable, BCSCodable {
    package let rights: GrantRights
    /// Block time after which it no longer holds.
    package let expiry: Timestamp

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(rights)
        encoder.value(expiry)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rights = try GrantRights(from: &decoder)
        expiry = try Timestamp(from: &decoder)
    }
    init(rights: GrantRights, expiry: Timestamp) {
        self.rights = rights
        self.expiry = expiry
    }
}

/// Bits are part of the format. No grant lets a key change the document or grant further.
package struct GrantRights: OptionSet, Hashable, Sendable, ContractValue {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Schemas, credential definitions, revocation registries.
    package static let register = GrantRights(rawValue: 1)
    /// Revocation lists and status lists.
    package static let revoke = GrantRights(rawValue: 2)
    package static let all = GrantRights(rawValue: 3)

    package static let shape = Shape.u8
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rawValue = try decoder.u8()
        guard rawValue & ~GrantRights.all.rawValue == 0 else { throw decoder.failure(.invalid("unknown right bit")) }
    }
}

/// The contract's rules that depend on the network's name: `<network>` of its DIDs.
package struct NetworkName: Hashable, Sendable, BCSCodable {
    package let name: String
    package init(name: String) { self.name = name }
    package func encode(to encoder: inout BCSEncoder) { encoder.string(name) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { name = try decoder.string(max: 32) }
}

/// A council member's vote to deactivate a DID.
package struct DeactivationVote: Hashable, Sendable, BCSCodable {
    package let reason: UInt16
    let time: Timestamp
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(reason)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        reason = try decoder.u16()
        time = try Timestamp(from: &decoder)
    }
    init(reason: UInt16, time: Timestamp) {
        self.reason = reason
        self.time = time
    }
}

/// A part of a content, at most 1,000 bytes.
package struct ContentPart: Hashable, Sendable, BCSCodable {
    package static let bytesMax = 1_000
    package let bytes: [UInt8]
    package init(bytes: [UInt8]) { self.bytes = bytes }
    package func encode(to encoder: inout BCSEncoder) { encoder.blob(bytes) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        bytes = try decoder.blob(max: ContentPart.bytesMax)
    }
}
