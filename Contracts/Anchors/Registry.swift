internal import Chain
package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Small public facts of partners under names: endpoints, digests of documents, versions of a price list. The present
/// value is readable with a proof, and every earlier one can be checked against its digest.
///
/// Invariants (checked by `RegistryTests`):
/// - Only a partner writes under its own name, itself or by a delegate with the role participant.
/// - The revision of a name rises by one with each put; the digest of every revision stays.
/// - A put changes exactly two keys: the present value, and the digest of its revision.
package enum Registry: Contract {
    package static let name = "registry"
    package static let version: UInt32 = 1
    package static let summary = "Named values of partners, with the digests of all their revisions."

    package static let entries = StorageMap<Pair<String, String>, RegistryEntry>(1, "entries")
    package static let revisions = StorageMap<Pair<String, Pair<String, UInt64>>, Digest>(2, "revisions")

    package static let emptyName = RejectionKind(100, "empty-name", "a name and a value have at least one byte")
    package static let otherRevision = RejectionKind(
        101, "other-revision", "the name has another revision than the one that this put replaces; read it again")

    package static let nameUnknown = RejectionKind(
        102, "name-unknown", "the partner has written nothing under this name")

    package static let written = EventKind<RegistryNotice>(1, "written", "A partner wrote a value.")

    package static let put = Method<RegistryPut, Nothing>(
        1, "put", "Writes a value under a name of the calling partner.", put)
    package static let get = Query<RegistryName, RegistryEntry>(1, "get", "The present value of a name.") {
        (context, name) throws(Rejection) in
        guard let entry = try entries.get(Pair(name.owner, name.name), in: context) else { throw nameUnknown() }
        return entry
    }

    package static var calls: [CallDeclaration] { [put.declaration] }
    package static var queries: [CallDeclaration] { [get.declaration] }
    package static var events: [EventDeclaration] { [written.declaration] }
    package static var rejections: [RejectionKind] { [emptyName, otherRevision, nameUnknown] }
    package static var storage: [StorageDeclaration] { [entries.declaration, revisions.declaration] }

    private static func put(_ context: Context, _ request: RegistryPut) throws(Rejection) -> Nothing {
        let owner = try context.requirePartner(itselfOr: .participant)
        try require(!request.name.isEmpty && !request.value.isEmpty, emptyName())
        let key = Pair(owner, request.name)
        let present = try entries.get(key, in: context)?.revision
        if let replaces = request.replaces { try require(replaces == present ?? 0, otherRevision()) }
        let revision = try checked((present ?? 0).adding(1))
        try entries.set(
            key, RegistryEntry(value: request.value, revision: revision, height: context.height), in: context)
        try revisions.set(
            Pair(owner, Pair(request.name, revision)), SHA256.hash(request.value), in: context)
        try context.emit(written, RegistryNotice(owner: owner, name: request.name, revision: revision))
        return Nothing()
    }
}

package struct RegistryEntry: Hashable, Sendable, ContractValue {
    package let value: [UInt8]
    package let revision: UInt64
    package let height: Height

    init(value: [UInt8], revision: UInt64, height: Height) {
        self.value = value
        self.revision = revision
        self.height = height
    }

    package static let shape = Shape.fields(
        "RegistryEntry", ("value", .bytes(max: RegistryPut.valueBytesMax)), ("revision", .u64), ("height", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.blob(value)
        encoder.u64(revision)
        encoder.value(height)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        value = try decoder.blob(max: RegistryPut.valueBytesMax)
        revision = try decoder.u64()
        height = try Height(from: &decoder)
    }
}

package struct RegistryPut: Hashable, Sendable, ContractValue {
    package static let nameBytesMax = 64
    package static let valueBytesMax = 512

    package let name: String
    package let value: [UInt8]
    /// The revision that the writer saw, 0 for none; nil writes whatever it is.
    package let replaces: UInt64?

    package init(name: String, value: [UInt8], replaces: UInt64? = nil) {
        self.name = name
        self.value = value
        self.replaces = replaces
    }

    package static let shape = Shape.fields(
        "RegistryPut", ("name", .text(max: nameBytesMax)), ("value", .bytes(max: valueBytesMax)),
        ("replaces", .option(.u64)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.blob(value)
        encoder.bool(replaces != nil)
        if let replaces { encoder.u64(replaces) }
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: RegistryPut.nameBytesMax)
        value = try decoder.blob(max: RegistryPut.valueBytesMax)
        replaces = try decoder.bool() ? try decoder.u64() : nil
    }
}

package struct RegistryName: Hashable, Sendable, ContractValue {
    package let owner: String
    package let name: String

    package init(owner: String, name: String) {
        self.owner = owner
        self.name = name
    }

    package static let shape = Shape.fields(
        "RegistryName", ("owner", .text(max: Partner.idBytesMax)), ("name", .text(max: RegistryPut.nameBytesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(name)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        name = try decoder.string(max: RegistryPut.nameBytesMax)
    }
}

package struct RegistryNotice: Hashable, Sendable, ContractValue {
    package let owner: String
    package let name: String
    package let revision: UInt64

    init(owner: String, name: String, revision: UInt64) {
        self.owner = owner
        self.name = name
        self.revision = revision
    }

    package static let shape = Shape.fields(
        "RegistryNotice", ("owner", .text(max: Partner.idBytesMax)), ("name", .text(max: RegistryPut.nameBytesMax)),
        ("revision", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(name)
        encoder.u64(revision)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        name = try decoder.string(max: RegistryPut.nameBytesMax)
        revision = try decoder.u64()
    }
}
